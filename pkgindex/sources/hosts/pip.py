"""What is installed in a Python environment, by pip, uv or whatever else: a folder `NAME-VERSION.dist-info` a package, or the
older `.egg-info`.

    METADATA            name, version, what it requires       (PKG-INFO of an egg)
    RECORD              its files                             (none where a distribution installed it)
    INSTALLER           who did
    REQUESTED           there when somebody asked for it
    direct_url.json     where it came from, when not from an index; `editable` when it is a working copy

Names that begin with `~` are what pip moves away before it removes it.
"""

from __future__ import annotations

import csv
import glob
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from pkgindex.errors import NotFound, Rejected
from pkgindex.model.package import Release, Text
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, state_fields
from pkgindex.sources.hosts.markers import environment
from pkgindex.sources.hosts.names import repository
from pkgindex.sources.hosts.requirements import normalized, required
from pkgindex.sources.names import package_name, shown

# Where packages lie below a prefix, as the interpreters of this world have it.
SITES = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3/dist-packages",
         "lib/python3*/dist-packages", "lib/pypy3*/site-packages")
PREFIXES = ("", "usr", "usr/local")
# A package whose installer has not written its name for so long is as finished as it will be.
UNFINISHED_SECONDS = 10.0

_DIST = re.compile(r"(?P<name>[^~].*?)(?:-(?P<version>[^-]+)(?:-py[^-]*)?)?\.(?P<kind>dist-info|egg-info)")
_PYTHON = re.compile(r"python(3\.\d+)")
_FIELDS = {"summary": "summary", "home-page": "homepage", "license-expression": "license", "license": "license",
           "author": "author", "author-email": "author", "maintainer": "maintainer", "maintainer-email": "maintainer",
           "keywords": "keywords", "classifier": "classifier", "provides-extra": "extra", "requires-python": "requires-python",
           "project-url": "project-url"}
_SEVERAL = frozenset(("classifier", "provides-extra", "project-url"))
_MARKED = ("METADATA", "PKG-INFO", "RECORD", "installed-files.txt", "INSTALLER", "REQUESTED", "direct_url.json", "requires.txt")


class PipDatabase:
    """The packages of one environment; its prefix has one folder of them, or one for each interpreter."""

    manager = "pip"
    ordering = "pep440"
    settled = False

    def __init__(self, root: str, prefix: str, sites: list[str]) -> None:
        self.place = prefix
        self.repo = repository(self.manager, root, os.path.relpath(prefix, root))
        self.watched = tuple(sites)
        self._root = root
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
                marks = [files.mark_of(os.path.join(path, part)) for part in _MARKED]
            else:
                marks = [files.mark_of(path)]
            signature = signed(os.fsencode(path), *marks)
            pieces.append(Piece(name, signature, partial(_read, self._root, path, name, entry.is_dir())))
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
    named = [found for place in places for found in sorted(glob.glob(os.path.join(root, place.lstrip("/"))))]
    prefixes: dict[str, list[str]] = {}
    for place in [*(os.path.join(root, prefix).rstrip("/") or "/" for prefix in PREFIXES), *named]:
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


def _read(root: str, path: str, name: str, folder: bool) -> Installed:
    header, body = _metadata(path, folder)
    version = header.get("version", [""])[0]
    if normalized(header.get("name", [""])[0]) != name or not version:
        raise Rejected(f"{path}: its metadata is not that of {name}: install it again")
    python = _PYTHON.search(path)
    requires = header.get("requires-dist") or (_egg_requires(path) if folder else [])
    said = [(field, header[key], key in _SEVERAL) for key, field in _FIELDS.items() if key in header]
    fields = {field: "\n".join(values if several else values[:1]) for field, values, several in said}
    if requires:
        fields["depend.requires-dist"] = "\n".join(requires)
    if header["name"][0] != name:
        fields["title"] = header["name"][0]
    fields.update(_circumstances(path, folder))
    related = required(requires, environment(python[1] if python else ""))
    text = Text(fields.get("summary", ""), body) if body else None
    return Installed(Release(version, "", fields, related), text, _paths(root, path, folder))


