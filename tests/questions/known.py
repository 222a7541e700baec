"""What a repository knows of its packages, worked out the slow way: the facts that a judge asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property, partial

from pkgindex.model.package import NEEDS, Alternative, Package, Release
from pkgindex.model.versions import orderings


class Known:
    """*packages* are all there are in the repository *repo*."""

    def __init__(self, repo: str, packages: Mapping[str, Package]) -> None:
        self._repo = repo
        self._packages = packages

    @property
    def repo(self) -> str:
        return self._repo

    def needs(self, package: Package, name: str, glob: bool) -> bool:
        return any(_fits(needed, name, glob) for needed in self._all_needed[package.name])

    def needed_by(self, package: Package, name: str, glob: bool) -> bool:
        return any(package.name in self._all_needed[other] for other in self._packages if _fits(other, name, glob))

    def orphan(self, package: Package) -> bool:
        return not any(package.name in needed for other, needed in self._needed.items() if other != package.name)

    def broken(self, package: Package) -> bool:
        return any(
            not any(True for alternative in relation for _ in self._satisfying(alternative))
            for release in package.releases.values() for kind in NEEDS for relation in release.relations.get(kind, ())
        )

    def changed_since(self, package: Package, generation: int) -> bool:
        return generation < 1

    def ordering(self, release: Release) -> str:
        return orderings.ordering_of(release)

    @cached_property
    def _needed(self) -> dict[str, set[str]]:
        """The packages of which each names one in a relation, by name or by what it provides, whatever the version."""
        return {
            name: {other for release in package.releases.values() for kind, named in release.edges() if kind in NEEDS
                   for other in self._called(named.name)}
            for name, package in self._packages.items()
        }

    @cached_property
    def _all_needed(self) -> dict[str, set[str]]:
        found = {name: set(needed) for name, needed in self._needed.items()}
        while self._grow(found):
            pass
        return {name: needed - {name} for name, needed in found.items()}

    @staticmethod
    def _grow(found: dict[str, set[str]]) -> bool:
        before = sum(map(len, found.values()))
        for needed in found.values():
            needed.update(*[found[other] for other in needed])
        return sum(map(len, found.values())) > before

    def _called(self, name: str) -> Iterator[str]:
        for other, package in self._packages.items():
            edges = [edge for release in package.releases.values() for edge in release.edges()]
            if name == other or any(kind == "provides" and provided.name == name for kind, provided in edges):
                yield other

    def _satisfying(self, wanted: Alternative) -> Iterator[str]:
        for other in self._called(wanted.name):
            for release in self._packages[other].releases.values():
                fits = partial(orderings.satisfies, operator=wanted.operator, wanted=wanted.version,
                               ordering=orderings.ordering_of(release))
                if other == wanted.name and fits(release.version):
                    yield other
                for kind, provided in release.edges():
                    if kind == "provides" and provided.name == wanted.name and (
                        not wanted.operator or (provided.version and fits(provided.version))
                    ):
                        yield other


def _fits(found: str, name: str, glob: bool) -> bool:
    return fnmatchcase(found, name) if glob else found == name
