"""One client: bytes from its socket to the desk, answers back.

Invariants:

* Who does not read its answers, or asks faster than it is answered, is not read from until it has caught up.
* After the end of what a client says it gets the answers that are due, and then the connection ends.
* A last line that has no end is not applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from pkgindex.service.tree.answering import Answering
from pkgindex.service.tree.protocol import LINE_BYTES_MAX, Requests

# A client of which so many requests wait is not read from until they are answered.
WAITING_MAX = 1000


class Limits(NamedTuple):
    """What one client may cost, and how many there may be. Idle seconds of 0: as long as it likes."""

    connections_max: int = 4096
    line_bytes_max: int = LINE_BYTES_MAX
    unread_bytes_max: int = 1 << 20
    idle_seconds: float = 300.0
    backlog: int = 1024


class Connection(asyncio.Protocol):
    """*gone* hears when it has ended."""

    def __init__(self, desk: Answering, limits: Limits, gone: Callable[[Connection], None]) -> None:
        self._desk = desk
        self._limits = limits
        self._gone = gone
        self._requests = Requests(limits.line_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._unread = self._ended = self._paused = False
        self.active_at = self._loop.time()

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self._limits.unread_bytes_max)

    def data_received(self, data: bytes) -> None:
        self.active_at = self._loop.time()
        requests = self._requests.receive(data)
        if requests:
            self._desk.take(self, requests)
            self._read_or_not()

    def eof_received(self) -> bool:
        self._ended = True
        self._end_when_answered()
        return True

    def pause_writing(self) -> None:
        self._unread = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self.active_at = self._loop.time()
        self._unread = False
        self._read_or_not()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._gone(self)

    # What the desk calls

    def answer(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._transport.write(data)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def relax(self) -> None:
        self.active_at = self._loop.time()
        self._read_or_not()
        self._end_when_answered()

    # What the server calls

    def finish(self) -> None:
        """Read no more, and end when all is answered."""
        self._ended = True
        self._read_or_not()
        self._end_when_answered()

    def idle(self, seconds: float) -> bool:
        """Whether nothing was asked or read for so long, and nothing is due."""
        return not self._desk.waits(self) and self._loop.time() - self.active_at > seconds

    def _read_or_not(self) -> None:
        wanted = self._ended or self._unread or self._desk.waits(self) > WAITING_MAX
        if self._transport is None or wanted is self._paused or self._transport.is_closing():
            return
        self._paused = wanted
        if wanted:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _end_when_answered(self) -> None:
        if self._ended and self._transport is not None and not self._desk.waits(self):
            self._transport.close()
