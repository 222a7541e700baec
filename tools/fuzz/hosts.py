"""Databases of package managers, of a host of which all other files are sound; and what rpm says of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from fuzz import seeds
from fuzz.submissions import require_storable
from fuzz.target import Expected, Target
from pkgindex.errors import NotFound, Rejected
from pkgindex.sources.facts import Paths, Releases
from pkgindex.sources.hosts import apk, conda, dpkg, npm, pacman, pip, rpm
from pkgindex.sources.hosts.database import Database, Look

Databases = Callable[[str], Iterable[Database]]


class _Host:
    """One on which *file* is written again and again; its directories are looked for once."""

    def __init__(self, databases: Databases, file: str) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="pkgindex-fuzz-")
        for name, (same, other) in _FILES.items():
            if same is databases:
                self._write(other, seeds.HOSTS[name][0])
        self._file = os.open(f"{self._root.name}/{file}", os.O_WRONLY)
        self._databases = list(databases(self._root.name))
        for database in self._databases:
            database.state()

    def _write(self, name: str, data: bytes) -> None:
        path = f"{self._root.name}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def try_bytes(self, data: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, data, 0)
        for database in self._databases:
            with Expected(Rejected, NotFound):
                _describe(database.look())


@cache
def _host(databases: Databases, file: str) -> _Host:
    return _Host(databases, file)


def _on_a_host(databases: Databases, file: str, data: bytes) -> None:
    _host(databases, file).try_bytes(data)


def _rpm(data: bytes) -> None:
    _describe(rpm.listed("var/lib/rpm", data))


def _describe(look: Look) -> None:
    for sighting in look.packages.values():
        with Expected(Rejected, NotFound):
            package = sighting.read()
            for release in package.releases:
                require_storable(Releases(package.name, release))
            for paths in package.files.values():
                require_storable(Paths("", [path + b"\t" + package.name.encode() for path in paths]))


_FILES: dict[str, tuple[Callable[[str], Iterable[Any]], str]] = {
    "apk database": (apk.databases, "lib/apk/db/installed"),
    "apk world": (apk.databases, "etc/apk/world"),
    "dpkg database": (dpkg.databases, "var/lib/dpkg/status"),
    "dpkg list": (dpkg.databases, "var/lib/dpkg/info/tool.list"),
    "pacman files": (pacman.databases, "var/lib/pacman/local/a-1-1/files"),
    "pacman database": (pacman.databases, "var/lib/pacman/local/a-1-1/desc"),
    "pip metadata": (pip.databases, "usr/lib/python3/dist-packages/a-1.dist-info/METADATA"),
    "pip record": (pip.databases, "usr/lib/python3/dist-packages/a-1.dist-info/RECORD"),
    "pip origin": (pip.databases, "usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json"),
    "npm package": (npm.databases, "usr/lib/node_modules/a/package.json"),
    "conda package": (conda.databases, "opt/conda/conda-meta/a-1-0.json"),
    "conda history": (conda.databases, "opt/conda/conda-meta/history"),
}


def targets() -> dict[str, Target]:
    found = {
        name: Target(partial(_on_a_host, databases, file), seeds.HOSTS[name])
        for name, (databases, file) in _FILES.items()
    }
    return {"rpm output": Target(_rpm, seeds.HOSTS["rpm output"]), **found}
