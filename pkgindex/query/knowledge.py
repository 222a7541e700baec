"""What a repository knows of a package beyond its own record: `matching.facts.Facts`, over one snapshot."""

from __future__ import annotations

from collections.abc import Set
from functools import cached_property

from pkgindex.model.package import Package, Release
from pkgindex.query.language.tree import GLOB, Term
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:  # most questions are about no relation that must be followed
    from pkgindex.query.relating.computed import Computed


class Knowledge:
    """Of *snapshot*; *reader* opens older generations, for what changed since."""

    def __init__(self, snapshot: Snapshot, reader: Reader) -> None:
        self._snapshot = snapshot
        self._reader = reader

    @property
    def repo(self) -> str:
        return self._snapshot.repo

    def packages(self, term: Term) -> Set[str] | None:
        """All packages for which a computed *term* holds, whatever it says of yes and no; None: to be asked one by one."""
        if term.field == "needs":
            return self._computed.needs(term.value, term.kind == GLOB)
        if term.field == "neededby":
            return self._computed.needed_by(term.value, term.kind == GLOB)
        if term.field == "changed-since":
            return self._computed.changed_since(int(term.value))
        return self._computed.orphans if term.field == "orphan" else None

    def needs(self, package: Package, name: str, glob: bool) -> bool:
        return package.name in self._computed.needs(name, glob)

    def needed_by(self, package: Package, name: str, glob: bool) -> bool:
        return package.name in self._computed.needed_by(name, glob)

    def orphan(self, package: Package) -> bool:
        return self._computed.orphan(package)

    def broken(self, package: Package) -> bool:
        return self._computed.broken(package)

    def changed_since(self, package: Package, generation: int) -> bool:
        return package.name in self._computed.changed_since(generation)

    def ordering(self, release: Release) -> str:
        from pkgindex.model.versions.orderings import ordering_of

        return ordering_of(release, self._snapshot.manifest.ordering)

    @cached_property
    def _computed(self) -> Computed:
        from pkgindex.query.relating.computed import Computed

        return Computed(self._snapshot, self._reader)
