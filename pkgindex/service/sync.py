"""What is installed on a host, brought into an index: only the difference to what is indexed is submitted.

    wait        until the package manager has done what it is doing
    glance      at its database; what has its old signature has its old digests, and is not read
    compare     digests with those in the pages of the newest generation: no forward file is read
    tell        what that changes of which version, for whoever asks later
    submit      one file of JSON Lines: each changed package as a whole, each that is gone as removed
    pack        it, at once

Invariants:

* What is submitted has, once packed, the digests that it was compared by; so a host that has not changed submits nothing.
* A database that changed while it was looked at is looked at again: half a state is never submitted.
* What could not be read stays in the index as it is. As long as nobody knows whose record that is, nothing is removed.
* Two that sync the same repository do it one after the other: else the older look at the host might be packed last.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Busy, NotFound, Rejected, StoreError
from pkgindex.format.page import Entry
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head
from pkgindex.service import changelog, remembered
from pkgindex.service.describing import as_packed, described, digests
from pkgindex.service.packing import Outcome, pack_repository, silent, target
from pkgindex.service.remembered import Remembered, Seen
from pkgindex.service.repositories import make
from pkgindex.sources.hosts.database import Database, HostPackage, Look, Sighting, Trouble
from pkgindex.spool.spool import Spool
from pkgindex.store.apart import told_apart
from pkgindex.store.lock import WriterLock
from pkgindex.store.place import place_of

LOCK = "sync.lock"
MEMORY = "sync.seen"
# Between two looks whether a package manager has finished.
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
    at work or another sync is, and `StoreError`; what was submitted by then stays in the spool.
    """
    began = time.monotonic()
    repo = repo or database.repo
    with told_apart(database.place):
        database.state()  # before anything is made
    spool = _spool(settings, repo)
    lock = WriterLock(spool.folder(repo, LOCK), f"the sync of {repo!r}", settings.lock_wait_seconds, tell)
    with told_apart(spool.root), lock:
        if spool.incoming(repo):  # what an earlier sync could not pack comes before this one
            pack_repository(settings, spool, repo, tell)
        memory = spool.folder(repo, MEMORY)
        before = remembered.load(memory)
        found = _found(settings, database, repo, before, began + settings.lock_wait_seconds, tell)
        outcome = None
        if found.lines:
            make(settings, repo, database.ordering)
            changelog.tell(target(settings, repo).backend, repo, found.lines, settings.keep_changes_seconds)
            spool.submit_bytes(repo, f"{database.manager}.jsonl", b"".join(found.lines), "incremental")
            outcome = pack_repository(settings, spool, repo, tell)
            if outcome.stuck:
                raise StoreError(outcome.unmoved[0])
        if found.seen != before:
            remembered.store(memory, found.seen)
    return _synced(repo, database, found, outcome, began)


def preview(settings: Settings, database: Database, repo: str = "", tell: Callable[[str], None] = silent) -> Synced:
    """What `sync` would submit. Nothing is written."""
    began = time.monotonic()
    repo = repo or database.repo
    before = remembered.load(Spool(settings.spool).folder(repo, MEMORY))
    found = _found(settings, database, repo, before, began + settings.lock_wait_seconds, tell)
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


class _Found(NamedTuple):
    """The difference; `lines` are what is submitted of it, `seen` what is to be remembered."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    troubles: list[Trouble]
    lines: list[bytes]
    seen: Remembered


def _synced(repo: str, database: Database, found: _Found, outcome: Outcome | None, began: float) -> Synced:
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


def _found(
    settings: Settings, database: Database, repo: str, before: Remembered, until: float, tell: Callable[[str], None]
) -> _Found:
    """The difference between a state of *database* that was there as a whole, and the index."""
    indexed = dict(_indexed(settings, repo))
    why = database.busy()
    while True:
        if not why:
            state = database.state()
            found = _difference(database, state, before, indexed)
            why = database.busy()
            if not why and database.state() == state:
                return found
            why = why or f"{database.place} changes while it is read"
        if time.monotonic() >= until:
            raise Busy(f"{why}: nothing was submitted; try again when it has finished")
        tell(f"{why}; waiting")
        time.sleep(PAUSE_SECONDS)
        why = database.busy()


def _indexed(settings: Settings, repo: str) -> Iterator[tuple[str, Entry]]:
    """What the newest generation ships, by name."""
    place = place_of(settings)
    if place.has(repo):
        head = Head(place.backend(repo), repo)
        for name, entry in Previous(head.backend, head.manifest).entries():
            if entry.shipped:
                yield name, entry


def _difference(database: Database, state: bytes, before: Remembered, indexed: dict[str, Entry]) -> _Found:
    if database.settled and before.state == state and _all_in(before, indexed):
        return _Found([], [], [], [], [], before)
    looked = database.look()
    found = _Found([], [], [], list(looked.troubles), [], Remembered(b"", {}))
    for name, sighting in looked.packages.items():
        _compare(found, name, sighting, before.packages.get(name), indexed.get(name))
    found.removed.extend(_gone(looked, found.troubles, indexed))
    found.lines.extend(_submitted({"name": name, "removed": True}) for name in found.removed)
    return found._replace(seen=found.seen._replace(state=b"" if found.troubles else state))


def _all_in(before: Remembered, indexed: dict[str, Entry]) -> bool:
    return before.packages.keys() == indexed.keys() and all(
        seen.digests.are_of(indexed[name]) for name, seen in before.packages.items()
    )


def _compare(found: _Found, name: str, sighting: Sighting, seen: Seen | None, entry: Entry | None) -> None:
    """Add to *found* what *sighting* is: known, new or changed, or unreadable."""
    known = seen.digests if seen is not None and seen.signature == sighting.signature else None
    if known is None or entry is None or not known.are_of(entry):
        package = _read(found, name, sighting)
        if package is None:
            return
        known = digests(package)
        if entry is None or not known.are_of(entry):
            (found.added if entry is None else found.changed).append(name)
            found.lines.append(_submitted(described(package)))
    found.seen.packages[name] = Seen(sighting.signature, known)


def _read(found: _Found, name: str, sighting: Sighting) -> HostPackage | None:
    try:
        return as_packed(sighting.read())
    except (NotFound, Rejected) as error:
        found.troubles.append(Trouble(name, str(error)))
    except OSError as error:
        found.troubles.append(Trouble(name, f"{name}: {error.filename or 'its record'}: {error.strerror}"))
    return None


def _gone(looked: Look, troubles: list[Trouble], indexed: dict[str, Entry]) -> list[str]:
    """What is indexed and no more in the database; nothing as long as it may hide behind what cannot be read."""
    unreadable = {trouble.package for trouble in troubles}
    return [] if "" in unreadable else sorted(indexed.keys() - looked.packages.keys() - unreadable)


def _submitted(package: dict[str, object]) -> bytes:
    return json.dumps(package).encode() + b"\n"
