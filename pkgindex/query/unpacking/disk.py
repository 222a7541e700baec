"""What stands on a host's disk, and will when packages are unpacked one after the other.

Where the disk is not at hand the index tells what it can: a file from an empty directory it does not.
"""

from __future__ import annotations

import os

from pkgindex.model.paths import shown, stored
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.sources.hosts.standing import Standing
from pkgindex.sources.hosts.tree import Tree, resolved

NOTHING, DIRECTORY, FILE, EITHER = "nothing", "directory", "file", "file or directory"


class Disk:
    """The disk that *tree* is of, or, where that is None, what *snapshot* says of one."""

    def __init__(self, snapshot: Snapshot, tree: Tree | None) -> None:
        self._snapshot = snapshot
        self._tree = tree
        self._standing = Standing(tree) if tree is not None else None
        # What is there now, and where it leads if it is a link: for good, and as long as a package is tried.
        self._laid: dict[bytes, tuple[str, bytes]] = {}
        self._new: dict[bytes, tuple[str, bytes]] = {}
        # Where each path leads instead, and for the sake of which package.
        diversions = self._standing.diversions() if self._standing is not None else ()
        self.diversions = {stored(origin): (stored(place), package) for origin, place, package in diversions}

    def at(self, path: bytes) -> str:
        """What is at *path*; a link is a file."""
        laid = self._found(path)
        if laid is not None:
            return laid[0]
        if self._tree is None:
            return self._indexed(path)
        place = f"{self._tree.root}{shown(path)}"
        if not os.path.lexists(place):
            return NOTHING
        return DIRECTORY if os.path.isdir(place) and not os.path.islink(place) else FILE

    def leads_to_directory(self, path: bytes) -> bool:
        """Whether *path* is a link to a directory."""
        return self.at(self._resolved(path)) == DIRECTORY

    def leads_where(self, path: bytes, target: bytes) -> bool:
        """Whether *path* leads to the directory that a link to *target* in its place would lead to."""
        aimed = target if target.startswith(b"/") else path.rpartition(b"/")[0] + b"/" + target
        real = self._resolved(path)
        return self.at(real) == DIRECTORY and self._resolved(aimed) == real

    def other_names(self, path: bytes) -> list[bytes]:
        """The names but *path* that lead to the same file, through directories that are links."""
        if self._standing is None:
            return []
        names = map(stored, self._standing.spelled(self._standing.real(shown(path))))
        return [name for name in names if name != path]

    def make_directory(self, path: bytes) -> None:
        """If nothing is there, a directory is from now on."""
        if self.at(path) in (NOTHING, EITHER):
            self.lay(path, DIRECTORY)

    def keep(self) -> None:
        """All that was laid since is there for good."""
        self._laid.update(self._new)
        self._new = {}

    def forget(self) -> None:
        """Nothing that was laid since is there."""
        self._new = {}

    def lay(self, path: bytes, kind: str, target: bytes = b"") -> None:
        """From now on this stands there; *target* is where it leads when it is a link."""
        self._new[path] = (kind, target)

    def _found(self, path: bytes) -> tuple[str, bytes] | None:
        return self._new.get(path) or self._laid.get(path)

    def _resolved(self, path: bytes) -> bytes:
        return stored(resolved(shown(path), self._target))

    def _target(self, path: str) -> str | None:
        laid = self._found(stored(path))
        if laid is not None:
            return shown(laid[1]) or None
        return self._tree.target(path) if self._tree is not None else None

    def _indexed(self, path: bytes) -> str:
        if next(self._snapshot.below(path + b"/"), None) is not None:
            return DIRECTORY
        return EITHER if any(True for _ in self._snapshot.owners([path])) else NOTHING
