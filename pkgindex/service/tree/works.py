"""What blocks, away from the event loop: the writer's work, and waiting for this server's turn to write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pkgindex.errors import PkgindexError
from pkgindex.service.log import Log
from pkgindex.service.tree.committing import Behind
from pkgindex.service.tree.known import Done, Known
from pkgindex.service.tree.protocol import Malformed, Request
from pkgindex.service.tree.turns import Turns
from pkgindex.service.tree.writer import Ended, Writer

RETRY_SECONDS = 1.0


class Works:
    """The work of *writer* on what is *known*. What fails is told to *log*, and for whoever asked it to do again.

    All raise `Ended`.
    """

    def __init__(self, known: Known, writer: Writer, turns: Turns, log: Log) -> None:
        self.known = known
        self._writer, self._turns, self._log = writer, turns, log
        self._lock = ThreadPoolExecutor(1, "lock")
        self._one_turn = asyncio.Lock()
        # Whether a commit is with the writer: what is asked of it meanwhile is done after that.
        self.committing = False
        # Sees all that was done.
        self.watched: Callable[[Done], None] = lambda done: None

    def close(self) -> None:
        self._lock.shutdown()
        self._writer.close()

    async def open(self) -> None:
        """Read what is there. Raises `StoreError`."""
        await self._ask("refresh")

    async def refresh(self) -> bool:
        """Hear what others published; False when that failed."""
        with self._telling():
            await self._ask("refresh")
            return True
        return False

    async def commit(self, requests: Sequence[Request | Malformed]) -> Done | None:
        """Publish what *requests* change, when it is this server's turn to write; None when it failed.

        Where nobody else wants to write, that is one way to the writer and back.
        """
        with self._telling():
            async with self._one_turn:
                return await self._commit("commit_now", requests) or await self._in_turn(requests)
        return None

    async def keep_up(self, loose_max: int) -> bool:
        """Put into shards and pages what was committed, where it is more than *loose_max* packages; whether to look again."""
        with self._telling():
            behind: Behind = await self._writer.ask("behind", loose_max)
            if any(behind):
                await self._writer.keep_up(behind)
                await self._ask("refresh")
            return any(behind)
        await asyncio.sleep(RETRY_SECONDS)
        return True

    async def _in_turn(self, requests: Sequence[Request | Malformed]) -> Done | None:
        """The same as a commit at once, after other writers had their turns."""
        turn = self._turns.one()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._lock, turn.__enter__)
        except PkgindexError:
            # The directory may be there again in a moment.
            await asyncio.sleep(RETRY_SECONDS)
            raise
        try:
            return await self._commit("commit", requests)
        finally:
            await loop.run_in_executor(self._lock, turn.__exit__, None, None, None)

    async def _commit(self, act: str, requests: Sequence[Request | Malformed]) -> Done | None:
        self.committing = True
        try:
            return await self._ask(act, requests)
        finally:
            self.committing = False

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Ended:
            raise
        except PkgindexError as error:
            self._log.error(str(error))

    async def _ask(self, act: str, *arguments: object) -> Done | None:
        """What is done is known when it was said, and in that order: nothing else waits in between."""
        done: Done | None = await self._writer.ask(act, *arguments)
        if done is not None:
            self.known.settle(done)
            self.watched(done)
        return done
