"""Generations that say a count: who writes them, and who keeps house meanwhile, each in a process of its own.

Each generation says the writer's count in four packages that depend on each other, and on a name that says it; now and then
one is packed, with files. What a generation says is noted, so that whoever reads it can be judged.
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any, NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Exists, Gone, PkgindexError
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import fold
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.merge import merge
from pkgindex.packer.pack import pack
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.retire import retire
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.store.local import LocalBackend
from pkgindex.store.lock import WriterLock

REPO = "debian"
PACKAGES = ("a", "b", "c", "d")
# Every so many generations one is packed, and its shard written; between them trees are committed.
PACKED_EVERY = 10
LOCK_SECONDS = 30.0
COPIES_MAX = 200


class Place(NamedTuple):
    """A directory with the index, what the processes note, and what they share."""

    directory: str
    acknowledged: Any
    over: Any

    def target(self, **settings: object) -> Target:
        values = {"processes": 1, "grace_seconds": 1.0, "keep_generations": 4, **settings}
        return Target(LocalBackend(f"{self.directory}/index/{REPO}"), REPO, Settings(**values))  # type: ignore[arg-type]

    def lock(self) -> WriterLock:
        return WriterLock(f"{self.directory}/index/{REPO}/writer.lock", "the repository", LOCK_SECONDS)

    def note(self, name: str, *values: object) -> None:
        with open(f"{self.directory}/{name}", "a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")

    def notes(self, name: str) -> list[list[Any]]:
        try:
            with open(f"{self.directory}/{name}", encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []


# The writer

def needs(count: int) -> dict[str, tuple[str, ...]]:
    """Each package depends on the next one, and on a name of its own that says the count."""
    following = [*PACKAGES[1:], ""]
    return {name: tuple(filter(None, (f"{name}{count}", other))) for name, other in zip(PACKAGES, following, strict=True)}


def count_in(name: str) -> int | None:
    """What a name that is depended upon says."""
    return int(name[1:]) if name[1:] else None


def write(place: Place, generations: int) -> None:
    try:
        ledger = Ledger(place.target())
        for count in range(1, generations + 1):
            with place.lock():
                published = _packed(place, count) if count % PACKED_EVERY == 1 else _committed(ledger, count)
            place.note("published", published, count)
            place.acknowledged.value = published
    finally:
        place.over.value = 1


def _packed(place: Place, count: int) -> int:
    path = f"{place.directory}/drop.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        for name, others in needs(count).items():
            file.write(json.dumps({"name": name, "releases": [{"version": "1", "depends": list(others)}],
                                   "files": [f"/{name}/{count}"]}) + "\n")
    submission = Submission(path, "drop.jsonl", f"count-{count}", "incremental")
    return pack(place.target(loose_packages_max=0), [submission]).generation


def _committed(ledger: Ledger, count: int) -> int:
    while True:
        try:
            ledger.refresh()
            commit(ledger, needs(count))
        except (Exists, Gone):
            continue
        return ledger.head.manifest.generation


# Who keeps house meanwhile

def keep_house(place: Place, what: str) -> None:
    act = {"rebuild": _rebuild, "merge": _merge, "fold": _fold, "gc": _gc, "restore": _Restoring()}[what]
    while not place.over.value:
        try:
            act(place)
            place.note("kept", what, "")
        except (Gone, Exists):
            place.note("kept", what, "overtaken")
        except PkgindexError as error:
            place.note("kept", what, str(error))
        time.sleep(0.02)


def _rebuild(place: Place) -> None:
    with place.lock():
        rebuild(place.target())
    time.sleep(0.2)


def _merge(place: Place) -> None:
    merge(place.target(), force=True)


def _fold(place: Place) -> None:
    fold(place.target())


def _gc(place: Place) -> None:
    target = place.target()
    retire(target.backend, REPO, target.settings)


class _Restoring:
    """Copies files, and later puts the copies where they came from: some are there still, some were retired long ago."""

    def __init__(self) -> None:
        self._copies: dict[str, bytes] = {}
        self._random = random.Random(1)

    def __call__(self, place: Place) -> None:
        root = f"{place.directory}/index/{REPO}"
        found = [os.path.join(top, name) for top, _, names in os.walk(root) for name in names
                 if "/tmp" not in top and not name.startswith("writer.lock")]
        if not found:
            return
        path = self._random.choice(found)
        try:
            with open(path, "rb") as file:
                self._copies[path] = file.read()
        except FileNotFoundError:
            return
        if len(self._copies) > COPIES_MAX:
            older = self._random.choice(list(self._copies))
            copy = f"{place.directory}/copy"
            with open(copy, "wb") as file:
                file.write(self._copies.pop(older))
            os.makedirs(os.path.dirname(older), exist_ok=True)
            os.replace(copy, older)
