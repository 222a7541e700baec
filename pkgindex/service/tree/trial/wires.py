"""Connections to tree servers, of which many are waited for at once.

Plain sockets and a selector, not an event loop: who asks shares the machine with the server that is tried, and what asking
costs is taken from what answering gets. A task, a future and a timer for each question cost three times as much.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator, Sequence

from pkgindex.errors import NoServer

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
ANSWER_SECONDS_MAX = 300.0
CONNECT_SECONDS_MAX = 30.0
CHUNK = 1 << 16


class Wire:
    """One connection. Raises `NoServer` when the server is lost."""

    def __init__(self, place: str, sock: socket.socket, selector: selectors.BaseSelector, number: int) -> None:
        self.place = place
        self._socket = sock
        self._selector = selector
        self._number = number
        self._unsent = b""

    def send(self, data: bytes) -> None:
        """Send *data*; what does not go out at once follows when it can."""
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._lost(error) from None
        if sent < len(data):
            self._unsent = data[sent:]
            self._selector.modify(self._socket, READ | WRITE, self._number)

    def send_on(self) -> None:
        """There is room for what was not sent yet."""
        data, self._unsent = self._unsent, b""
        self._selector.modify(self._socket, READ, self._number)
        self.send(data)

    def receive(self) -> bytes:
        """What has come."""
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(error) from None
        if not data:
            raise NoServer(f"{self.place}: the server hung up")
        return data

    def _lost(self, error: OSError) -> NoServer:
        return NoServer(f"{self.place}: {error.strerror or error}")


class Wires:
    """As many connections as there are *places*, one for each, in `wires`."""

    def __init__(self, places: Sequence[tuple[str, int]]) -> None:
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self.wires: list[Wire] = []
        try:
            for place in places:
                self._connect(*place)
        except BaseException:
            self.close()
            raise

    def heard(self) -> Iterator[int]:
        """The numbers of those from which something has come, as soon as there is one."""
        ready = self._selector.select(ANSWER_SECONDS_MAX)
        if not ready:
            raise NoServer(f"{self.wires[0].place}: no answer for {ANSWER_SECONDS_MAX:g} seconds; see what its log says")
        for key, events in ready:
            if events & WRITE:
                self.wires[key.data].send_on()
            if events & READ:
                yield key.data

    def close(self) -> None:
        """Ask no more."""
        self._selector.close()
        for sock in self._sockets:
            sock.close()

    def _connect(self, host: str, port: int) -> None:
        place = f"{host}:{port}"
        try:
            sock = socket.create_connection((host, port), CONNECT_SECONDS_MAX)
        except OSError as error:
            why = error.strerror or str(error)
            raise NoServer(f"{place}: {why}; start a server there with 'pkgindex serve tree REPO'") from None
        self._sockets.append(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self.wires.append(Wire(place, sock, self._selector, len(self.wires)))
        self._selector.register(sock, READ, len(self.wires) - 1)
