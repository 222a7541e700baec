"""A look at a host: how a database of a package manager differs from what is indexed of it.

    wait        until the package manager has done what it is doing
    glance      at its database; what has its old signature has its old digests, and is not read
    compare     digests with those in the pages of the newest generation: no forward file is read

Invariants:

* A database that changed while it was looked at is looked at again: half a state is never told.
* What could not be read stays in the index as it is. As long as nobody knows whose record that is, nothing is removed.
* Nothing is locked, written or packed here, nor imported for it: mostly nothing has changed, and then this is all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Busy, NotFound, Rejected
from pkgindex.format.page import Entry
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head
from pkgindex.service.describing import as_packed, described, digests
from pkgindex.service.remembered import Remembered, Seen
from pkgindex.sources.hosts.database import Database, HostPackage, Look, Sighting, Trouble
from pkgindex.store.generations import Generations
from pkgindex.store.place import place_of

# Between two looks whether a package manager has finished.
PAUSE_SECONDS = 0.1


class Found(NamedTuple):
    """The difference to *generation*; `lines` are what is submitted of it, `seen` what is to be remembered."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    troubles: list[Trouble]
    lines: list[bytes]
    seen: Remembered
    generation: int


def found(
    settings: Settings, database: Database, repo: str, before: Remembered, until: float, tell: Callable[[str], None]
) -> Found:
    """The difference between a state of *database* that was there as a whole, and the index."""
    generation, indexed = _indexed(settings, repo)
    why = database.busy()
    while True:
        if not why:
            state = database.state()
            difference = _difference(database, state, before, indexed)
            why = database.busy()
            if not why and database.state() == state:
                return difference._replace(generation=generation)
            why = why or f"{database.place} changes while it is read"
        if time.monotonic() >= until:
            raise Busy(f"{why}: nothing was submitted; try again when it has finished")
        tell(f"{why}; waiting")
        time.sleep(PAUSE_SECONDS)
        why = database.busy()


def generation_of(settings: Settings, repo: str) -> int:
    """The number of the newest generation of *repo*, 0 where there is none."""
    place = place_of(settings)
    return Generations(place.backend(repo)).head() if place.has(repo) else 0


def _indexed(settings: Settings, repo: str) -> tuple[int, dict[str, Entry]]:
    """The newest generation, and what it ships, by name."""
    place = place_of(settings)
    if not place.has(repo):
        return 0, {}
    head = Head(place.backend(repo), repo)
    entries = Previous(head.backend, head.manifest).entries()
    return head.manifest.generation, {name: entry for name, entry in entries if entry.shipped}


def _difference(database: Database, state: bytes, before: Remembered, indexed: dict[str, Entry]) -> Found:
    if database.settled and before.state == state and _all_in(before, indexed):
        return Found([], [], [], [], [], before, 0)
    looked = database.look()
    found = Found([], [], [], list(looked.troubles), [], Remembered(b"", {}), 0)
    for name, sighting in looked.packages.items():
        _compare(found, name, sighting, before.packages.get(name), indexed.get(name))
    found.removed.extend(_gone(looked, found.troubles, indexed))
    found.lines.extend(_submitted({"name": name, "removed": True}) for name in found.removed)
    return found._replace(seen=found.seen._replace(state=b"" if found.troubles else state))


def _all_in(before: Remembered, indexed: dict[str, Entry]) -> bool:
    return before.packages.keys() == indexed.keys() and all(
        seen.digests.are_of(indexed[name]) for name, seen in before.packages.items()
    )


def _compare(found: Found, name: str, sighting: Sighting, seen: Seen | None, entry: Entry | None) -> None:
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


def _read(found: Found, name: str, sighting: Sighting) -> HostPackage | None:
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
