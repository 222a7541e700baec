"""What is installed on a host, brought into an index: only the difference to what is indexed is submitted.

    look        for a difference, see `looking`; mostly there is none, and that is all
    lock        the repository's sync
    settle      what was submitted before: packed, or waited for while another packer has it
    look        again, if there is something newer to compare with
    tell        what that changes of which version, for whoever asks later
    submit      one file of JSON Lines: each changed package as a whole, each that is gone as removed
    pack        it, at once

Invariants:

* What is submitted has, once packed, the digests that it was compared by; so a host that has not changed submits nothing.
* Two that sync the same repository do it one after the other: else the older look at the host might be packed last.
* Nothing is compared with an index that lacks what an earlier sync submitted: what that one saw installed and is gone by
  now would stay, and what is submitted now might be packed before it.
* Who finds nothing changed, and nothing outstanding, takes no lock, writes nothing, and imports nothing of what packs: that
  is two thirds of its time.
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
from pkgindex.spool.outstanding import outstanding
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
        found = looking.found(settings, database, repo, before, until, tell)
    except OSError as error:
        raise unwritten(error, os.path.join(database.place, str(error.filename or ""))) from error
    outcome = None
    # In this order: what was outstanding during the look, and is not any more, is in a newer generation.
    if found.lines or found.seen != before or outstanding(spool, repo, _drop(database)) or _is_old(settings, repo, found):
        found, outcome = _brought(settings, database, repo, found, before, tell)
    return _synced(repo, database, found, outcome, began)


def _brought(
    settings: Settings, database: Database, repo: str, found: Found, before: Remembered, tell: Callable[[str], None]
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
        _settle(settings, spool, repo, _drop(database), tell)
        memory, outcome = spool.folder(repo, MEMORY), None
        now, until = remembered.load(memory), time.monotonic() + settings.lock_wait_seconds
        if now != before or _is_old(settings, repo, found):
            before, found = now, looking.found(settings, database, repo, now, until, tell)
        if found.lines:
            make(settings, repo, database.ordering)
            backend = target(settings, repo).backend
            changelog.tell(backend, repo, found.lines, settings.keep_changes_seconds,
                           diary=lambda: removals(database.manager, database.root))
            spool.submit_bytes(repo, _drop(database), b"".join(found.lines), "incremental")
            outcome = pack_repository(settings, spool, repo, tell)
            if outcome.stuck:
                raise StoreError(outcome.unmoved[0])
        if found.seen != before:
            remembered.store(memory, found.seen)
    return found, outcome


def _settle(settings: Settings, spool: Spool, repo: str, drop: str, tell: Callable[[str], None]) -> None:
    """What an earlier sync submitted, as *drop*, comes before this one: packed here, or by who has it.

    What cannot be moved is left, and told by who packs next. Raises `Busy` and `StoreError`.
    """
    from pkgindex.service.packing import pack_repository

    until = time.monotonic() + settings.lock_wait_seconds
    while outstanding(spool, repo, drop):
        stuck = {name.removeprefix("claimed/") for name, _ in pack_repository(settings, spool, repo, tell).stuck}
        left = [(name, writer) for name, writer in outstanding(spool, repo, drop).items() if stuck.isdisjoint((name, writer))]
        if not left:
            return
        why = f"what was submitted to {repo!r} before {_where(left[0][1])}"
        if time.monotonic() >= until:
            raise Busy(f"{why}: nothing more was submitted; sync again when that is packed")
        tell(f"{why}; waiting")
        time.sleep(PAUSE_SECONDS)


def _where(folder: str) -> str:
    writer = parse_folder(folder)
    if writer is None:
        return "waits in the spool"
    return f"is claimed by process {writer.pid} on {writer.host}, which packs it, or has it for lease_seconds after it died"


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


def _drop(database: Database) -> str:
    """What a sync calls its submissions."""
    return f"{database.manager}.jsonl"


def _is_old(settings: Settings, repo: str, found: Found) -> bool:
    """Whether there is a newer generation than the one that was looked at."""
    return looking.generation_of(settings, repo) != found.generation


def _spool(settings: Settings, repo: str) -> Spool:
    spool = Spool(settings.spool)
    # A directory that is there without its sentinel may be the place where a share is to be mounted.
    if not os.path.lexists(spool.root):
        spool.create()
    spool.require()
    if not os.path.isdir(spool.folder(repo)):
        spool.add(repo)
    return spool