def _metadata(path: str, folder: bool) -> tuple[dict[str, list[str]], str]:
    """The header's values by lower-case key, and the text below."""
    where = path if not folder else os.path.join(path, "METADATA" if path.endswith(".dist-info") else "PKG-INFO")
    head, _, body = files.read(where).decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")
    found: dict[str, list[str]] = {}
    key = ""
    for line in head.rstrip("\n").split("\n"):
        if line[:1] in (" ", "\t"):
            if key:
                found[key][-1] += "\n" + line.strip().removeprefix("|")
            continue
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not colon:
            raise Rejected(f"{where}: {shown(line)} is no 'Field: value' line")
        found.setdefault(key, []).append(value.strip())
    if not head.strip():
        raise Rejected(f"{where}: is empty: install it again")
    return found, body.strip() or "\n".join(found.get("description", ())).strip()


def _egg_requires(path: str) -> list[str]:
    """What an egg says in `requires.txt`: lines, under `[extra:marker]` those that are not always required."""
    found, extra, marker = [], "", ""
    for raw in files.read_if_there(os.path.join(path, "requires.txt")).decode("utf-8", "replace").split("\n"):
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
        elif line:
            conditions = [f"({marker})"] * bool(marker) + [f"extra == '{extra}'"] * bool(extra)
            found.append(f"{line} ; {' and '.join(conditions)}" if conditions else line)
    return found


def _circumstances(path: str, folder: bool) -> dict[str, str]:
    """Who installed it, when, and whether that was asked for: only pip and uv leave word of it."""
    fields: dict[str, str] = {}
    installer = _line(os.path.join(path, "INSTALLER")) if folder else ""
    requested = os.path.lexists(os.path.join(path, "REQUESTED")) if installer in ("pip", "uv") else None
    fields.update(state_fields(files.changed_at(path), requested))
    if installer:
        fields["installer"] = installer
    origin = _origin(os.path.join(path, "direct_url.json")) if folder else {}
    if isinstance(origin.get("url"), str):
        fields["origin"] = _without_password(origin["url"])
    directory = origin.get("dir_info")
    if isinstance(directory, dict) and directory.get("editable") is True:
        fields["editable"] = "true"
    return fields


def _line(path: str) -> str:
    return files.read_if_there(path).decode("utf-8", "replace").strip()


def _origin(path: str) -> dict[str, Any]:
    raw = files.read_if_there(path)
    try:
        found = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Rejected(f"{path}: {error}: install the package again") from error
    return found if isinstance(found, dict) else {}


def _without_password(url: str) -> str:
    """
    >>> _without_password("git+https://joe:secret@example.org/x"), _without_password("file:///srv/x")
    ('git+https://example.org/x', 'file:///srv/x')
    """
    scheme, there, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{there}{host.rpartition('@')[2]}{slash}{path}"


def _paths(root: str, path: str, folder: bool) -> list[bytes]:
    """The files, by their names below *root*."""
    site = os.path.dirname(path)
    if folder and path.endswith(".dist-info"):
        raw = files.read_if_there(os.path.join(path, "RECORD")).decode("utf-8", "surrogateescape")
        try:
            rows = csv.reader(raw.splitlines(keepends=True), strict=True)
            listed = [os.path.join(site, row[0]) for row in rows if row and row[0]]
        except csv.Error as error:
            raise Rejected(f"{path}/RECORD: {error}: install the package again") from error
    else:
        raw = files.read_if_there(os.path.join(path, "installed-files.txt")).decode("utf-8", "surrogateescape")
        listed = [os.path.join(path, line) for line in raw.split("\n") if line]
    return files.stored([_below(root, os.path.normpath(name)) for name in listed])


def _below(root: str, path: str) -> bytes:
    return b"/" + os.fsencode(os.path.relpath(path, root))
