"""The server: one process, one event loop, any number of clients.

    open        read the repository, listen
    accept      while there is room; who comes when there is none waits in the backlog
    stop        accept no more, read no more, answer what was read, publish, end

Invariants:

* A client that fails, floods or sleeps costs itself only.
* A signal is obeyed at once, and no change that was answered is lost by it.
"""

from __future__ import annotations

import asyncio
import errno
import resource
import signal
import socket
from collections.abc import Callable
from typing import NamedTuple

from pkgindex.errors import BadInput
from pkgindex.packer.target import Target
from pkgindex.service.log import Log
from pkgindex.service.pages import serve_pages
from pkgindex.service.tree.answering import Answering
from pkgindex.service.tree.connection import Connection, Limits
from pkgindex.service.tree.counting import Counting
from pkgindex.service.tree.desk import Desk
from pkgindex.service.tree.hearing import Words, hear
from pkgindex.service.tree.interval import IntervalDesk
from pkgindex.service.tree.known import Known
from pkgindex.service.tree.turns import Turns, lock_or_own
from pkgindex.service.tree.works import Works
from pkgindex.service.tree.writer import ThreadWriter, Writer

# How long clients have to read their last answers.
FAREWELL_SECONDS = 5.0
# No more files can be opened: some may have been closed after so long.
RETRY_SECONDS = 0.1
UPKEEP_SECONDS = 300.0
# What a process has open besides its clients.
FILES_BESIDES = 200
# What accept(2) says of the client that is gone, or of a shortage that passes.
_PASSING = {errno.ECONNABORTED, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EPROTO, errno.ENETDOWN,
            errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPERM}


MakeWriter = Callable[[str], Writer]


