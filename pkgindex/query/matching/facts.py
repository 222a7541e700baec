"""What a package alone cannot tell: what its repository knows of it."""

from __future__ import annotations

from typing import Protocol

from pkgindex.model.package import Package, Release

# The fields of a question that are answered so.
COMPUTED = ("needs", "neededby", "orphan", "broken", "changed-since")


class Facts(Protocol):
    """One generation of one repository, as a judge needs to know it."""

    @property
    def repo(self) -> str:
        """The name of the repository."""

    def needs(self, package: Package, name: str, glob: bool) -> bool:
        """Whether *package* needs a package called *name* (one that fits it as a *glob*), in one step or several."""

    def needed_by(self, package: Package, name: str, glob: bool) -> bool:
        """Whether a package called *name* (one that fits it as a *glob*) needs *package*."""

    def orphan(self, package: Package) -> bool:
        """Whether nothing needs it."""

    def broken(self, package: Package) -> bool:
        """Whether something it needs is not there."""

    def changed_since(self, package: Package, generation: int) -> bool:
        """Whether it was added or changed after *generation*. Raises `NotRetained`."""

    def ordering(self, release: Release) -> str:
        """The name of the ordering that versions of *release* are of: see `model.versions.orderings`."""


class Alone:
    """A package in no repository: nothing needs it, nothing is known to be missing, and versions are Debian's."""

    repo = ""

    def needs(self, package: Package, name: str, glob: bool) -> bool:
        return False

    def needed_by(self, package: Package, name: str, glob: bool) -> bool:
        return False

    def orphan(self, package: Package) -> bool:
        return True

    def broken(self, package: Package) -> bool:
        return False

    def changed_since(self, package: Package, generation: int) -> bool:
        return False

    def ordering(self, release: Release) -> str:
        from pkgindex.model.versions.orderings import ordering_of

        return ordering_of(release)
