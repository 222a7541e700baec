"""The desk: who is answered at once, and who waits for a publish.

    take        answer what changes nothing of the newest generation; the rest waits, and what its client says after it
    listen      when another server has published: read that, then answer who waited only for it
    publish     all that waits becomes one generation; then each is told how it ended

Invariants:

* Each client is answered in the order it asked; nobody waits for another client's request but for the publish they share.
* No answer is older than the question: before any is given at once, it is seen that no newer generation is there.
* A change is answered when it is durable. Where that cannot be known the client gets no answer, and its connection ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from pkgindex.errors import PkgindexError
from pkgindex.service.log import Log
from pkgindex.service.packing import told_apart
from pkgindex.service.tree.committing import Committer, Done
from pkgindex.service.tree.protocol import Malformed, Request

# A group is one generation; what is beyond waits for the next one.
GROUP_REQUESTS_MAX = 10_000
QUIET_SECONDS = 1.0
RETRY_SECONDS = 1.0

Asked = list[Request | Malformed]


class Client(Protocol):
    """Who asks."""

    def answer(self, data: bytes) -> None:
        """Send the answers *data*, of which there may be none."""

    def drop(self) -> None:
        """End the connection without an answer."""

    def relax(self) -> None:
        """All that it asked is answered."""


class Desk:
    """Belongs to one event loop; what blocks runs in threads.

    More than *quiet_loose_max* loose packages are folded when nobody has changed anything for a while, more than
    *busy_loose_max* before the next publish.
    """

    def __init__(self, committer: Committer, log: Log, quiet_loose_max: int, busy_loose_max: int) -> None:
        self._committer = committer
        self._log = log
        self._quiet_loose_max, self._busy_loose_max = quiet_loose_max, busy_loose_max
        self._waiting: dict[Client, Asked] = {}
        self._group: dict[Client, Asked] = {}
        self._stale, self._due, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        # One thread reads and writes the repository, one waits for the lock: nobody who only reads waits for that.
        self._ledger, self._locks = ThreadPoolExecutor(1, "ledger"), ThreadPoolExecutor(1, "lock")
        self._one_at_a_time = asyncio.Lock()
        self._idle.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            await asyncio.gather(self._listen(), self._publish())
        finally:
            self._ledger.shutdown()
            self._locks.shutdown()

    async def drain(self) -> None:
        """Until all that was asked is answered."""
        await self._idle.wait()

    def waits(self, client: Client) -> int:
        """How many requests of *client* wait."""
        return len(self._waiting.get(client, ())) + len(self._group.get(client, ()))

    def take(self, client: Client, requests: Asked) -> None:
        """Answer *requests*, now or later, in order."""
        if client in self._waiting:
            self._waiting[client] += requests
            return
        asked_before = client in self._group
        fresh = not asked_before and self._committer.fresh()
        rest = self._answer_at_once(client, requests) if fresh else requests
        if rest:
            self._idle.clear()
            self._waiting[client] = rest
            if not asked_before:
                (self._due if fresh else self._stale).set()

    def _answer_at_once(self, client: Client, requests: Asked) -> Asked:
        """Answer the first of *requests*, as far as they change nothing; the others."""
        answer = self._committer.tree.answer
        answers: list[bytes] = []
        for place, request in enumerate(requests):
            said = answer(request)
            if said is None:
                client.answer(b"".join(answers))
                return requests[place:]
            answers.append(said)
        client.answer(b"".join(answers))
        return []

    def _answer_waiting(self) -> None:
        """After something new is known: those who wait and whose answers follow from it get them; the others stay."""
        if self._waiting and not self._committer.fresh():
            self._stale.set()
            return
        for client in [client for client in self._waiting if client not in self._group]:
            rest = self._answer_at_once(client, self._waiting[client])
            if rest:
                self._waiting[client] = rest
                self._due.set()
            else:
                del self._waiting[client]
                client.relax()
        if not self._waiting and not self._group:
            self._idle.set()

    async def _listen(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            if await self._work(self._committer.refresh) is None:
                # Nothing can be read: who asks waits until it can.
                await asyncio.sleep(RETRY_SECONDS)
                self._stale.set()
            else:
                self._answer_waiting()

    async def _publish(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._due.wait(), QUIET_SECONDS if self._are_loose(self._quiet_loose_max) else None)
            except TimeoutError:
                await self._in_turn(self._fold)
                continue
            self._due.clear()
            if self._are_loose(self._busy_loose_max):
                await self._in_turn(self._fold)
            await self._in_turn(self._commit)
            self._answer_waiting()

    async def _commit(self) -> None:
        self._group = self._next_group()
        flat = [request for asked in self._group.values() for request in asked]
        done = await self._work(lambda: self._committer.commit(flat)) if flat else None
        group, self._group = self._group, {}
        self._tell(group, done)

    def _next_group(self) -> dict[Client, Asked]:
        group: dict[Client, Asked] = {}
        room = GROUP_REQUESTS_MAX
        for client, asked in list(self._waiting.items()):
            group[client], rest = asked[:room], asked[room:]
            room -= len(group[client])
            if rest:
                self._waiting[client] = rest
                break
            del self._waiting[client]
        return group

    def _tell(self, group: dict[Client, Asked], done: Done | None) -> None:
        place = 0
        for client, asked in group.items():
            if done is None:
                self._waiting.pop(client, None)
                client.drop()
                continue
            client.answer(b"".join(done.answers[place : place + len(asked)]))
            place += len(asked)
            if client not in self._waiting:
                client.relax()

    def _are_loose(self, most: int) -> bool:
        return self._committer.loose_packages > most

    async def _fold(self) -> None:
        if await self._work(self._committer.fold) is None:
            await asyncio.sleep(RETRY_SECONDS)

    async def _in_turn(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do *act* while it is this server's turn to write."""
        turn = self._committer.turn()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._locks, turn.__enter__)
        except PkgindexError as error:
            # The lock is a courtesy, and the directory may be there again in a moment.
            self._log.error(str(error))
            await asyncio.sleep(RETRY_SECONDS)
            self._due.set()
            return
        try:
            await act()
        finally:
            await loop.run_in_executor(self._locks, turn.__exit__, None, None, None)

    async def _work(self, act: Callable[[], Done]) -> Done | None:
        """Do *act* in the thread of the repository, then take over what came of it; None when it failed, which is told."""
        def guarded() -> Done:
            with told_apart(self._committer.repo):
                return act()

        async with self._one_at_a_time:
            try:
                done = await asyncio.get_running_loop().run_in_executor(self._ledger, guarded)
            except PkgindexError as error:
                self._log.error(str(error))
                return None
            self._committer.settle(done)
            return done
