"""From requests to a generation: judged in order on top of the newest one, published together, and judged again when
another writer was first.

Invariants:

* What is answered OK is published and durable, also what another server has published: it may have been killed before it
  flushed the name of that.
* `tree` is what generation `generation` holds: both change in `settle`, which is called where answers are given, and never
  while `refresh` or `commit` runs.
* A change that another server published is never lost: what was heard and not settled is handed out with the next result.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from pkgindex.errors import Busy, Exists, Gone, StoreError
from pkgindex.format.names import generation_of
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import Folding
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.settle import Settling
from pkgindex.packer.target import Target
from pkgindex.service.tree.protocol import Malformed, Request
from pkgindex.service.tree.state import Changes, Draft, Tree
from pkgindex.store.lock import WriterLock

ATTEMPTS_MAX = 100
# So often in a row a name is found taken, and no new generation: then it is no other writer's doing.
ALONE_MAX = 5
PAUSE_SECONDS_MAX = 0.5
PATIENCE_SECONDS_MAX = 3600.0
# A question about words reads each package that is loose; one that stands in no page costs who opens the index a
# hundredth of that, and some two files to whoever writes them.
UNSETTLED_TIMES = 4


class Done(NamedTuple):
    """What a piece of work came to: the generation that was read or published, how the tree differs, and the answers."""

    generation: int
    changes: Changes
    answers: tuple[bytes, ...] = ()


class Behind(NamedTuple):
    """Whether more is loose, or stands in no page, than may be."""

    loose: bool
    unsettled: bool


class Committer:
    """The tree of one repository, as it is read and written by one process. *lock* is the writers' lock file, or None.

    `settle` and what reads `tree` belong to one thread; `refresh` and `commit` may run in another, one at a time.
    """

    def __init__(self, target: Target, lock: str | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        self.repo = target.repo
        self.tree = Tree()
        self.generation = 0
        self._ledger = Ledger(target)
        self._target = target
        self._lock = lock
        self._pause = pause
        self._unsettled: Changes = {}
        # The newest generation that is known to be durable.
        self._durable = 0
        self._patience_seconds = target.settings.lock_wait_seconds
        # Told of how many packages each publish changed, and of each time another writer was first.
        self.published: Callable[[int], None] = lambda packages: None
        self.conflicted: Callable[[], None] = lambda: None

    def fresh(self) -> bool:
        """Whether the tree is that of the newest generation."""
        return self._ledger.head.generations.is_head(self.generation)

    def settle(self, done: Done) -> None:
        """Make what was *done* part of the tree."""
        self.tree.take(done.changes)
        self.generation = done.generation
        self._unsettled = {}

    def refresh(self) -> Done:
        """Hear what others published."""
        self._unsettled.update(self._ledger.refresh())
        self._confirm()
        return self._done(())

    def commit(self, requests: Sequence[Request | Malformed]) -> Done:
        """Answer *requests*, and publish what they change, as one generation; where they change nothing, none.

        Raises `NoSpace` and other `StoreError`: whether the changes took place is then known after the next `refresh`.
        """
        alone = 0
        for attempt in range(ATTEMPTS_MAX):
            before = self._ledger.head.manifest.generation
            try:
                self._unsettled.update(self._ledger.refresh())
                alone = alone + 1 if attempt and self._ledger.head.manifest.generation == before else 0
                answers, changes = self._judged(requests)
                if changes:
                    commit(self._ledger, changes)
                    self._durable = self._ledger.head.manifest.generation
                    self.published(len(changes))
                else:
                    self._confirm()
            except (Exists, Gone) as error:
                if alone == ALONE_MAX and isinstance(error, Exists):
                    raise StoreError(f"repository {self.repo!r}: generation {before + 1} cannot be published although no other "
                                     f"writer has done it ({error}); look what is there under its name") from error
                self.conflicted()
                self._pause(random.uniform(0, min(PAUSE_SECONDS_MAX, 0.001 * 2**attempt)))
                continue
            self._unsettled.update(changes)
            return self._done(answers)
        raise StoreError(
            f"repository {self.repo!r}: {ATTEMPTS_MAX} times another writer was first, or took away what was there; "
            "look for one that does nothing but write"
        )

    def _confirm(self) -> None:
        """Make what was heard of durable, before anybody is told of it."""
        generation = self._ledger.head.manifest.generation
        if generation != self._durable:
            self._ledger.head.generations.confirm()
            self._durable = generation

    def _judged(self, requests: Sequence[Request | Malformed]) -> tuple[tuple[bytes, ...], Changes]:
        """The answers to *requests* on top of the newest generation, and what they change."""
        below = Draft(self.tree)
        below.take(self._unsettled)
        draft = Draft(below)
        return tuple([draft.answer(request) for request in requests]), draft.changes()

    def commit_now(self, requests: Sequence[Request | Malformed]) -> Done | None:
        """As `commit`, in a turn of its own; None when another writer has its turn now, and nothing was done."""
        try:
            with self._lock_for(0.0):
                return self.commit(requests)
        except Busy:
            return None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While it lasts it is this writer's turn; or another one's, who had it for longer than anybody can wait.

        Then publishing goes on without, and that one does its work again. So that it comes to an end all the same, the next
        wait is twice as long.
        """
        with ExitStack() as held:
            try:
                held.enter_context(self._lock_for(self._patience_seconds))
                self._patience_seconds = self._target.settings.lock_wait_seconds
            except Busy as busy:
                self._target.tell(f"{busy}; publishing without it")
                self._patience_seconds = min(PATIENCE_SECONDS_MAX, 2 * self._patience_seconds)
            yield

    def behind(self, loose_max: int) -> Behind:
        """What is to be kept up with where *loose_max* packages may be loose. A commit may be going on."""
        manifest = self._ledger.head.manifest
        # Taken at once: while it is looked at, the commit adds to it.
        changed = list(self._ledger.carried.delta.packages.values())
        loose = len(manifest.loose) + len(changed)
        if loose > loose_max and manifest.folded:
            loose -= sum([generation_of(found.stamp) <= manifest.folded for found in changed])
        return Behind(loose > loose_max, len(changed) > UNSETTLED_TIMES * loose_max)

    def folding(self) -> Folding:
        """To put what is loose into shards. Beside commits it may be built, and not published."""
        return Folding(self._target)

    def settling(self) -> Settling:
        """To write into pages, step by step, what was committed."""
        return Settling(self._target)

    def _lock_for(self, wait_seconds: float) -> WriterLock:
        return WriterLock(self._lock, f"repository {self.repo!r}", wait_seconds, self._target.tell)

    def _done(self, answers: tuple[bytes, ...]) -> Done:
        return Done(self._ledger.head.manifest.generation, dict(self._unsettled), answers)
