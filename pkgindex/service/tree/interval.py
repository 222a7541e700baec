"""The desk of a server whose answers do not wait for the disk: changes are published together, every so many seconds.

Invariants:

* Answers follow from what was published and heard of, and from all changes that were acknowledged here since.
* Told to end, it publishes what it owes first. Killed, it loses what it acknowledged since the last publish, no more.
* Where another server has published what contradicts a change that was acknowledged here, that change is dropped, and said
  to be.
"""

from __future__ import annotations

import asyncio

from pkgindex.service.log import Log
from pkgindex.service.tree.answering import Asked, Client
from pkgindex.service.tree.protocol import OK, Malformed, Request
from pkgindex.service.tree.state import Draft
from pkgindex.service.tree.works import RETRY_SECONDS, Works

# What may be owed when publishing fails: beyond it nobody's changes are acknowledged.
OWED_MAX = 100_000
DRAIN_ATTEMPTS_MAX = 10


class IntervalDesk:
    """Publishes every *interval_seconds*, when there is something to publish."""

    def __init__(self, works: Works, repo: str, log: Log, interval_seconds: float, loose_max: int) -> None:
        self._works, self._known = works, works.known
        self._repo, self._log = repo, log
        self._interval_seconds = interval_seconds
        self._loose_max = loose_max
        self._draft = Draft(works.known.tree)
        self._owed: list[Request | Malformed] = []
        self._one_round = asyncio.Lock()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            if not await self._round():
                await asyncio.sleep(RETRY_SECONDS)
            if await self._works.keep_up(self._loose_max):
                self._rebase([])

    async def drain(self) -> None:
        """Publish what is owed."""
        for _ in range(DRAIN_ATTEMPTS_MAX):
            if await self._round():
                return
            await asyncio.sleep(RETRY_SECONDS)
        self._log.error(f"{self._repo}: {len(self._owed)} acknowledged changes could not be published and are lost")

    def waits(self, client: Client) -> int:
        """Nobody does."""
        return 0

    def hear(self) -> None:
        """It is read when the interval is over: answers may be that late."""

    def take(self, client: Client, requests: Asked) -> None:
        """Answer *requests*."""
        answers = []
        for request in requests:
            if len(self._owed) > OWED_MAX:
                client.drop()
                return
            answer, changed = self._draft.judge(request)
            answers.append(answer)
            if changed:
                self._owed.append(request)
        client.answer(b"".join(answers))

    async def _round(self) -> bool:
        """Publish what is owed, and hear what others published; whether that succeeded."""
        async with self._one_round:
            if not self._owed and self._known.fresh():
                return True
            owed, self._owed = self._owed, []
            return await self._settle(owed)

    async def _settle(self, owed: Asked) -> bool:
        done = await self._works.commit(owed)
        if done is None:
            self._owed = owed + self._owed
            return False
        lost = [request for request, answer in zip(owed, done.answers, strict=True) if answer != OK]
        self._rebase(lost)
        return True

    def _rebase(self, lost: Asked) -> None:
        """Lay what was acknowledged and is not published over what is known now; what makes no sense there is *lost* too."""
        self._draft, since, self._owed = Draft(self._known.tree), self._owed, []
        for request in since:
            (self._owed if self._draft.answer(request) == OK else lost).append(request)
        if lost:
            self._log.warning(f"{self._repo}: {len(lost)} acknowledged changes contradict what another server has "
                              f"published, and are dropped; the first: {lost[0]}")
