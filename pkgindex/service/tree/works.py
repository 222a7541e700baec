"""What blocks, away from the event loop: one thread reads and writes the repository, one waits for the lock, one builds
shards.

Three, so that nobody who only reads waits for another server's turn to write, and no commit for a shard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pkgindex.errors import PkgindexError, StoreError
from pkgindex.service.log import Log
from pkgindex.service.tree.committing import Committer, Done
from pkgindex.service.tree.protocol import Malformed, Request
from pkgindex.store.apart import told_apart

RETRY_SECONDS = 1.0
T = TypeVar("T")


class Works:
    """The work of *committer*. What fails is told to *log*, and for whoever asked it to do again."""

    def __init__(self, committer: Committer, log: Log) -> None:
        self._committer = committer
        self._log = log
        self._repository, self._lock = ThreadPoolExecutor(1, "repository"), ThreadPoolExecutor(1, "lock")
        self._shards = ThreadPoolExecutor(1, "shards")
        self._one_at_a_time, self._one_turn = asyncio.Lock(), asyncio.Lock()

    def close(self) -> None:
        for thread in (self._repository, self._shards, self._lock):
            thread.shutdown()

    async def commit(self, requests: Sequence[Request | Malformed]) -> Done | None:
        """Publish what *requests* change, when it is this server's turn to write; None when it failed.

        Where nobody else wants to write, that is one way to the thread and back: the loop may be busy, and each costs some
        milliseconds then.
        """
        done, busy = None, False

        def at_once() -> Done | None:
            nonlocal busy
            found = self._committer.commit_now(requests)
            busy = found is None
            return found

        async def in_turn() -> None:
            nonlocal done
            done = await self.do(lambda: self._committer.commit(requests))

        async with self._one_turn:
            done = await self.do(at_once)
            if busy:
                await self._in_turn(in_turn)
        return done

    async def do(self, act: Callable[[], Done | None]) -> Done | None:
        """Do *act*, then take over what came of it; None when it failed."""

        def guarded() -> Done | None:
            with told_apart(self._committer.repo):
                return act()

        async with self._one_at_a_time:
            try:
                done = await asyncio.get_running_loop().run_in_executor(self._repository, guarded)
            except PkgindexError as error:
                self._log.error(str(error))
                return None
            if done is not None:
                self._committer.settle(done)
            return done

    async def _in_turn(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Do *act* while it is this server's turn to write; False when nothing was done."""
        turn = self._committer.turn()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._lock, turn.__enter__)
        except PkgindexError as error:
            # The directory may be there again in a moment.
            self._log.error(str(error))
            await asyncio.sleep(RETRY_SECONDS)
            return False
        try:
            await act()
        finally:
            await loop.run_in_executor(self._lock, turn.__exit__, None, None, None)
        return True

    async def keep_up(self, loose_max: int) -> None:
        """Put into shards and pages what was committed, where it is more than *loose_max* packages: commits may come in
        between, and wait for one step at most.
        """
        try:
            if self._committer.behind(loose_max).loose:
                await self._fold()
            if self._committer.behind(loose_max).unsettled:
                await self._settle()
        except PkgindexError as error:
            self._log.error(str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _fold(self) -> None:
        loop = asyncio.get_running_loop()
        folding = await loop.run_in_executor(self._shards, self._committer.folding)
        with folding:
            await loop.run_in_executor(self._shards, folding.build)
            await self._in_turn_and_heard(folding.publish)

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        settling = await loop.run_in_executor(self._shards, self._committer.settling)
        while not await self._in_turn_and_heard(settling.step):
            pass

    async def _in_turn_and_heard(self, act: Callable[[], T]) -> T:
        """Do *act*, which publishes, in this server's turn to write, and hear of what came of it before all else."""
        results: list[T] = []

        def acting() -> Done:
            results.append(act())
            return self._committer.refresh()

        async def in_turn() -> None:
            await self.do(acting)

        # Who waits for the lock keeps its thread, and who has it needs that to let go.
        async with self._one_turn:
            await self._in_turn(in_turn)
        if not results:
            raise StoreError(f"{self._committer.repo}: what was committed is not put into shards and pages yet; trying again")
        return results[0]
