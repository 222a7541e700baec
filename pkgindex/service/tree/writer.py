"""Where a server's writing is done: a committer in a process of its own, or in a thread where the storage is this process.

A thread shares the interpreter with the event loop, and hands it over at every call to the disk: with ten clients that took
longer than all the work. In a process of its own it waits for nobody, and what keeps up with it is a third one, as long as
there is something to do.

Invariants:

* What is asked is done in order, and answered in order.
* A process that writes ends with the one that serves, after what it was at; it obeys no signal but that.
* Where it ends by itself, nobody knows what became of its last work: then the server ends too.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection as Pipe
from typing import Any, Protocol

from pkgindex.config import Settings
from pkgindex.errors import PkgindexError, StoreError
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers
from pkgindex.service.log import Log, in_journal, to_stderr
from pkgindex.service.packing import target as packed_into
from pkgindex.service.tree.committing import Behind, Committer
from pkgindex.service.tree.keeping import keep_up
from pkgindex.service.tree.turns import Turns
from pkgindex.store.apart import told_apart

KEEPING_NICE = 10


class Ended(StoreError):
    """The process that writes is gone."""


class Writer(Protocol):
    """A committer that works elsewhere, and what keeps up with it."""

    async def ask(self, act: str, *arguments: object) -> Any:
        """What the committer's method *act* gives; raises what it raises."""

    async def keep_up(self, behind: Behind) -> None:
        """Put into shards and pages what *behind* says. Raises `StoreError`."""

    def close(self) -> None:
        """End it, after what it is at."""


class ThreadWriter:
    """In threads of this process."""

    def __init__(self, target: Target, lock: str | None) -> None:
        self._target, self._lock = target, lock
        self._committer = Committer(target, Turns(target, lock))
        self._commits, self._shards = ThreadPoolExecutor(1, "commits"), ThreadPoolExecutor(1, "shards")

    async def ask(self, act: str, *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._commits, _done, self._committer, act, arguments)

    async def keep_up(self, behind: Behind) -> None:
        turns = Turns(self._target, self._lock)
        await asyncio.get_running_loop().run_in_executor(self._shards, _kept_up, self._target, turns, behind)

    def close(self) -> None:
        self._commits.shutdown()
        self._shards.shutdown()


class ProcessWriter:
    """In processes of their own, which find *repo* by *settings* as this one did. Belongs to the running event loop."""

    def __init__(self, settings: Settings, repo: str, lock: str) -> None:
        self._place = settings, repo, lock
        self._repo = repo
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._loop = asyncio.get_running_loop()
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        # Others who write: no daemon, which might have no processes of its own.
        self._process = context.Process(target=_obey, args=(far, *self._place))
        self._process.start()
        far.close()
        self._loop.add_reader(self._pipe.fileno(), self._receive)
        self._shards = ThreadPoolExecutor(1, "shards")

    async def ask(self, act: str, *arguments: object) -> Any:
        answer = self._loop.create_future()
        self._asked.append(answer)
        try:
            self._pipe.send((act, arguments))
        except OSError:
            self._receive()
        return await answer

    async def keep_up(self, behind: Behind) -> None:
        await self._loop.run_in_executor(self._shards, self._kept_up, behind)

    def close(self) -> None:
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        self._shards.shutdown()
        self._process.join()

    def _receive(self) -> None:
        try:
            result = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            result = Ended(f"repository {self._repo!r}: the process that writes it ended by itself "
                           f"({self._process.exitcode}); start the server anew")
            self._loop.remove_reader(self._pipe.fileno())
            while len(self._asked) > 1:
                _tell(self._asked.pop(), result)
        if self._asked:
            _tell(self._asked.popleft(), result)

    def _kept_up(self, behind: Behind) -> None:
        with told_apart(self._repo), Workers(1) as workers:
            workers.start(_keep_up, *self._place, behind).result()


def _tell(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.cancelled():
        return
    if isinstance(result, PkgindexError):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _obey(pipe: Pipe, settings: Settings, repo: str, lock: str) -> None:
    """In the process that writes: do what comes, until nobody is there to ask."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    target = _target(settings, repo)
    committer = Committer(target, Turns(target, lock))
    while True:
        try:
            act, arguments = pipe.recv()
            pipe.send(_result(committer, act, arguments))
        except (EOFError, OSError):
            return


def _result(committer: Committer, act: str, arguments: tuple[Any, ...]) -> Any:
    try:
        return _done(committer, act, arguments)
    except PkgindexError as error:
        return error


def _done(committer: Committer, act: str, arguments: tuple[Any, ...]) -> Any:
    with told_apart(committer.repo):
        return getattr(committer, act)(*arguments)


def _keep_up(settings: Settings, repo: str, lock: str, behind: Behind) -> None:
    # Who is answered comes first: on two busy cores a fold at the same priority took a third of their time.
    os.nice(KEEPING_NICE)
    target = _target(settings, repo)
    _kept_up(target, Turns(target, lock), behind)


def _kept_up(target: Target, turns: Turns, behind: Behind) -> None:
    with told_apart(target.repo):
        keep_up(target, turns, behind)


def _target(settings: Settings, repo: str) -> Target:
    return packed_into(settings, repo, Log(to_stderr, in_journal(os.environ)).info)
