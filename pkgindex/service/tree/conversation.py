"""A client that asks and waits: requests into a socket, answers out of it."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType

from pkgindex.errors import NoServer
from pkgindex.service.tree.client import Answers, encode
from pkgindex.service.tree.protocol import Request

# So many are sent before their answers are read: few enough that those fit into any socket's buffer, so nobody blocks.
WINDOW_REQUESTS = 500
CONNECT_SECONDS_MAX = 10.0
# A change waits for the disk, and for other writers.
ANSWER_SECONDS_MAX = 300.0


class Conversation:
    """A connection to the tree server at *host*, *port*. Raises `NoServer`, here and later, when nobody is there."""

    def __init__(self, host: str, port: int) -> None:
        self._place = f"{host}:{port}"
        self._answers = Answers()
        try:
            self._socket = socket.create_connection((host, port), CONNECT_SECONDS_MAX)
        except OSError as error:
            why = error.strerror or str(error)
            raise NoServer(f"{self._place}: {why}; start a server there with 'pkgindex serve tree REPO'") from None
        self._socket.settimeout(ANSWER_SECONDS_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def ask(self, requests: Iterable[Request]) -> Iterator[str]:
        """The answers to *requests*, in order; many are on their way at a time."""
        waiting = iter(requests)
        while window := list(islice(waiting, WINDOW_REQUESTS)):
            lines = [encode(request) for request in window]
            self._send(b"".join(lines))
            yield from self._receive(len(lines))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from None

    def _receive(self, count: int) -> Iterator[str]:
        while count > 0:
            try:
                data = self._socket.recv(1 << 16)
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from None
            if not data:
                raise self._lost("the server hung up")
            found = self._answers.receive(data)
            count -= len(found)
            if count < 0:
                raise self._lost("it answers what was not asked")
            yield from found

    def _lost(self, why: str) -> NoServer:
        return NoServer(f"{self._place}: {why}; what was not answered may have been done: ask again")
