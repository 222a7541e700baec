"""The protocol of tree servers: any bytes, cut anywhere, read as the rules say."""

from __future__ import annotations

LINE_BYTES_MAX = 64
COMMANDS = ("INDEX", "REMOVE", "QUERY")
FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
LATER = FIRST | frozenset("+._@-")


def try_bytes(data: bytes) -> None:
    """The first byte says how long the pieces are, the others are what a client sends."""
    from pkgindex.service.tree.protocol import Requests

    stream, step = data[1:], 1 + (data[0] if data else 0)
    requests = Requests(LINE_BYTES_MAX)
    found = []
    for start in range(0, len(stream), step):
        found += requests.receive(stream[start : start + step])
        kept = len(requests._rest)
        assert kept <= LINE_BYTES_MAX, f"{kept} bytes are kept of a line that may have {LINE_BYTES_MAX}"
    expected = [read(line) for line in stream.split(b"\n")[:-1]]
    assert [tuple(request) for request in found] == expected, (stream, step)


def read(line: bytes) -> tuple[object, ...]:
    """A line by the rules, a character at a time; empty when it is no request."""
    parts = line.decode("latin-1").split("|")
    if len(line) > LINE_BYTES_MAX or len(parts) != 3 or parts[0] not in COMMANDS:
        return ()
    command, package, listed = parts
    dependencies = listed.split(",") if listed else []
    if not all(is_name(name) for name in (package, *dependencies)):
        return ()
    return command, package, tuple(dependencies) if command == "INDEX" else ()


def is_name(text: str) -> bool:
    return 1 <= len(text) <= 255 and text[0] in FIRST and LATER.issuperset(text)
