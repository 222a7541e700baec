"""What is installed on a host, brought into an index: only the difference to what is indexed is submitted.

    look        for a difference, see `looking`; mostly there is none, and that is all
    lock        the repository's sync
    settle      what was submitted before: packed, or waited for while another packer has it; and look again
    tell        what that changes of which version, for whoever asks later
    submit      one file of JSON Lines: each changed package as a whole, each that is gone as removed
    pack        it, at once

Invariants:

* What is submitted has, once packed, the digests that it was compared by; so a host that has not changed submits nothing.
* Two that sync the same repository do it one after the other: else the older look at the host might be packed last.
* Nothing is compared with an index that lacks what an earlier sync submitted: what that one saw installed and is gone by
  now would stay, and what is submitted now might be packed before it.
* Who finds nothing changed takes no lock, writes nothing, and imports nothing of what packs: that is two thirds of its time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Busy, StoreError
from pkgindex.service import looking, remembered
from pkgindex.service.log import silent
from pkgindex.service.looking import Found
from pkgindex.service.remembered import Remembered
from pkgindex.sources.hosts.database import Database
from pkgindex.spool.identity import parse_folder
from pkgindex.spool.recovery import holders
from pkgindex.spool.spool import Spool
from pkgindex.store.faults import unwritten

if TYPE_CHECKING:
    from pkgindex.service.packing import Outcome

LOCK = "sync.lock"
MEMORY = "sync.seen"
# Between two looks whether another packer has finished.
PAUSE_SECONDS = 0.1


class Synced(NamedTuple):
    """What a sync found changed; `outcome` is None when that is nothing, or when it was only to be looked at.

    `troubles` says what could not be read, and stays as it was.
    """

    repo: str
    manager: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    troubles: tuple[str, ...]
    packages: int
    outcome: Outcome | None
    seconds: float

    @property
    def differs(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def sync(settings: Settings, database: Database, repo: str = "", tell: Callable[[str], None] = silent) -> Synced:
    """Bring what *database* has into *repo* (its own, if that is empty); spool and index are made when they are missing.

    Raises `NotFound` where there is no such database, `Rejected` for one that cannot be read, `Busy` while its manager is
    at work, another sync is, or another packer has what was submitted before, and `StoreError`; what was submitted by then
    stays in the spool.
    """
    began = time.monotonic()
    repo = repo or database.repo
    spool, until = Spool(settings.spool), began + settings.lock_wait_seconds
    try:
        database.state()  # one that is not there is not waited for
        before = remembered.load(spool.folder(repo, MEMORY))
        # Before the look: what is packed during it is not in the generation that is looked at.
        unsettled = os.path.lexists(spool.root) and bool(_unsettled(spool, repo))
        found = looking.found(settings, database, repo, before, until, tell)
    except OSError as error:
        raise unwritten(error, os.path.join(database.place, str(error.filename or ""))) from error
    outcome = None
    if unsettled or found.lines or found.seen != before:
        found, outcome = _brought(settings, database, repo, until, found, before, tell)
    return _synced(repo, database, found, outcome, began)


def _brought(
    settings: Settings, database: Database, repo: str, until: float, found: Found, before: Remembered,
    tell: Callable[[str], None],
) -> tuple[Found, Outcome | None]:
    """The difference to what is indexed, packed: *found*, or what is found anew when somebody else was quicker."""
    from pkgindex.service import changelog
    from pkgindex.service.packing import pack_repository, target
    from pkgindex.service.repositories import make
    from pkgindex.sources.hosts.diaries import removals
    from pkgindex.store.apart import told_apart
    from pkgindex.store.lock import WriterLock

    spool = _spool(settings, repo)
    lock = WriterLock(spool.folder(repo, LOCK), f"the sync of {repo!r}", settings.lock_wait_seconds, tell)
    with told_apart(spool.root), lock:
        _settle(settings, spool, repo, until, tell)
        memory, outcome = spool.folder(repo, MEMORY), None
        now = remembered.load(memory)
        if now != before or looking.generation_of(settings, repo) != found.generation:
            before, found = now, looking.found(settings, database, repo, now, until, tell)
        if found.lines:
            make(settings, repo, database.ordering)
            backend = target(settings, repo).backend
            changelog.tell(backend, repo, found.lines, settings.keep_changes_seconds,
                           diary=lambda: removals(database.manager, database.root))
            spool.submit_bytes(repo, f"{database.manager}.jsonl", b"".join(found.lines), "incremental")
            outcome = pack_repository(settings, spool, repo, tell)
            if outcome.stuck:
                raise StoreError(outcome.unmoved[0])
        if found.seen != before:
            remembered.store(memory, found.seen)
    return found, outcome


def _settle(settings: Settings, spool: Spool, repo: str, until: float, tell: Callable[[str], None]) -> None:
    """What an earlier sync submitted comes before this one: packed here, or by who has it.

    What waits for its sender, in `incoming`, is tried once. Raises `Busy` and `StoreError`.
    """
    from pkgindex.service.packing import pack_repository

    tried: set[str] = set()
    while _unsettled(spool, repo) - tried:
        outcome = pack_repository(settings, spool, repo, tell)
        if outcome.stuck:
            raise StoreError(outcome.unmoved[0])
        tried.update(outcome.waiting)
        held = holders(spool.folder(repo))
        if held:
            who = f"what was submitted to {repo!r} before is being packed by {_writer(held[0])}"
            if time.monotonic() >= until:
                raise Busy(f"{who}: nothing was compared or submitted; sync again when it has finished")
            tell(f"{who}; waiting")
            time.sleep(PAUSE_SECONDS)


def _unsettled(spool: Spool, repo: str) -> set[str]:
    """What waits in `incoming`, and the folders of writers that hold claims.

    One is moved to the other while this looks, and back when packing fails: so `incoming` is looked at before and after.
    """
    before = spool.incoming(repo)
    held = holders(spool.folder(repo))
    return {*held, *(entry.name for entry in (*before, *spool.incoming(repo)))}


def _writer(folder: str) -> str:
    writer = parse_folder(folder)
    return f"process {writer.pid} on {writer.host}" if writer else folder


def preview(settings: Settings, database: Database, repo: str = "", tell: Callable[[str], None] = silent) -> Synced:
    """What `sync` would submit. Nothing is written."""
    began = time.monotonic()
    repo = repo or database.repo
    before = remembered.load(Spool(settings.spool).folder(repo, MEMORY))
    found = looking.found(settings, database, repo, before, began + settings.lock_wait_seconds, tell)
    return _synced(repo, database, found, None, began)


def line(synced: Synced) -> str:
    """One line for a person and a log."""
    said = f"{synced.repo}: "
    if not synced.differs:
        said += f"nothing changed, {synced.packages} packages"
    else:
        generation = synced.outcome.report.generation if synced.outcome else 0
        # A packer that watches the spool may have been quicker.
        done = "would be submitted" if synced.outcome is None else f"generation {generation}" if generation else "submitted"
        said += f"{done}, {len(synced.added)} added, {len(synced.changed)} changed, {len(synced.removed)} removed"
    if synced.troubles:
        said += f", {len(synced.troubles)} unreadable"
    return f"{said}, {synced.seconds:.2f} s"


def _synced(repo: str, database: Database, found: Found, outcome: Outcome | None, began: float) -> Synced:
    return Synced(
        repo, database.manager, tuple(found.added), tuple(found.changed), tuple(found.removed),
        tuple(trouble.reason for trouble in found.troubles), len(found.seen.packages), outcome, time.monotonic() - began,
    )


def _spool(settings: Settings, repo: str) -> Spool:
    spool = Spool(settings.spool)
    # A directory that is there without its sentinel may be the place where a share is to be mounted.
    if not os.path.lexists(spool.root):
        spool.create()
    spool.require()
    if not os.path.isdir(spool.folder(repo)):
        spool.add(repo)
    return spool
