"""What a look at a host found changed, told before it is submitted.

The generation before says what was there, the submission says what is. What is told is of the host and not of the index:
whatever becomes of the submission, it did happen, and the next look finds it again if it was not published (see
`snapshot.changes`).

Invariants:

* Nothing is told of the first look: what was there before anybody looked is no change.
* What is told is durable before the submission is made.
* A removal has the time in the manager's diary, when that can be right: after it was installed, before it was missed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from pkgindex.errors import NoIndex
from pkgindex.format import changes, names
from pkgindex.model.changes import Change, between
from pkgindex.model.package import Release
from pkgindex.snapshot.changes import stamps_of
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.sources.hosts.diaries import Removals
from pkgindex.store.backend import Backend


def tell(
    backend: Backend, repo: str, lines: Iterable[bytes], keep_seconds: float, now: float | None = None,
    diary: Callable[[], Removals] = dict,
) -> list[Change]:
    """Keep what the submission of *lines* (JSON objects: packages as a whole, or removed) changes in *repo*, and give it.

    *diary* is asked when something was removed, once: when which version of a name went. What was seen more than
    *keep_seconds* ago is forgotten. Raises `StoreError`.
    """
    seen = time.time() if now is None else now
    try:
        snapshot = Reader(backend, repo).snapshot()
    except NoIndex:
        return []
    known = snapshot.manifest.packages  # none yet: nobody has looked before
    found = [change for line in lines for change in _changes(snapshot, json.loads(line), seen)] if known else []
    if any(change.action == "removed" for change in found):
        removals = diary()
        found = [_dated(change, removals) if change.action == "removed" else change for change in found]
    if found:
        stamp = names.changes_stamp(seen, names.token_of(os.urandom(8)))
        # No manifest names it: what has the name is whole, and durable.
        backend.link(names.changes_name(stamp), changes.encode(found, stamp))
    _forget(backend, seen - keep_seconds)
    return found


def _changes(snapshot: Snapshot, line: dict[str, Any], seen: float) -> Iterator[Change]:
    package: str = line["name"]
    known = snapshot.package(package, files=False)
    before = known.releases.values() if known is not None else ()
    for action, old, new in between(before, map(_release, line.get("releases", ())), snapshot.manifest.ordering):
        release = new or old
        assert release is not None
        yield Change(
            package, release.architecture, action, old.version if old else "", new.version if new else "",
            _happened(new, seen), seen, None if new else old,
        )


def _dated(change: Change, removals: Removals) -> Change:
    """*change*, a removal, with the time that *removals* gives it, if that lies between its installation and now."""
    at = removals.get((change.package, change.before), change.at)
    # Diaries and databases tell no fractions of a second.
    came = (_came(change.record) or 0.0) - 1.0
    return change._replace(at=at) if came <= at <= change.seen else change


def _release(described: dict[str, Any]) -> Release:
    return Release(described.get("version", ""), described.get("architecture", ""), described.get("fields", {}))


def _happened(release: Release | None, seen: float) -> float:
    """When the manager says that *release* came, if it says so and that was not after it was seen."""
    came = _came(release)
    return seen if came is None else min(came, seen)


def _came(release: Release | None) -> float | None:
    if release is not None:
        with suppress(ValueError):
            return datetime.fromisoformat(release.fields.get("installed-at", "")).timestamp()
    return None


def _forget(backend: Backend, before: float) -> None:
    for stamp in stamps_of(backend):
        if (names.seen_at(stamp) or 0.0) >= before:
            return
        backend.remove(names.changes_name(stamp))
