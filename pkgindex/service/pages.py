"""A few pages over HTTP, for those who watch: each connection asks once and is answered.

Invariants:

* Who asks slowly, at length or not in HTTP costs itself only, and that not for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from pkgindex.errors import BadInput

REQUEST_BYTES_MAX = 8 << 10
REQUEST_SECONDS_MAX = 5.0
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class Page(NamedTuple):
    """What is answered."""

    status: int
    text: str


Pages = Mapping[str, Callable[[], Page]]


async def serve_pages(pages: Pages, host: str, port: int) -> asyncio.Server:
    """Answer with *pages*, by their paths, until the server is closed. Raises `BadInput` when the place cannot be had."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(answered(pages, request))
                await writer.drain()
        writer.close()

    try:
        return await asyncio.start_server(answer, host, port, limit=REQUEST_BYTES_MAX)
    except OSError as error:
        raise BadInput(f"cannot listen at {host}:{port}: {error.strerror}; choose another --host or --metrics-port") from error


def answered(pages: Pages, request: bytes) -> bytes:
    """The answer to *request*, of which only the first line counts."""
    words = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    page = _found(pages, words)
    body = page.text.encode()
    head = (
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if words[0] == "HEAD" else body)


def _found(pages: Pages, words: list[str]) -> Page:
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return Page(400, "this is not HTTP/1\n")
    if words[0] not in ("GET", "HEAD"):
        return Page(405, "GET and HEAD are answered\n")
    path = words[1].partition("?")[0]
    if path not in pages:
        return Page(404, f"there are {', '.join(pages)}\n")
    return pages[path]()
