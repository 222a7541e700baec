"""A repository of the index as a list of packages: what each depends on, cut to what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pkgindex.config import Settings
from pkgindex.model.package import NEEDS, Package
from pkgindex.query.index import Index
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.place import place_of


def needs_in(settings: Settings, repo: str, tell: Callable[[str], None] = lambda words: None) -> dict[str, tuple[str, ...]]:
    """What each package of *repo* depends on, in any release and alternative; names that it does not ship are left out."""
    with Index(place_of(settings), (repo,)) as index:
        return cut(_whole(index.snapshot(repo), tell))


def cut(needs: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """*needs* by name, each sorted; of what they name only what is there.

    >>> cut({"curl": ["libc6", "libcurl4"], "libc6": []})
    {'curl': ('libc6',), 'libc6': ()}
    """
    return {package: tuple(sorted(needs.keys() & names)) for package, names in sorted(needs.items())}


def _whole(snapshot: Snapshot, tell: Callable[[str], None]) -> dict[str, set[str]]:
    # In the order of the pages, for which they are read once.
    names = [name for name, entry in snapshot.entries() if entry.shipped]
    found = {}
    for place, name in enumerate(names, 1):
        package = snapshot.package(name, files=False)
        found[name] = set() if package is None else _needs(package)
        if not place % 500:
            tell(f"reading {snapshot.repo}, {place} of {len(names)}")
    return found


def _needs(package: Package) -> set[str]:
    return {
        target.name for release in package.releases.values() for kind in NEEDS for relation in release.relations.get(kind, ())
        for target in relation
    }
