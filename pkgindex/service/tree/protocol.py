"""The protocol of a package tree: bytes in, requests out; no sockets.

    COMMAND|PACKAGE|DEPENDENCIES\\n     INDEX, REMOVE or QUERY; names with commas between them, or nothing
    OK\\n  FAIL\\n  ERROR\\n              one answer for each line, in order

Invariants:

* Every way of cutting a stream into pieces reads the same.
* A line is answered when its end has come, and once; what has no end is no request.
* Memory is bounded: of a line that is too long nothing is kept but that it was.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LINE_BYTES_MAX = 64 << 10
NAME_BYTES_MAX = 255

OK, FAIL, ERROR = b"OK\n", b"FAIL\n", b"ERROR\n"

_NAME = rb"[A-Za-z0-9][A-Za-z0-9+._@-]{0,%d}" % (NAME_BYTES_MAX - 1)
# No name holds a comma or a pipe, so there is one way to match a line, or none.
_REQUEST = re.compile(rb"(INDEX|REMOVE|QUERY)\|(%s)\|((?:%s(?:,%s)*)?)" % (_NAME, _NAME, _NAME)).fullmatch


class Request(NamedTuple):
    """What a client asks. `dependencies` are as they were given, and of an INDEX only: with others they mean nothing."""

    command: str
    package: str
    dependencies: tuple[str, ...] = ()


class Malformed(NamedTuple):
    """A line that is no request; its answer is ERROR."""


MALFORMED = Malformed()
# The commands by their bytes: looked up, not decoded, because there are tens of thousands a second.
_COMMANDS = {b"INDEX": "INDEX", b"REMOVE": "REMOVE", b"QUERY": "QUERY"}


class Requests:
    """Turns the bytes of one connection into requests."""

    def __init__(self, line_bytes_max: int = LINE_BYTES_MAX) -> None:
        self._line_bytes_max = line_bytes_max
        self._rest = bytearray()
        self._too_long = False

    def receive(self, data: bytes) -> list[Request | Malformed]:
        """The requests that *data* brings to their end, in order."""
        lines = data.split(b"\n")
        if len(lines) == 1:
            self._keep(data)
            return []
        lines[0] = self._finished(lines[0])
        self._keep(lines.pop())
        # A line that is too long has become an empty one in `_finished`, or is seen here.
        return [self._read(line) for line in lines]

    def _finished(self, end: bytes) -> bytes:
        """The line that *end* ends, as far as it is worth reading."""
        line = b"" if self._too_long else bytes(self._rest) + end
        self._rest.clear()
        self._too_long = False
        return line

    def _keep(self, piece: bytes) -> None:
        if self._too_long or len(self._rest) + len(piece) > self._line_bytes_max:
            self._too_long = True
            self._rest.clear()
        else:
            self._rest += piece

    def _read(self, line: bytes) -> Request | Malformed:
        if len(line) > self._line_bytes_max:
            return MALFORMED
        found = _REQUEST(line)
        if found is None:
            return MALFORMED
        command, package, dependencies = found.groups()
        if dependencies and command == b"INDEX":
            return Request("INDEX", package.decode("ascii"), tuple(dependencies.decode("ascii").split(",")))
        return Request(_COMMANDS[command], package.decode("ascii"))
