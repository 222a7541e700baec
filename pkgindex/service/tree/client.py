"""The client's end of the protocol: requests to bytes, bytes to answers; no sockets.

Invariants:

* What is encoded is one line that a server reads as the request it was made of; nothing else is ever encoded.
* Every way of cutting a stream of answers reads the same.
* Memory is bounded: what is longer than any answer is refused before its end has come.
"""

from __future__ import annotations

from pkgindex.errors import BadInput, NoServer
from pkgindex.service.tree.protocol import LINE_BYTES_MAX, NAME_BYTES_MAX, Request, Requests

_WORDS = {b"OK": "OK", b"FAIL": "FAIL", b"ERROR": "ERROR"}
_ANSWER_BYTES_MAX = max(map(len, _WORDS))


def encode(request: Request) -> bytes:
    """The line that asks *request*. Raises `BadInput` for one that cannot be asked.

    >>> encode(Request("INDEX", "curl", ("libc6", "zlib1g")))
    b'INDEX|curl|libc6,zlib1g\\n'
    """
    # What is no UTF-8 becomes a question mark, which no name may hold.
    line = f"{request.command}|{request.package}|{','.join(request.dependencies)}\n".encode(errors="replace")
    if Requests().receive(line) != [request]:
        raise BadInput(
            f"{request.command} {request.package!a}: no tree server takes it; names have letters, digits and + - . _ @, begin "
            f"with a letter or digit, and have at most {NAME_BYTES_MAX} bytes, a line at most {LINE_BYTES_MAX:,}"
        )
    return line


class Answers:
    """Turns the bytes that a server sends into `OK`, `FAIL` and `ERROR`. Raises `NoServer` when they are anything else."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, data: bytes) -> list[str]:
        """The answers that *data* brings to their end, in order."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _ANSWER_BYTES_MAX:
            raise _no_answer(self._rest)
        return [self._read(line) for line in lines]

    def _read(self, line: bytes) -> str:
        word = _WORDS.get(line)
        if word is None:
            raise _no_answer(line)
        return word


def _no_answer(line: bytes) -> NoServer:
    return NoServer(f"{line[:40]!r} is no answer of a tree server; see whether host and port are those of one")
