"""How reading works: list the generations, read the highest manifest, then only names that hang off it.

    generations/            list it: fresh where a pointer file is not
    manifest of the head    one small read
    pages, files, shards    when a question needs them, each checked against its stamp and checksum

Invariants:

* No lock is taken and nothing is written.
* A reader never goes back to a lower generation than it has seen.
* What is gone or stale means that the writer has moved on: begin again from the listing, bounded, with back-off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from pkgindex.errors import Corrupt, Gone, NoIndex, NotRetained
from pkgindex.format import manifest as manifests
from pkgindex.format.envelope import REMEDY
from pkgindex.format.numbering import manifest_name
from pkgindex.snapshot.blobs import Blobs
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pkgindex.model.changes import Change

T = TypeVar("T")

RETRY_SECONDS = 5.0
# Whoever was stopped for longer than that (a share's server was away, a lid was closed) has not looked again yet.
ATTEMPTS_LEAST = 3
BACK_OFF_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2)


class Reader:
    """One repository, read generation after generation."""

    def __init__(self, backend: Backend, repo: str) -> None:
        self.repo = repo
        self._generations = Generations(backend)
        self._blobs = Blobs(backend)
        self._backend = backend
        self._current: Snapshot | None = None
        self._seen = 0

    def snapshot(self) -> Snapshot:
        """The newest generation there is now. Raises `NoIndex`, `Corrupt`, and `Gone` when it keeps vanishing."""
        head = self._generations.head()
        current = self._current
        if current is not None and head <= current.generation:
            return current
        if head < self._seen:
            raise Gone(f"generation {self._seen} of {self.repo!r} was there, and {head} is the highest listed now")
        if head == 0:
            raise NoIndex(f"repository {self.repo!r} has no generation yet: run 'pkgindex pack {self.repo}'")
        opened = Snapshot(self._manifest(head), self._blobs, current)
        self._current, self._seen = opened, head
        return opened

    def at(self, generation: int) -> Snapshot:
        """An older generation. Raises `NotRetained`."""
        numbers = self._generations.numbers()
        if generation not in numbers:
            kept = f"retained are {numbers[0]} to {numbers[-1]}" if numbers else "there are none"
            raise NotRetained(f"generation {generation} of {self.repo!r} is not retained: {kept}")
        return Snapshot(self._manifest(generation), self._blobs)

    def numbers(self) -> list[int]:
        """The generations that are retained, oldest first."""
        return self._generations.numbers()

    def history(self) -> list[manifests.Manifest]:
        """The manifests of all retained generations, oldest first. Raises `Gone` for one that is listed and not there."""
        found: dict[int, manifests.Manifest] = {}
        while True:
            numbers = self._generations.numbers()
            try:
                for number in numbers:
                    found[number] = found.get(number) or self._manifest(number)
                return [found[number] for number in numbers]
            except Gone:
                # Retired between the listing and the look: begin again, with what was read already.
                if self._generations.numbers() == numbers:
                    raise

    def changes(self, since: float) -> list[Change]:
        """What happened on the host after *since*, whichever generations are retained. See `snapshot.changes`."""
        from pkgindex.snapshot.changes import changes_since

        return changes_since(self._backend, since)

    def ask(self, question: Callable[[Snapshot], T]) -> T:
        """The answer of the newest generation, asked again when files vanish under the question."""
        deadline = time.monotonic() + RETRY_SECONDS
        for attempt in range(1_000):
            try:
                return question(self.snapshot())
            except Gone as gone:
                if time.monotonic() > deadline and attempt >= ATTEMPTS_LEAST:
                    raise self._hole(gone) from gone
                self._current = None
                time.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
        raise AssertionError("unreachable: the deadline comes first")

    def _hole(self, gone: Gone) -> Corrupt | Gone:
        """A file that stays away while its generation stays the newest is not stale, but lost."""
        return Corrupt(f"{gone}, and generation {self._generations.head()} of {self.repo!r} still names it; {REMEDY}")

    def _manifest(self, generation: int) -> manifests.Manifest:
        data = self._generations.read(generation)
        return manifests.decode(data, self.repo, generation, manifest_name(generation))