class Options(NamedTuple):
    """How to serve. *interval_seconds* of 0: an answer waits until what it says is published; else that happens every so
    many seconds, and answers do not wait. *shared*: other processes listen at the same port. *metrics_port*: where what is
    counted is told; -1: nothing is counted.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    interval_seconds: float = 0.0
    shared: bool = False
    limits: Limits = Limits()
    metrics_port: int = -1


class Server:
    """Serves the tree of *target*, whose storage gives *words* of what others publish, or none. *writer* makes what writes
    with a lock; a thread of this process, if it is not said.

    `stop` may be called from a signal handler of the loop; all else belongs to `run`.
    """

    def __init__(
        self, target: Target, lock: str | None, options: Options, log: Log, words: Words | None = None,
        writer: MakeWriter | None = None,
    ) -> None:
        self.address = ("", 0)
        self.metrics_address = ("", 0)
        self._target, self._options, self._log, self._words = target, options, log, words
        self._lock = lock
        self._writer = writer or (lambda lock: ThreadWriter(target, lock))
        self.known = Known(target.backend)
        self._connections: set[Connection] = set()
        self._counting: Counting | None = None
        self._stopping = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def stop(self) -> None:
        """End when what was read is answered."""
        self._stopping.set()

    async def run(self, ready: Callable[[tuple[str, int]], None] = lambda address: None) -> None:
        """Serve until `stop`; *ready* hears where, as soon as clients are accepted."""
        with lock_or_own(self._lock) as lock:
            works = self._works_with(lock)
            try:
                # Before anybody is listened to: who connects is answered.
                await works.open()
                await self._serve(works, ready)
            finally:
                works.close()

    async def _serve(self, works: Works, ready: Callable[[tuple[str, int]], None]) -> None:
        self._desk = self._desk_for(works, self._options.interval_seconds)
        with listening(self._options) as sock:
            self.address = sock.getsockname()[:2]
            watched = await self._watched(works)
            hearing = [] if self._words is None else [hear(self._words, self._desk.hear)]
            tasks = [asyncio.create_task(work) for work in (self._desk.run(), self._accept(sock), self._sweep(), *hearing)]
            stopped = asyncio.create_task(self._stopping.wait())
            ready(self.address)
            try:
                # What ends before it was told to has failed.
                ended, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
                tasks[1].cancel()
                await self._farewell()
            finally:
                for task in [stopped, *tasks]:
                    task.cancel()
                await asyncio.gather(stopped, *tasks, return_exceptions=True)
                if watched is not None:
                    watched.close()

    async def _watched(self, works: Works) -> asyncio.Server | None:
        """Count, and tell those who ask, if that is wanted."""
        if self._options.metrics_port < 0:
            return None
        self._counting = Counting(works, lambda: len(self._connections))
        pages = self._counting.pages(self._obstacle)
        watched = await serve_pages(pages, self._options.host, self._options.metrics_port)
        self.metrics_address = watched.sockets[0].getsockname()[:2]
        self._log.info(f"metrics at {self.metrics_address[0]}:{self.metrics_address[1]}")
        return watched

    def _obstacle(self) -> str:
        if self._stopping.is_set():
            return "stopping"
        return "" if self._room.is_set() else "full"

    def _works_with(self, lock: str) -> Works:
        return Works(self.known, self._writer(lock), Turns(self._target, lock), self._log)

    def _desk_for(self, works: Works, interval_seconds: float) -> Answering:
        settings = self._target.settings
        if interval_seconds:
            return IntervalDesk(works, self._target.repo, self._log, interval_seconds, settings.tree_loose_packages_max)
        return Desk(works, settings.loose_packages_max, settings.tree_loose_packages_max)

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.wait()
            try:
                client, _ = await loop.sock_accept(sock)
            except OSError as error:
                if error.errno not in _PASSING:
                    raise
                self._log.warning(f"a connection could not be accepted: {error.strerror}")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.connect_accepted_socket(self._connected, client)

    def _connected(self) -> Connection:
        desk = self._desk if self._counting is None else self._counting.counted(self._desk)
        connection = Connection(desk, self._options.limits, self._gone)
        self._connections.add(connection)
        if len(self._connections) >= self._options.limits.connections_max:
            self._room.clear()
        return connection

    def _gone(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._room.set()

    async def _sweep(self) -> None:
        """End connections that nobody uses."""
        seconds = self._options.limits.idle_seconds
        while seconds:
            await asyncio.sleep(seconds / 4)
            for connection in [connection for connection in self._connections if connection.idle(seconds)]:
                connection.drop()

    async def _farewell(self) -> None:
        for connection in list(self._connections):
            connection.finish()
        await self._desk.drain()
        for connection in list(self._connections):
            connection.finish()
        loop = asyncio.get_running_loop()
        end = loop.time() + FAREWELL_SECONDS
        while self._connections and loop.time() < end:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.drop()


def listening(options: Options) -> socket.socket:
    """A socket at which clients may connect. Raises `BadInput` when the place cannot be had."""
    sock = bound(options)
    try:
        sock.listen(options.limits.backlog)
    except OSError as error:
        sock.close()
        raise _unavailable(options, error) from error
    return sock


def bound(options: Options) -> socket.socket:
    """A socket that has its place, and at which nobody can connect yet."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unavailable(options, error) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setblocking(False)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise _unavailable(options, error) from error
    return sock


def _unavailable(options: Options, error: OSError) -> BadInput:
    return BadInput(f"cannot listen at {options.host}:{options.port}: {error.strerror}; choose another --host or --port")


def allow_files(connections_max: int) -> int:
    """Raise this process's limit of open files so that *connections_max* clients fit; how many do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + FILES_BESIDES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections_max
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(connections_max, max(1, wanted - FILES_BESIDES))


def serve(
    target: Target, lock: str | None, options: Options, log: Log,
    ready: Callable[[tuple[str, int]], None] = lambda address: None, upkeep: Callable[[], None] | None = None,
    words: Words | None = None, writer: MakeWriter | None = None,
) -> None:
    """Serve until SIGTERM, or SIGINT, which raises `KeyboardInterrupt` when all is finished.

    *upkeep* is called now and then, and must not take long.
    """
    fitting = allow_files(options.limits.connections_max)
    options = options._replace(limits=options.limits._replace(connections_max=fitting))
    came: list[int] = []

    async def serving() -> None:
        server = Server(target, lock, options, log, words, writer)
        loop = asyncio.get_running_loop()

        def obey(number: int) -> None:
            came.append(number)
            server.stop()

        def keep_up() -> None:
            loop.call_later(UPKEEP_SECONDS, keep_up)
            if upkeep is not None:
                upkeep()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, obey, number)
        loop.call_later(UPKEEP_SECONDS, keep_up)
        await server.run(ready)

    asyncio.run(serving())
    if signal.SIGINT in came:
        raise KeyboardInterrupt
