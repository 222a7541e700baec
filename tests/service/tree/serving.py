"""Servers for conversations: in a thread of the test, or as processes, which can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pkgindex.config import Settings
from pkgindex.packer.target import Target
from pkgindex.service.log import Log
from pkgindex.service.tree.connection import Limits
from pkgindex.service.tree.server import Options, Server
from pkgindex.snapshot.verify.generation import verify
from pkgindex.store.backend import Backend

REPO = "build"
SECONDS_MAX = 60.0


class Client:
    """A socket that sends lines and reads answers, one at a time or many."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answers(self, count: int) -> list[str]:
        while self._rest.count(b"\n") < count:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(f"the server hung up; it had said {self._rest!r}")
            self._rest += data
        *lines, rest = self._rest.split(b"\n", count)
        self._rest = rest
        return [line.decode() for line in lines]

    def ask(self, line: str) -> str:
        self.send(line.encode() + b"\n")
        return self.answers(1)[0]

    def rest(self) -> bytes:
        """What comes until the server hangs up."""
        data = self._rest
        while piece := self.socket.recv(1 << 16):
            data += piece
        return data

    def rest_until_reset(self) -> bytes:
        """The same, of a server that ends with lines unread: its system may then cut the connection off."""
        data = self._rest
        try:
            while piece := self.socket.recv(1 << 16):
                data += piece
        except ConnectionResetError:
            pass
        return data


@contextmanager
def served(
    backend: Backend, limits: Limits | None = None, interval_seconds: float = 0.0, log: list[str] | None = None,
    **settings: object,
) -> Iterator[int]:
    """A server of *backend* in a thread, stopped as by SIGTERM; its port. It must have nothing to tell, unless to *log*."""
    found: list[tuple[Server, asyncio.AbstractEventLoop]] = []
    failed: list[BaseException] = []
    ready = threading.Event()
    told: list[str] = [] if log is None else log
    target = Target(backend, REPO, Settings()._replace(**settings))
    options = Options(port=0, interval_seconds=interval_seconds, limits=limits or Limits())

    async def serving() -> None:
        server = Server(target, None, options, Log(told.append))
        found.append((server, asyncio.get_running_loop()))
        await server.run(lambda address: ready.set())

    def run() -> None:
        try:
            asyncio.run(serving())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(SECONDS_MAX)
    try:
        yield found[0][0].address[1]
    finally:
        server, loop = found[0]
        if thread.is_alive():
            loop.call_soon_threadsafe(server.stop)
        thread.join(SECONDS_MAX)
        assert not thread.is_alive()
        assert not failed, failed
    assert log is not None or not told, told


class Process:
    """A server as its users start it."""

    def __init__(self, index: str, *options: str, port: int = 0) -> None:
        code = "import sys; from pkgindex.cli.main import main; sys.exit(main())"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, "--index", index, "serve", "tree", REPO, "--port", str(port), *options],
            stderr=subprocess.PIPE, text=True,
        )
        self.log: list[str] = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line)
            if line.startswith("serving "):
                self.port = int(line.rpartition(":")[2])
                break
        else:
            raise AssertionError(f"it does not serve: {self.log}")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        self.log += self._process.stderr

    @property
    def pid(self) -> int:
        return self._process.pid

    def helpers(self) -> list[int]:
        """The processes that it has started."""
        found = []
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            facts = _facts(pid)
            if facts and int(facts[1]) == self.pid:
                found.append(pid)
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code, after signal *number*."""
        os.kill(self._process.pid, number)
        return self.wait()

    def wait(self) -> int:
        code = self._process.wait(SECONDS_MAX)
        self._reader.join(SECONDS_MAX)
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *ignored: object) -> None:
        if self._process.poll() is None:
            assert self.end() == 0, self.log


def runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended without anybody who heard of it."""
    return _facts(pid)[:1] not in ([], ["Z"])


def niceness(pid: int) -> int | None:
    """How much it holds back; None when it is gone."""
    try:
        return os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return None


def _facts(pid: int) -> list[str]:
    """Its state, its parent and more, as proc(5) tells them; nothing when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def sound(backend: Backend) -> bool:
    return verify(backend, REPO).faults == ()


def together(acts: Sequence[Callable[[], None]]) -> None:
    """Do all *acts* at once, each in a thread; the first failure is raised."""
    failed: list[BaseException] = []

    def guarded(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * SECONDS_MAX)
    if failed:
        raise failed[0]
    assert not any(thread.is_alive() for thread in threads)
