"""Where a server's writing is done: a committer in a process of its own, or in a thread where the storage is this process.

A thread shares the interpreter with the event loop, and hands it over at every call to the disk: with ten clients that took
longer than all the work. In a process of its own it waits for nobody, and what keeps up with it is a third one, as long as
there is something to do.

Invariants:

* What is asked is done in order, and answered in order.
* A process that writes ends with the one that serves, after what it was at; it obeys no signal but that.
* Where it ends by itself, nobody knows what became of its last work: then the server ends too.
* What keeps up is waited for by nobody: at the end it is killed, and what it was at is begun anew the next time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from pkgindex.config import Settings
from pkgindex.errors import PkgindexError, StoreError
from pkgindex.packer.target import Target
from pkgindex.packer.workers import belong_to_parent
from pkgindex.service.log import Log, in_journal, to_stderr
from pkgindex.service.packing import target as packed_into
from pkgindex.service.tree.committing import Behind, Committer
from pkgindex.service.tree.keeping import keep_up
from pkgindex.service.tree.turns import Turns
from pkgindex.service.upkeep import SIGNALS, UPKEEP_NICE
from pkgindex.store.apart import told_apart


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
        return await self._done(self._commits, getattr(self._committer, act), *arguments)

    async def keep_up(self, behind: Behind) -> None:
        await self._done(self._shards, keep_up, self._target, Turns(self._target, self._lock), behind)

    def close(self) -> None:
        self._commits.shutdown()
        self._shards.shutdown()

    async def _done(self, thread: ThreadPoolExecutor, act: Callable[..., Any], *arguments: object) -> Any:
        outcome = await asyncio.get_running_loop().run_in_executor(thread, _outcome, self._target.repo, act, *arguments)
        if isinstance(outcome, PkgindexError):
            raise outcome
        return outcome


class ProcessWriter:
    """In processes of their own, which find *repo* by *settings* as this one did. Belongs to the running event loop."""

    def __init__(self, settings: Settings, repo: str, lock: str) -> None:
        self._place = settings, repo, lock
        self._repo = repo
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._pipe, self._process = _started(_obey, *self._place)
        self._loop.add_reader(self._pipe.fileno(), self._receive)
        self._shards = ThreadPoolExecutor(1, "shards")
        self._keeping: SpawnProcess | None = None

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
        if self._keeping is not None:
            self._keeping.kill()
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
        pipe, self._keeping = _started(_keep_up, *self._place, behind)
        with pipe:
            try:
                failure: PkgindexError | None = pipe.recv()
            except EOFError:
                failure = StoreError(f"repository {self._repo!r}: a process that was to put into shards what was committed was "
                                     "killed, perhaps for want of memory; it is begun anew")
        self._keeping.join()
        self._keeping = None
        if failure is not None:
            raise failure


def _started(act: Callable[..., None], *arguments: object) -> tuple[Pipe, SpawnProcess]:
    """A process that does *act*, and a pipe to it, whose other end is the first of the arguments."""
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    process = context.Process(target=act, args=(far, *arguments))
    process.start()
    far.close()
    return pipe, process


def _tell(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.cancelled():
        return
    if isinstance(result, PkgindexError):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _obey(pipe: Pipe, settings: Settings, repo: str, lock: str) -> None:
    """In the process that writes: do what comes, until nobody is there to ask."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    target = _target(settings, repo)
    committer = Committer(target, Turns(target, lock))
    while True:
        try:
            act, arguments = pipe.recv()
            pipe.send(_outcome(repo, getattr(committer, act), *arguments))
        except (EOFError, OSError):
            return


def _keep_up(pipe: Pipe, settings: Settings, repo: str, lock: str, behind: Behind) -> None:
    """In the process that keeps up: say how it ended, None if it went well."""
    belong_to_parent(*SIGNALS)
    # Who is answered comes first: on two busy cores a fold at the same priority took a third of their time.
    os.nice(UPKEEP_NICE)
    target = _target(settings, repo)
    outcome = _outcome(repo, keep_up, target, Turns(target, lock), behind)
    with suppress(BrokenPipeError):
        pipe.send(outcome)


def _outcome(repo: str, act: Callable[..., Any], *arguments: Any) -> Any:
    """What *act* gives, or the `PkgindexError` that it raises."""
    try:
        with told_apart(repo):
            return act(*arguments)
    except PkgindexError as error:
        return error


def _target(settings: Settings, repo: str) -> Target:
    return packed_into(settings, repo, Log(to_stderr, in_journal(os.environ)).info)
