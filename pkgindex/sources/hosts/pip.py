"""What is installed in a Python environment, by pip, uv or whatever else: a folder `NAME-VERSION.dist-info` a package, or the
older `.egg-info`.

Names that begin with `~` are what pip moves away before it removes it.
"""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Iterable, Iterator
from functools import partial

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources.hosts import distinfo, files
from pkgindex.sources.hosts.database import Look, Piece, Trouble, look, signed
from pkgindex.sources.hosts.names import repository
from pkgindex.sources.hosts.requirements import normalized
from pkgindex.sources.names import package_name

# Where packages lie below a prefix, as the interpreters of this world have it.
SITES = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages", "lib/pypy3*/site-packages")
PREFIXES = ("", "usr", "usr/local")
# A package whose installer has not written its name for so long is as finished as it will be.
UNFINISHED_SECONDS = 5.0

_DIST = re.compile(r"(?P<name>[^~].*?)(?:-(?P<version>[^-]+)(?:-py[^-]*)?)?\.(?P<kind>dist-info|egg-info)")


class PipDatabase:
    """The packages of one environment; its prefix has one folder of them, or one for each interpreter."""

    manager = "pip"
    ordering = "pep440"
    settled = False

    def __init__(self, root: str, prefix: str, sites: list[str]) -> None:
        self.place = prefix
        self.repo = repository(self.manager, root, os.path.relpath(prefix, root))
        self.watched = tuple(sites)
        self.root = root
        self._sites = sites

    def state(self) -> bytes:
        found = [f"{path} {entry.stat().st_mtime_ns}" for path, entry in self._entries()]
        marks = [files.mark_of(site) for site in self._sites]
        if not any(marks):
            raise NotFound(f"{self.place}: no site-packages here any more")
        return signed(*marks, *(line.encode("utf-8", "surrogateescape") for line in found))

    def busy(self) -> str:
        now = time.time()
        for path, entry in self._entries():
            young = now - entry.stat().st_mtime < UNFINISHED_SECONDS
            if young and path.endswith(".dist-info") and not os.path.lexists(os.path.join(path, "INSTALLER")):
                return f"{path} has just been begun, and nobody has put INSTALLER in it yet"
        return ""

    def look(self) -> Look:
        pieces, troubles = [], []
        for path, entry in self._entries():
            try:
                match = _DIST.fullmatch(entry.name)
                name = package_name(normalized(match["name"] if match else entry.name))
            except Rejected as error:
                troubles.append(Trouble("", f"{path!a}: {error}"))
                continue
            if entry.is_dir():
                marks = [files.mark_of(os.path.join(path, part)) for part in distinfo.PARTS]
            else:
                marks = [files.mark_of(path)]
            signature = signed(os.fsencode(path), *marks)
            pieces.append(Piece(name, signature, partial(distinfo.read, self.root, path, name, entry.is_dir())))
        return look(pieces, troubles)

    def _entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        for site in self._sites:
            try:
                with os.scandir(site) as entries:
                    yield from sorted(
                        (entry.path, entry) for entry in entries
                        if entry.name.endswith((".dist-info", ".egg-info")) and not entry.name.startswith(("~", "."))
                    )
            except FileNotFoundError:
                continue


def databases(root: str, places: Iterable[str] = ()) -> list[PipDatabase]:
    """The environments below *root*: the system's, *root* itself where it is one, and *places*, which may be folders of
    packages or prefixes, with `*` in them."""
    prefixes: dict[str, list[str]] = {}
    for place in [*(os.path.join(root, prefix).rstrip("/") or "/" for prefix in PREFIXES), *files.matching(root, places)]:
        if place.endswith("-packages"):  # PREFIX/lib/python3.11/site-packages
            prefixes.setdefault(os.path.normpath(os.path.join(place, "../../..")), []).append(place)
        else:
            found = [site for shape in SITES for site in sorted(glob.glob(f"{glob.escape(place)}/{shape}"))]
            prefixes.setdefault(place, []).extend(found)
    return _distinct(root, prefixes)


def _distinct(root: str, prefixes: dict[str, list[str]]) -> list[PipDatabase]:
    """A database a prefix, each folder once: `/lib` may be a link to `/usr/lib`, `lib64` one to `lib`."""
    seen: set[tuple[int, int]] = set()
    found = []
    for prefix in sorted(prefixes, key=lambda prefix: (os.path.islink(os.path.join(prefix, "lib")), -len(prefix), prefix)):
        own = []
        for site in prefixes[prefix]:
            status = os.stat(site)
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                own.append(site)
        if own:
            found.append(PipDatabase(root, prefix, own))
    return sorted(found, key=lambda database: database.place)
