"""What differs between two generations of a repository: packages that were added, removed, or changed in any facet.

A page that both generations have is not read: names of files are used once, so one stamp is one content. Within a page the
digests decide, because a file may be written anew without being another, as in a rebuild.
"""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.format.page import Entry
from pkgindex.query.hits import DiffHit
from pkgindex.snapshot.snapshot import Snapshot


def differences(before: Snapshot, after: Snapshot) -> Iterator[DiffHit]:
    """The packages that were added, changed or removed, in the order of names, with their versions."""
    old, new = _shipped(before, after), _shipped(after, before)
    for name in sorted(_different(old, new)):
        change = "added" if name not in old else "removed" if name not in new else "changed"
        yield DiffHit(after.repo, after.generation, name, change, before.generation,
                      _versions(before, name), _versions(after, name))


def changed_names(before: Snapshot, after: Snapshot) -> set[str]:
    """The names of these packages, without a look at the packages themselves."""
    return _different(_shipped(before, after), _shipped(after, before))


def _different(old: dict[str, Entry], new: dict[str, Entry]) -> set[str]:
    return {name for name in old.keys() | new.keys() if _digests(old.get(name)) != _digests(new.get(name))}


def _shipped(snapshot: Snapshot, other: Snapshot) -> dict[str, Entry]:
    return {name: entry for name, entry in snapshot.entries(besides=other) if entry.shipped}


def _digests(entry: Entry | None) -> tuple[bytes, dict[str, bytes], dict[str, bytes]] | None:
    return (entry.meta, entry.files, entry.texts) if entry is not None else None


def _versions(snapshot: Snapshot, name: str) -> tuple[str, ...]:
    package = snapshot.package(name, files=False)
    return tuple(dict.fromkeys(version for version, _ in package.releases)) if package is not None else ()
