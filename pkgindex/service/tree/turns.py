"""Whose turn it is to write: the writers' lock, as a server takes it again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pkgindex.errors import Busy
from pkgindex.packer.target import Target
from pkgindex.store.lock import WriterLock

PATIENCE_SECONDS_MAX = 3600.0
# Several commits of other servers; whoever packs takes longer.
SOON_SECONDS = 0.05


class Turns:
    """The turns of one process at *target*. *lock* is the writers' lock file; None: it is always its turn."""

    def __init__(self, target: Target, lock: str | None) -> None:
        self._target = target
        self._lock = lock
        self._patience_seconds = target.settings.lock_wait_seconds

    def soon(self) -> WriterLock:
        """A turn in a moment. Raises `Busy` when it is another writer's for longer than a commit takes."""
        return self._lock_for(SOON_SECONDS)

    @contextmanager
    def one(self) -> Iterator[None]:
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

    def _lock_for(self, wait_seconds: float) -> WriterLock:
        return WriterLock(self._lock, f"repository {self._target.repo!r}", wait_seconds, self._target.tell)


@contextmanager
def lock_or_own(lock: str | None) -> Iterator[str]:
    """*lock*; where a place has none, one of this server alone: those of its processes that write have their turns too."""
    if lock is not None:
        yield lock
        return
    with tempfile.TemporaryDirectory(prefix="pkgindex-") as directory:
        yield f"{directory}/writer.lock"
