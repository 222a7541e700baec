"""What npm has installed in a directory: `node_modules`, and the list of it that each run of npm leaves in
`.package-lock.json`.

Where there is no list, as in the global directory, packages are the folders that have a `package.json`, also below one
another. The same package may be there several times, in several versions.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pkgindex.errors import NotFound, Rejected
from pkgindex.model.package import Relation, Release
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, state_fields
from pkgindex.sources.hosts.jsonfile import json_object
from pkgindex.sources.hosts.names import repository
from pkgindex.sources.hosts.ranges import wanted
from pkgindex.sources.names import Unreadable, package_name

MODULES = "node_modules"
LOCK = ".package-lock.json"
# Where `npm install --global` puts things.
GLOBAL = ("usr/lib", "usr/local/lib")

_NESTED_MAX = 64
_NAME = re.compile(r"[!-~]{1,214}")
_KINDS = {"dependencies": "depends", "peerDependencies": "depends", "optionalDependencies": "recommends"}
_FIELDS = {"description": "summary", "homepage": "homepage"}


class NpmDatabase:
    manager = "npm"
    ordering = "semver"
    settled = False

    def __init__(self, root: str, directory: str) -> None:
        self.place = os.path.join(directory, MODULES)
        self.repo = repository(self.manager, root, os.path.relpath(directory, root))
        self.watched = (self.place,)
        self.root = root
        self._lock = os.path.join(self.place, LOCK)

    def state(self) -> bytes:
        mark = files.mark_of(self.place)
        if not mark:
            raise NotFound(f"{self.place}: is not there any more")
        return mark + b"\n" + files.mark_of(self._lock)

    def busy(self) -> str:
        """npm has no lock; that its list changes is seen by the state."""
        return ""

    def look(self) -> Look:
        listed = self._listed()
        asked = _asked_for(os.path.join(os.path.dirname(self.place), "package.json")) if listed is not None else None
        pieces, troubles = [], []
        for folder, entry in (self._walked(self.place, 0) if listed is None else sorted(listed.items())):
            path = os.path.join(os.path.dirname(self.place), folder)
            try:
                name = package_name(str(entry.get("name") or folder.rpartition(f"{MODULES}/")[2]))
            except Unreadable as error:
                troubles.append(Trouble("", f"{path!a}: {error}"))
                continue
            top = folder == f"{MODULES}/{name}"
            requested = top and (asked is None or name in asked)
            mark = files.mark_of(os.path.join(path, "package.json")), files.mark_of(path)
            signature = signed(os.fsencode(folder), json.dumps(entry).encode(), b"%d" % requested, *mark)
            pieces.append(Piece(name, signature, partial(_read, self.root, path, name, entry, requested)))
        return look(pieces, troubles)

    def _listed(self) -> dict[str, dict[str, Any]] | None:
        """The folders with what npm's list says of each; None where there is no list."""
        raw = files.read_if_there(self._lock, files.DATABASE_BYTES_MAX)
        if not raw:
            return None
        found = _object(raw, self._lock).get("packages")
        if not isinstance(found, dict):
            raise Rejected(f"{self._lock}: names no packages: run 'npm install' there")
        return {folder: entry for folder, entry in found.items() if _is_within(folder) and isinstance(entry, dict)}

    def _walked(self, modules: str, level: int) -> Iterator[tuple[str, dict[str, Any]]]:
        try:
            with os.scandir(modules) as entries:
                folders = sorted(entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir())
        except FileNotFoundError:
            return
        for folder in folders:
            if os.path.basename(folder).startswith("@") and level < _NESTED_MAX:
                yield from self._walked(folder, level + 1)
            elif os.path.lexists(os.path.join(folder, "package.json")):
                yield os.path.relpath(folder, os.path.dirname(self.place)), {}
                if level < _NESTED_MAX:
                    yield from self._walked(os.path.join(folder, MODULES), level + 1)


