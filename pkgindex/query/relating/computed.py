"""What a package alone cannot tell: who needs it and whom it needs, to the end; whether something it needs is missing; whether
it has changed.

A package needs another when it names it, or something it provides, in one of the kinds of `NEEDS`. Architectures are not told
apart: what is there for any is there.

Invariants:

* `needs` and `needed_by` are one relation, read backwards and forwards, for names of packages.
* An answer is worked out once for a generation, and nothing here is kept beyond it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from pkgindex.errors import Corrupt, Gone
from pkgindex.format.reverse import BIT
from pkgindex.model.package import NEEDS, Alternative, Package, Relation
from pkgindex.query.relating.providers import provided_by, providers, satisfying
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pkgindex.query.relating.graph import Graph

_NEEDS = sum(BIT[kind] for kind in NEEDS)
# A small question reads fewer, and the lists of all packages take as long as 20,000.
FILES_MAX = 1_000


class Computed:
    """*snapshot* is a generation of what *reader* reads. Everything here raises `Gone` and `Corrupt`.

    Relations are followed through the packages' files, and after *files_max* of these through the lists of the text shards.
    """

    def __init__(self, snapshot: Snapshot, reader: Reader, files_max: int = FILES_MAX) -> None:
        self._files_left = files_max
        self.snapshot = snapshot
        self._reader = reader
        self._needs: dict[tuple[str, bool], frozenset[str]] = {}
        self._needed_by: dict[tuple[str, bool], frozenset[str]] = {}
        self._answering: dict[str, list[str]] = {}
        self._satisfied: dict[Alternative, bool] = {}
        self._changed: dict[int, frozenset[str]] = {}

    # Following relations to the end

    def needs(self, name: str, glob: bool = False) -> frozenset[str]:
        """The packages that need *name*, which may be virtual; as a *glob*, those that need one it fits."""
        if (name, glob) not in self._needs:
            self._needs[name, glob] = self._reached(glob, self._named(name, glob), self._dependants)
        return self._needs[name, glob]

    def needed_by(self, name: str, glob: bool = False) -> frozenset[str]:
        """The packages that the package *name* needs; of a *glob*, those that one it fits needs."""
        if (name, glob) not in self._needed_by:
            self._needed_by[name, glob] = self._reached(glob, self._named(name, glob), self._dependencies)
        return self._needed_by[name, glob]

    def _reached(self, glob: bool, starts: list[str], steps: Callable[[str], Iterable[str]]) -> frozenset[str]:
        """Everything that *steps* lead to from *starts*; a package alone is not among its own, whatever circle it is in."""
        found: set[str] = set()
        waiting = list(starts)
        while waiting:
            for name in steps(waiting.pop()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return frozenset(found if glob else found.difference(starts))

    def _named(self, name: str, glob: bool) -> list[str]:
        """The names that *name* means: itself where that is known, and else in upper or lower case; of a *glob* what fits."""
        if glob:
            from pkgindex.query.globs import glob_test

            fits = glob_test(name, False)
            return [found for found, _ in self.snapshot.entries() if fits(found)]
        if self.snapshot.entry(name) is not None:
            return [name]
        folded = name.casefold()
        return [found for found, _ in self.snapshot.entries() if found.casefold() == folded]

    def _dependants(self, name: str) -> Iterator[str]:
        yield from self._naming(name)
        for virtual in self._provided_by(name) - {name}:
            yield from self._naming(virtual)

    def _naming(self, name: str) -> list[str]:
        """Who names *name* as something it needs."""
        graph = self._graph_when_worth()
        found = graph.naming(name) if graph is not None else None
        if found is None:
            found = [package for package, mask in zip(*self.snapshot.dependants(name), strict=True) if mask & _NEEDS]
        return found

    def _provided_by(self, name: str) -> set[str]:
        graph = self._graph_when_worth()
        found = graph.provided_by(name) if graph is not None else None
        return found if found is not None else provided_by(self.snapshot, name)

    def _graph_when_worth(self) -> Graph | None:
        self._files_left -= 1
        return self._graph if self._files_left < 0 else None

    @cached_property
    def _graph(self) -> Graph | None:
        """None when a shard is damaged or gone: what it repeats stands in the packages' files."""
        from pkgindex.query.relating.graph import Graph

        try:
            return Graph(self.snapshot)
        except (Corrupt, Gone):
            return None

    def _dependencies(self, name: str) -> Iterator[str]:
        for kind in NEEDS:
            for relation in self.snapshot.relations(name, kind):
                for alternative in relation:
                    yield from self._answers_to(alternative.name)

    def _answers_to(self, name: str) -> list[str]:
        """The packages that are called *name* or provide it."""
        if name not in self._answering:
            entry = self.snapshot.entry(name)
            own = [name] if entry is not None and entry.shipped else []
            self._answering[name] = own + providers(self.snapshot, name)
        return self._answering[name]

    # Orphans

    def orphan(self, package: Package) -> bool:
        """Whether no other package needs it."""
        return self._is_orphan(package.name)

    @cached_property
    def orphans(self) -> frozenset[str]:
        """All of them."""
        self._files_left = 0
        return frozenset(
            name for name, entry in self.snapshot.entries()
            if entry.shipped and self._is_orphan(name)
        )

    def _is_orphan(self, package: str) -> bool:
        return not self._named_by_others(package, package) and not any(
            self._named_by_others(virtual, package) for virtual in self._provided_by(package))

    def _named_by_others(self, name: str, package: str) -> bool:
        return any(other != package for other in self._naming(name))

    # What is missing

    def broken(self, package: Package) -> bool:
        """Whether a release of it needs what no shipped package is or provides, in no version that is asked for."""
        return next(self._unsatisfied(package), None) is not None

    def _unsatisfied(self, package: Package) -> Iterator[Relation]:
        for release in package.releases.values():
            for kind in NEEDS:
                for relation in release.relations.get(kind, ()):
                    if not self._holds(relation, release.architecture):
                        yield relation

    def _holds(self, relation: Relation, architecture: str) -> bool:
        """A relation of which nothing holds on the architecture asks for nothing there."""
        if any(map(self._is_satisfied, relation)):
            return True
        from pkgindex.model.restrictions import holds_on

        meant = [alternative for alternative in relation if holds_on(alternative, architecture)]
        return not meant

    def _is_satisfied(self, alternative: Alternative) -> bool:
        if alternative not in self._satisfied:
            self._satisfied[alternative] = (
                self._is_shipped(alternative) or next(satisfying(self.snapshot, alternative), None) is not None)
        return self._satisfied[alternative]

    def _is_shipped(self, wanted: Alternative) -> bool:
        entry = self.snapshot.entry(wanted.name)
        if entry is None or not entry.shipped:
            return False
        if not wanted.operator:
            return True
        from pkgindex.model.versions.orderings import ordering_of, satisfies

        package, default = self.snapshot.package(wanted.name, files=False), self.snapshot.manifest.ordering
        return package is not None and any(
            satisfies(release.version, wanted.operator, wanted.version, ordering_of(release, default))
            for release in package.releases.values()
        )

    # What has changed

    def changed_since(self, generation: int) -> frozenset[str]:
        """The packages that were added, changed or removed after *generation*. Raises `NotRetained`, saying what is."""
        if generation not in self._changed:
            from pkgindex.query.relating.differences import changed_names

            before = self._reader.at(generation)
            later = before.generation < self.snapshot.generation
            self._changed[generation] = frozenset(changed_names(before, self.snapshot) if later else ())
        return self._changed[generation]
