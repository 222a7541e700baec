"""From requests to a generation: judged in order on top of the newest one, published together, and judged again when
another writer was first.

Invariants:

* What is answered OK is published and durable, also what another server has published: it may have been killed before it
  flushed the name of that.
* A change that another server published is never lost: what was heard and could not be told, because something failed
  after it, is told with the next result.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pkgindex.errors import Busy, Exists, Gone, StoreError
from pkgindex.format.names import generation_of
from pkgindex.packer.commit import commit
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.target import Target
from pkgindex.service.tree.known import Done
from pkgindex.service.tree.protocol import Malformed, Request
from pkgindex.service.tree.state import Changes, Draft, Tree
from pkgindex.service.tree.turns import Turns

ATTEMPTS_MAX = 100
# So often in a row a name is found taken, and no new generation: then it is no other writer's doing.
ALONE_MAX = 5
PAUSE_SECONDS_MAX = 0.5
# A question about words reads each package that is loose; one that stands in no page costs who opens the index a
# tenth of that, and some two files to whoever writes them.
UNSETTLED_TIMES = 4


class Behind(NamedTuple):
    """Whether more is loose, or stands in no page, than may be."""

    loose: bool
    unsettled: bool


class Committer:
    """Reads and writes the tree of one repository; *turns* are for `commit_now`. One call at a time."""

    def __init__(
        self, target: Target, turns: Turns | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.tree = Tree()
        self.repo = target.repo
        self._ledger = Ledger(target)
        self._turns = turns or Turns(target, None)
        self._pause = pause
        # What is in the tree, and was not told yet.
        self._untold: Changes = {}
        # The newest generation that is known to be durable.
        self._durable = 0

    def refresh(self) -> Done:
        """Hear what others published."""
        self._take(self._ledger.refresh())
        self._confirm()
        return self._told(Done(self._generation(), {}))

    def commit(self, requests: Sequence[Request | Malformed]) -> Done:
        """Answer *requests*, and publish what they change, as one generation; where they change nothing, none.

        Raises `NoSpace` and other `StoreError`: whether the changes took place is then known after the next `refresh`.
        """
        alone = 0
        for attempt in range(ATTEMPTS_MAX):
            before = self._generation()
            try:
                self._take(self._ledger.refresh())
                alone = alone + 1 if attempt and self._generation() == before else 0
                answers, changes = self._judged(requests)
                if changes:
                    commit(self._ledger, changes)
                    self._durable = self._generation()
                else:
                    self._confirm()
            except (Exists, Gone) as error:
                if alone == ALONE_MAX and isinstance(error, Exists):
                    raise StoreError(f"repository {self.repo!r}: generation {before + 1} cannot be published although no other "
                                     f"writer has done it ({error}); look what is there under its name") from error
                self._pause(random.uniform(0, min(PAUSE_SECONDS_MAX, 0.001 * 2**attempt)))
                continue
            self._take(changes)
            return self._told(Done(self._generation(), {}, answers, len(changes), attempt))
        raise StoreError(
            f"repository {self.repo!r}: {ATTEMPTS_MAX} times another writer was first, or took away what was there; "
            "look for one that does nothing but write"
        )

    def _confirm(self) -> None:
        """Make what was heard of durable, before anybody is told of it."""
        if self._generation() != self._durable:
            self._ledger.head.generations.confirm()
            self._durable = self._generation()

    def commit_now(self, requests: Sequence[Request | Malformed]) -> Done | None:
        """As `commit`, in a turn of its own; None, and nothing was done, when another writer has its turn for a while."""
        try:
            with self._turns.soon():
                return self.commit(requests)
        except Busy:
            return None

    def behind(self, loose_max: int) -> Behind:
        """What is to be kept up with where *loose_max* packages may be loose."""
        manifest, changed = self._ledger.head.manifest, self._ledger.carried.delta.packages
        loose = len(manifest.loose) + len(changed)
        if loose > loose_max and manifest.folded:
            loose -= sum([generation_of(found.stamp) <= manifest.folded for found in changed.values()])
        return Behind(loose > loose_max, len(changed) > UNSETTLED_TIMES * loose_max)

    def _judged(self, requests: Sequence[Request | Malformed]) -> tuple[tuple[bytes, ...], Changes]:
        """The answers to *requests* on top of what is known, and what they change."""
        draft = Draft(self.tree)
        return tuple([draft.answer(request) for request in requests]), draft.changes()

    def _take(self, changes: Changes) -> None:
        self.tree.take(changes)
        self._untold.update(changes)

    def _told(self, done: Done) -> Done:
        """*done*, with all that was not told."""
        changes, self._untold = self._untold, {}
        return done._replace(changes=changes)

    def _generation(self) -> int:
        return self._ledger.head.manifest.generation
