"""What is installed, and will be when packages are unpacked one after the other: read from a generation, and laid over it.

Paths are bytes, as they are stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from pkgindex.format.reverse import BIT
from pkgindex.model.package import Alternative, Package, Release
from pkgindex.query.unpacking.rules import answers, wanted
from pkgindex.snapshot.snapshot import Snapshot

_NEEDING = ("depends", "pre-depends", "recommends")


class Unpacked(NamedTuple):
    """A package that was unpacked in thought; *hollow*: it has directories and links, and no file of its own."""

    release: Release
    files: frozenset[bytes]
    hollow: bool


class Installed:
    """The packages of *snapshot*, until others are put there."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._laid: dict[str, Unpacked | None] = {}
        self._taken: set[tuple[bytes, str]] = set()
        self._known: dict[str, Package | None] = {}

    def releases(self, name: str) -> list[Release]:
        """What is installed of a package; nothing when it is not, or only its configuration is left."""
        if name in self._laid:
            laid = self._laid[name]
            return [] if laid is None else [laid.release]
        package = self._package(name)
        found = package.releases.values() if package is not None else ()
        return [release for release in found if release.fields.get("installed", "true") == "true"]

    def is_configured(self, name: str) -> bool:
        """Whether a package was there before anything was unpacked, and in use."""
        return name not in self._laid

    def version(self, name: str) -> str:
        return next((release.version for release in self.releases(name)), "")

    def files(self, name: str) -> frozenset[bytes]:
        """The files of a package, and its directories that are empty."""
        if name in self._laid:
            laid = self._laid[name]
            return frozenset() if laid is None else laid.files
        package = self._snapshot.package(name)
        return frozenset(path for paths in package.files.values() for path in paths) if package is not None else frozenset()

    def listed(self, name: str) -> set[bytes]:
        """All that stands in the list of a package: its files that nobody took, and the directories that they lie in."""
        found = {path for path in self.files(name) if (path, name) not in self._taken}
        for path in list(self.files(name)):
            while (path := path.rpartition(b"/")[0]) and path not in found:
                found.add(path)
        return found

    def is_shared(self, path: bytes, besides: Collection[str]) -> bool:
        """Whether an installed package that is not one of *besides* has *path*, as a file or a directory."""
        names = (*self.owners([path]).get(path, ()), *self.owners_below(path))
        return any(name not in besides for name in names)

    def is_needed(self, name: str) -> bool:
        """Whether an installed package needs or recommends *name*, and nothing else will do."""
        names = {name, *[each.name for release in self.releases(name) for each in wanted(release, "provides")]}
        return any(
            self._lacks(dependant, kind, names, name)
            for kind in _NEEDING
            for dependant in {*[found for each in names for found in self._naming(kind, each)], *self._laid}
        )

    def _lacks(self, dependant: str, kind: str, names: set[str], without: str) -> bool:
        """Whether a relation of *dependant* names one of *names*, and *without* that package nothing answers it."""
        return dependant != without and any(
            any(named.name in names for named in relation) and not any(self.answering(named, without) for named in relation)
            for release in self.releases(dependant) for relation in release.relations.get(kind, ())
        )

    def owners(self, paths: Collection[bytes]) -> dict[bytes, list[str]]:
        """The installed packages that own each of *paths*."""
        found: dict[bytes, list[str]] = {}
        for path, package in self._snapshot.owners(paths):
            if package not in self._laid and (path, package) not in self._taken and self.releases(package):
                found.setdefault(path, []).append(package)
        for package, laid in self._laid.items():
            for path in laid.files.intersection(paths) if laid is not None else ():
                if (path, package) not in self._taken:
                    found.setdefault(path, []).append(package)
        return found

    def owners_below(self, directory: bytes) -> list[str]:
        """The installed packages that have something below *directory*."""
        beginning = directory + b"/"
        found = {package for _, package in self._snapshot.below(beginning) if package not in self._laid}
        for name, laid in self._laid.items():
            if laid is not None and any(path.startswith(beginning) for path in laid.files):
                found.add(name)
        return sorted(name for name in found if self.releases(name))

    def answering(self, named: Alternative, besides: str) -> list[str]:
        """The installed packages but *besides* that are what *named* names."""
        names = dict.fromkeys([named.name, *self._naming("provides", named.name), *self._laid])
        return [name for name in names if name != besides
                and any(answers(name, release, named) for release in self.releases(name))]

    def conflicting_with(self, package: str, release: Release) -> list[str]:
        """The installed packages that say that they conflict with *release* of *package*."""
        names = [package, *[provided.name for provided in wanted(release, "provides")]]
        rivals = dict.fromkeys([*[rival for name in names for rival in self._naming("conflicts", name)], *self._laid])
        return [rival for rival in rivals if rival != package
                and any(answers(package, release, named)
                        for other in self.releases(rival) for named in wanted(other, "conflicts"))]

    def put(self, package: str, unpacked: Unpacked, taken: Iterable[tuple[bytes, str]]) -> None:
        """*package* is there now as it was *unpacked*; *taken* are paths with the packages that they were taken from."""
        self._laid[package] = unpacked
        self._taken -= {(path, package) for path in unpacked.files}
        self._taken.update(taken)

    def hollow(self) -> list[str]:
        """The unpacked packages that have no file of their own."""
        return [name for name, laid in self._laid.items() if laid is not None and laid.hollow]

    def remove(self, package: str) -> None:
        self._laid[package] = None

    def _package(self, name: str) -> Package | None:
        if name not in self._known:
            self._known[name] = self._snapshot.package(name, files=False)
        return self._known[name]

    def _naming(self, kind: str, name: str) -> Iterator[str]:
        """The indexed packages that name *name* in a relation of *kind*."""
        for package, mask in zip(*self._snapshot.dependants(name), strict=True):
            if mask & BIT[kind]:
                yield package