def databases(root: str, places: Iterable[str] = ()) -> list[NpmDatabase]:
    """The global directories below *root*, *root* itself, and *places*: what has a `node_modules`."""
    found: dict[tuple[int, int], str] = {}
    for raw in [*(os.path.join(root, directory) for directory in (*GLOBAL, "")), *files.matching(root, places)]:
        directory = os.path.dirname(raw.rstrip("/")) if os.path.basename(raw.rstrip("/")) == MODULES else raw.rstrip("/") or "/"
        try:
            status = os.stat(os.path.join(directory, MODULES))
        except OSError:
            continue
        found.setdefault((status.st_dev, status.st_ino), directory)
    return [NpmDatabase(root, directory) for directory in sorted(found.values())]


def _is_within(folder: str) -> bool:
    return folder.startswith(f"{MODULES}/") and ".." not in folder.split("/")


def _object(raw: bytes, path: str) -> dict[str, Any]:
    return json_object(raw, path, "run 'npm install' there")


def _asked_for(path: str) -> frozenset[str] | None:
    """The names in the project's own `package.json`; None where there is none."""
    raw = files.read_if_there(path)
    if not raw:
        return None
    project = _object(raw, path)
    kinds = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
    return frozenset(name for kind in kinds for name in _texts(project.get(kind)))


def _read(root: str, path: str, name: str, entry: dict[str, Any], requested: bool) -> Installed:
    package = _object(files.read(os.path.join(path, "package.json")), os.path.join(path, "package.json"))
    version = package.get("version") or entry.get("version")
    if not isinstance(version, str):
        raise Rejected(f"{path}/package.json: has no version: run 'npm install' there")
    fields = {field: str(package[key]) for key, field in _FIELDS.items() if isinstance(package.get(key), str)}
    licence = package.get("license")
    if isinstance(licence, str):
        fields["license"] = licence
    if isinstance(package.get("keywords"), list):
        fields["keywords"] = ", ".join(word for word in package["keywords"] if isinstance(word, str))
    fields.update({key: "true" for key in ("dev", "optional") if entry.get(key) is True})
    fields.update(_written(package))
    fields.update(state_fields(files.changed_at(path), requested))
    below = os.path.relpath(path, root)
    paths = [b"/" + os.fsencode(os.path.join(below, file)) for file in _files(path)]
    return Installed(Release(version, "", fields, _related(package)), None, files.stored(paths))


def _written(package: dict[str, Any]) -> dict[str, str]:
    """The dependencies as they were written, a line each."""
    found = {kind: [f"{name} {text}" for name, text in _texts(package.get(kind)).items()] for kind in _KINDS}
    return {f"depend.{kind.lower()}": "\n".join(lines) for kind, lines in found.items() if lines}


def _related(package: dict[str, Any]) -> dict[str, tuple[Relation, ...]]:
    found: dict[str, tuple[Relation, ...]] = {"depends": (), "recommends": (), "suggests": ()}
    # What is optional stands among the dependencies too.
    optional = _texts(package.get("optionalDependencies"))
    peers = _optional_peers(package.get("peerDependenciesMeta"))
    for key, kind in _KINDS.items():
        named = _texts(package.get(key))
        if key == "peerDependencies":
            found["suggests"] += tuple(wanted({name: text for name, text in named.items() if name in peers}))
            named = {name: text for name, text in named.items() if name not in peers}
        if key == "dependencies":
            named = {name: text for name, text in named.items() if name not in optional}
        found[kind] += tuple(wanted(named))
    return found


def _optional_peers(meta: object) -> frozenset[str]:
    if not isinstance(meta, dict):
        return frozenset()
    return frozenset(name for name, said in meta.items() if isinstance(said, dict) and said.get("optional"))


def _texts(value: object) -> Mapping[str, str]:
    """Names and texts of an object, without what could not be a package's name."""
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str) and _NAME.fullmatch(name)}


def _files(folder: str) -> Iterator[str]:
    """The files of a package, without the packages below it; links are files."""
    for place, directories, names in os.walk(folder):
        linked = [name for name in directories if os.path.islink(os.path.join(place, name))]
        directories[:] = [name for name in directories if name != MODULES and name not in linked]
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in (*names, *linked))
