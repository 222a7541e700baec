"""What is in a package, for one who looks for several things in it: read once, and no more of it than is asked for."""

from __future__ import annotations

from functools import cached_property

from pkgindex.model.package import Package
from pkgindex.model.thing import DEPEND, Thing, path_types, things
from pkgindex.query.patterns import Pattern

# A thing of a package. A file is the place of its path in the list, because a package may have 20,000.
Found = Thing | int


class Contents:
    """A package, with its paths as text and in order."""

    def __init__(self, package: Package) -> None:
        self.package = package

    @cached_property
    def paths(self) -> list[str]:
        """The paths of all architectures, with NUL for a newline as they are stored."""
        return self._block.split("\n") if self._block else []

    @cached_property
    def _block(self) -> str:
        lists = list(self.package.files.values())
        paths = lists[0] if len(lists) == 1 else sorted({path for listed in lists for path in listed})
        return b"\n".join(paths).decode("utf-8", "surrogateescape")

    def select(self, pattern: Pattern) -> list[int]:
        """The places of the paths that fit. Most packages have none, and one look over the whole list says so."""
        if not self._block or not pattern.may(self._block):
            return []
        return pattern.select(self.paths)

    def path(self, place: int) -> str:
        """A path as it is."""
        return self.paths[place].replace("\0", "\n")

    @cached_property
    def types(self) -> dict[str, str]:
        """What is no plain file, by its path."""
        return path_types(self.package)

    def type_of(self, found: Found) -> str:
        return found.type if isinstance(found, Thing) else self.types.get(self.path(found), "file")

    @cached_property
    def things(self) -> list[Thing]:
        """All things but files."""
        return list(things(self.package, files=False))

    @cached_property
    def actions(self) -> list[Thing]:
        """The same as pkg(5) has them: dependencies as their source wrote them, where it did."""
        written = any(thing.values[:1] and thing.values[0][0].startswith(DEPEND) for thing in self.things)
        if not written:
            return self.things
        return [thing for thing in self.things if thing.type != "depend" or thing.values[0][0].startswith(DEPEND)]

    @cached_property
    def everything(self) -> frozenset[Found]:
        return frozenset((*self.things, *range(len(self.paths))))
