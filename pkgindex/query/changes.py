"""What changed on the hosts whose packages are indexed: installs, upgrades, removals, over all repositories."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple

from pkgindex.model.changes import Change
from pkgindex.model.package import KINDS, Release
from pkgindex.query.index import Index
from pkgindex.query.relating.relations import written
from pkgindex.snapshot.snapshot import Snapshot


class ChangeHit(NamedTuple):
    """A change of a package, `before` and `after` versions; see `model.changes.Change`. `record`: what was known of a release
    that is gone."""

    repo: str
    generation: int
    package: str
    architecture: str
    action: str
    before: str
    after: str
    at: float
    seen: float
    record: dict[str, Any] | None


def changes(index: Index, since: float, generation: int = 0) -> Iterator[ChangeHit]:
    """All that happened after *since* (seconds since 1970), or else since *generation* was published, the newest first.

    An index that was opened at a generation tells what was known by then.
    """
    def of(snapshot: Snapshot) -> list[Change]:
        reader = index.reader(snapshot.repo)
        found = reader.changes(reader.at(generation).manifest.created) if generation else reader.changes(since)
        return [change for change in found if change.seen <= snapshot.manifest.created] if index.asked.pinned else found

    hits = [[_hit(snapshot, change) for change in found] for snapshot, found in index.asked.each(of)]
    yield from heapq.merge(*hits, key=lambda hit: (-hit.at, -hit.seen))


def _hit(snapshot: Snapshot, change: Change) -> ChangeHit:
    record = None if change.record is None else _record(change.record)
    return ChangeHit(snapshot.repo, snapshot.generation, *change[:-1], record)


def _record(release: Release) -> dict[str, Any]:
    relations = {kind: list(map(written, release.relations[kind])) for kind in KINDS if kind in release.relations}
    return {"fields": dict(release.fields), "relations": relations}
