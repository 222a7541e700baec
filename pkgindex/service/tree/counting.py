"""What a tree server counts: requests and how long they wait, groups, conflicts; and whether it serves."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from pkgindex.service.metrics import Counter, Gauge, Histogram, exposition
from pkgindex.service.pages import Page, Pages
from pkgindex.service.tree.answering import Answering, Asked, Client
from pkgindex.service.tree.known import Done
from pkgindex.service.tree.protocol import Malformed
from pkgindex.service.tree.works import Works

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000)


class Counting:
    """Counts what *works* publish, and what those ask whose desk comes from `counted`."""

    def __init__(self, works: Works, connections: Callable[[], int]) -> None:
        self.requests = Counter("pkgindex_tree_requests_total", "Requests by their answers.", ("command", "answer"))
        self.seconds = Histogram("pkgindex_tree_request_seconds", "From a request to its answer.", SECONDS)
        self._groups = Counter("pkgindex_tree_groups_total", "Groups of changes that were published.")
        self._sizes = Histogram("pkgindex_tree_group_size", "Packages that one group changed.", SIZES)
        self._conflicts = Counter("pkgindex_publish_conflicts_total", "Times another writer was first.")
        self._gauges = (
            Gauge("pkgindex_set_generation", "The generation that answers follow from.", lambda: works.known.generation),
            Gauge("pkgindex_connections", "Clients that are connected.", connections),
        )
        works.watched = self._done

    def counted(self, desk: Answering) -> Answering:
        """*desk* for one client."""
        return _Counted(desk, self)

    def pages(self, obstacle: Callable[[], str]) -> Pages:
        """*obstacle* says why no more clients should be sent here, or nothing."""

        def ready() -> Page:
            why = obstacle()
            return Page(503, f"{why}\n") if why else Page(200, "ready\n")

        return {"/metrics": lambda: Page(200, self.text()), "/healthz": lambda: Page(200, "ok\n"), "/readyz": ready}

    def text(self) -> str:
        return exposition([self.requests, self.seconds, self._groups, self._sizes, self._conflicts, *self._gauges])

    def _done(self, done: Done) -> None:
        for _ in range(done.conflicts):
            self._conflicts.add()
        if done.published:
            self._groups.add()
            self._sizes.see(done.published)


class _Counted:
    """Stands between one client and the desk: to each it is the other."""

    def __init__(self, desk: Answering, counting: Counting) -> None:
        self._desk, self._counting = desk, counting
        self._client: Client | None = None
        self._asked: deque[tuple[str, float]] = deque()

    async def run(self) -> None:
        await self._desk.run()

    async def drain(self) -> None:
        await self._desk.drain()

    def take(self, client: Client, requests: Asked) -> None:
        self._client = client
        now = time.perf_counter()
        self._asked.extend(("" if isinstance(request, Malformed) else request.command, now) for request in requests)
        self._desk.take(self, requests)

    def waits(self, client: Client) -> int:
        return self._desk.waits(self)

    def hear(self) -> None:
        self._desk.hear()

    def answer(self, data: bytes) -> None:
        now = time.perf_counter()
        for answer in data.decode().splitlines():
            command, since = self._asked.popleft()
            self._counting.requests.add(command, answer)
            self._counting.seconds.see(now - since)
        if self._client is not None:
            self._client.answer(data)

    def drop(self) -> None:
        if self._client is not None:
            self._client.drop()

    def relax(self) -> None:
        if self._client is not None:
            self._client.relax()
