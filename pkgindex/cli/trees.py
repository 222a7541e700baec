"""What the commands share that talk to a tree server: where it is, and what its answers are to whoever asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from pkgindex.cli.call import FOUND, NOTHING, Call
from pkgindex.cli.declare import Option
from pkgindex.cli.output import Output
from pkgindex.errors import BadInput
from pkgindex.service.tree.client import encode
from pkgindex.service.tree.conversation import Conversation
from pkgindex.service.tree.listing import read
from pkgindex.service.tree.protocol import Request

HOST, PORT = "127.0.0.1", 8080
PORT_MAX = 65535
STDIN = "-"
WRONG = BadInput.exit_code
CODES = {"OK": FOUND, "FAIL": NOTHING, "ERROR": WRONG}

PLACE = (
    Option("host", ("--host",), f"Where the server listens ({HOST}).", "text", "ADDRESS"),
    Option("port", ("--port",), f"At which port ({PORT}).", "number", "N", least=1),
)


def conversation(host: str | None, port: int | None) -> Conversation:
    """A connection to the server that the options of `PLACE` name. Raises `NoServer`."""
    return Conversation(*place(host, port))


def place(host: str | None, port: int | None) -> tuple[str, int]:
    """Host and port, as given or as they are unless told otherwise."""
    if port is not None and port > PORT_MAX:
        raise BadInput(f"--port {port}: the last one is {PORT_MAX}")
    return host or HOST, port or PORT


def listed(file: str) -> dict[str, tuple[str, ...]]:
    """What each package of the list in *file* depends on. Raises `BadInput`."""
    # Bytes that are no UTF-8 are no name either, and are refused as one.
    if file == STDIN:
        return read(line.decode(errors="replace") for line in sys.stdin.buffer)
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            return read(lines)
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from None


def asked(call: Call, host: str | None, port: int | None, requests: Sequence[Request], failed: Callable[[str], str]) -> int:
    """Ask *requests* and print the answers; the exit code is that of the worst. *failed* is said of a package that FAILs."""
    for request in requests:
        # All of them, before the first is done.
        encode(request)
    with conversation(host, port) as server:
        answers = list(server.ask(requests))
    hits = [{"package": request.package, "answer": answer} for request, answer in zip(requests, answers, strict=True)]
    call.output.hits(call.command, hits, _lines, lambda: ())
    for hit in hits:
        if hit["answer"] != "OK":
            call.output.say(failed(hit["package"]) if hit["answer"] == "FAIL" else _refused(hit["package"]))
    return max((CODES[answer] for answer in answers), default=FOUND)


def _refused(package: str) -> str:
    return f"{package}: the server takes no such line; see its tree_line_bytes_max"


def _lines(output: Output, hits: Iterable[dict[str, str]]) -> Iterator[str]:
    for hit in hits:
        style = "good" if hit["answer"] == "OK" else "bad"
        yield f"{output.paint(hit['package'], 'name')}: {output.paint(hit['answer'], style)}"
