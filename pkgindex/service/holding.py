"""Holding claims while they are packed: the heartbeat goes on, and whatever happens each is settled or given back.

Invariants:

* Between its claim and its end, a submission is done, rejected or given back, also when the work on it failed: what cannot
  even be given back (the spool is gone) stays claimed, for recovery.
* What somebody wrote to after it was claimed is not taken for packed: it goes back as a new submission.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from pkgindex.errors import PkgindexError
from pkgindex.spool.claims import Claim, Claims
from pkgindex.spool.identity import current
from pkgindex.spool.spool import Entry, Spool


@contextmanager
def claiming(spool: Spool, repo: str, heartbeat_seconds: float) -> Iterator[Claims]:
    """The claims of a new writer, whose heartbeat goes on until the end."""
    claims = Claims(spool, repo, current())
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(claims, heartbeat_seconds, stop), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield claims
    finally:
        stop.set()
        thread.join()
        # What went wrong before matters more; a folder that is left is cleared by the next recovery.
        with suppress(PkgindexError):
            claims.close()


def _beat(claims: Claims, heartbeat_seconds: float, stop: threading.Event) -> None:
    while not stop.wait(heartbeat_seconds):
        # A beat that fails is made up by the next; the spool's own trouble is met, and told, by who works in it.
        with suppress(PkgindexError):
            claims.beat()


class Held:
    """What was claimed and is not settled yet. `rejected` are names in `rejected`, `waiting` names in `incoming`."""

    def __init__(self, claims: Claims, entries: Iterable[Entry], mode: str | None) -> None:
        self.claims = claims
        self.open: dict[str, Claim] = {claim.path: claim for claim in claims.claim(entries, mode)}
        self.rejected: list[str] = []
        self.waiting: list[str] = list(claims.stuck)

    def done(self, claim: Claim) -> None:
        if self.claims.is_unchanged(claim):
            self.claims.done(claim)
        else:
            self.claims.give_back_anew(claim)
        del self.open[claim.path]

    def reject(self, claim: Claim, reason: str, remedy: str = "") -> None:
        if not claim.unfit and not self.claims.is_unchanged(claim):
            self.wait(claim)
            return
        name = self.claims.reject(claim, reason, remedy)
        if name is not None:
            self.rejected.append(name)
        del self.open[claim.path]

    def wait(self, claim: Claim) -> None:
        """Give it back, to be tried again."""
        if self.claims.give_back(claim):
            self.waiting.append(claim.path.rpartition("/")[2])
        del self.open[claim.path]

    def give_back(self) -> None:
        """All that is not settled."""
        for claim in list(self.open.values()):
            self.wait(claim)


@contextmanager
def held(claims: Claims, entries: Iterable[Entry], mode: str | None, claimed: Callable[[], None]) -> Iterator[Held]:
    """Claim *entries*, call *claimed*; at the end what is not settled is given back, also after a failure."""
    holding = Held(claims, entries, mode)
    try:
        if holding.open:
            claimed()
        yield holding
        holding.give_back()
    except BaseException:
        with suppress(PkgindexError):
            holding.give_back()
        raise
