"""Questions about files answered from the packages' own files, when a shard is missing or damaged: slower, and the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pkgindex.format.block import pair
from pkgindex.snapshot.paths import Batch, Select
from pkgindex.snapshot.snapshot import Snapshot


def owners(snapshot: Snapshot, wanted: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """What `Snapshot.owners` says."""
    asked = frozenset(wanted)
    return sorted((path, name) for name, paths in _file_lists(snapshot) for path in asked.intersection(paths))


def matching(snapshot: Snapshot, select: Select) -> Iterator[Batch]:
    """What `Snapshot.matching` says, in one batch."""
    found: list[tuple[bytes, str, str]] = []
    for name, stored in _file_lists(snapshot):
        listed = list(stored)
        paths = [path.decode("utf-8", "surrogateescape") for path in listed]
        found += [(pair(listed[place], name), paths[place].replace("\0", "\n"), name) for place in select(paths)]
    if found:
        found.sort()
        yield [path for _, path, _ in found], [package for _, _, package in found]


def _file_lists(snapshot: Snapshot) -> Iterator[tuple[str, set[bytes]]]:
    for name, entry in snapshot.entries():
        package = snapshot.package(name) if entry.shipped and entry.paths else None
        if package is not None:
            yield name, {path for listed in package.files.values() for path in listed}
