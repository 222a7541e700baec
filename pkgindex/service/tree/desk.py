"""The desk: who is answered at once, and who waits for a publish.

    take        what came in one turn of the event loop is answered in the next, if it changes nothing of the newest
                generation; the rest waits, and what its client says after it
    listen      when another server has published: read that, then answer who waited only for it
    publish     all that waits becomes one generation; then each is told how it ended
    keep up     when nobody has changed anything for a while, or when it is much: into shards and pages with what was published

Invariants:

* Each client is answered in the order it asked; nobody waits for another client's request but for the publish they share.
* No answer is older than the question: before any is given at once, it is seen that no newer generation is there; once
  for all questions that came before.
* A change that fails only for want of one that is about to be published waits for that: its client would ask again at once.
* A change is answered when it is durable. Where that cannot be known the client gets no answer, and its connection ends.
"""

from __future__ import annotations

import asyncio

from pkgindex.errors import StoreError
from pkgindex.service.tree.answering import Asked, Client
from pkgindex.service.tree.known import Done
from pkgindex.service.tree.protocol import FAIL, Malformed, Request
from pkgindex.service.tree.state import Draft
from pkgindex.service.tree.works import RETRY_SECONDS, Works

# A group is one generation; what is beyond waits for the next one.
GROUP_REQUESTS_MAX = 10_000
QUIET_SECONDS = 1.0


class Desk:
    """Belongs to one event loop; what blocks is the business of *works*.

    More than *quiet_loose_max* loose packages are folded when nobody has changed anything for a while, more than
    *busy_loose_max* while changes go on.
    """

    def __init__(self, works: Works, quiet_loose_max: int, busy_loose_max: int) -> None:
        self._works, self._known = works, works.known
        self._quiet_loose_max, self._busy_loose_max = quiet_loose_max, busy_loose_max
        # What came since the last turn of the event loop.
        self._asked: dict[Client, Asked] = {}
        self._waiting: dict[Client, Asked] = {}
        self._group: dict[Client, Asked] = {}
        # The tree as it will be when all who wait have been answered.
        self._ahead = Draft(works.known.tree)
        self._stale, self._due, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._idle.set()
        # Whether there may be something to keep up with.
        self._gathered = asyncio.Event()
        self._gathered.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        await asyncio.gather(self._listen(), self._publish(), self._keep_up())

    async def drain(self) -> None:
        """Until all that was asked is answered."""
        await self._idle.wait()

    def waits(self, client: Client) -> int:
        """How many requests of *client* wait."""
        return len(self._asked.get(client, ())) + len(self._waiting.get(client, ())) + len(self._group.get(client, ()))

    def hear(self) -> None:
        """What was published is read before anybody asks."""
        self._stale.set()

    def take(self, client: Client, requests: Asked) -> None:
        """Answer *requests*, soon or later, in order."""
        if not self._asked:
            self._idle.clear()
            asyncio.get_running_loop().call_soon(self._take_all)
        if client in self._asked:
            self._asked[client] += requests
        else:
            self._asked[client] = requests

    def _take_all(self) -> None:
        """Answer at once what can be, of all that came."""
        asked, self._asked = self._asked, {}
        fresh = self._fresh()
        for client, requests in asked.items():
            self._take(client, requests, fresh)
        self._rest_if_done()

    def _fresh(self) -> bool:
        try:
            return self._known.fresh()
        except StoreError:
            # Who reads the generation meets it too, tells of it, and tries again.
            return False

    def _take(self, client: Client, requests: Asked, fresh: bool) -> None:
        if client in self._waiting:
            self._waiting[client] += requests
            self._look_ahead(requests)
            return
        asked_before = client in self._group
        rest = self._answer_at_once(client, requests) if fresh and not asked_before else requests
        if not rest:
            client.relax()
            return
        self._waiting[client] = rest
        self._look_ahead(rest)
        if asked_before:
            return
        if fresh:
            self._due.set()
        elif not self._works.committing:
            self._stale.set()

    def _answer_at_once(self, client: Client, requests: Asked) -> Asked:
        """Answer the first of *requests*, as far as they change nothing; the others."""
        answer = self._known.tree.answer
        answers: list[bytes] = []
        for place, request in enumerate(requests):
            said = answer(request)
            if said is None or (said == FAIL and self._may_yet_succeed(request)):
                client.answer(b"".join(answers))
                return requests[place:]
            answers.append(said)
        client.answer(b"".join(answers))
        return []

    def _may_yet_succeed(self, request: Request | Malformed) -> bool:
        """Whether *request*, which fails, is a change that will not when all who wait have been answered."""
        if isinstance(request, Malformed) or request.command == "QUERY" or not (self._waiting or self._group):
            return False
        return self._ahead.foresee(request) != FAIL

    def _look_ahead(self, requests: Asked) -> None:
        for request in requests:
            self._ahead.answer(request)

    def _answer_waiting(self) -> None:
        """After something new is known: those who wait and whose answers follow from it get them; the others stay."""
        self._ahead = Draft(self._known.tree)
        for asked in (*self._group.values(), *self._waiting.values()):
            self._look_ahead(asked)
        if self._waiting and not self._fresh():
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
        self._rest_if_done()

    def _rest_if_done(self) -> None:
        if not (self._asked or self._waiting or self._group):
            self._idle.set()

    async def _listen(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            if not await self._works.refresh():
                # Nothing can be read: who asks waits until it can.
                await asyncio.sleep(RETRY_SECONDS)
                self._stale.set()
            else:
                self._answer_waiting()

    async def _publish(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            await self._commit()
            self._gathered.set()

    async def _keep_up(self) -> None:
        while True:
            await self._gathered.wait()
            self._gathered.clear()
            await asyncio.sleep(QUIET_SECONDS)
            busy = self._gathered.is_set()
            if await self._works.keep_up(self._busy_loose_max if busy else self._quiet_loose_max):
                self._gathered.set()

    async def _commit(self) -> None:
        self._group = self._next_group()
        flat = [request for asked in self._group.values() for request in asked]
        done = await self._works.commit(flat) if flat else None
        group, self._group = self._group, {}
        self._tell(group, done)
        self._answer_waiting()

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
