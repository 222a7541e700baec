"""One Python package as it is installed: what its `.dist-info` or `.egg-info` says.

    METADATA            name, version, what it requires       (PKG-INFO of an egg)
    RECORD              its files                             (none where a distribution installed it)
    INSTALLER           who did
    REQUESTED           there when somebody asked for it
    direct_url.json     where it came from, when not from an index; `editable` when it is a working copy
"""

from __future__ import annotations

import csv
import os
import re
from typing import Any

from pkgindex.errors import Rejected
from pkgindex.model.package import Release, Text
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.database import Installed, state_fields
from pkgindex.sources.hosts.jsonfile import json_object
from pkgindex.sources.hosts.markers import environment
from pkgindex.sources.hosts.requirements import normalized, required
from pkgindex.sources.names import shown

# What a look at the package's folder must see change.
PARTS = ("METADATA", "PKG-INFO", "RECORD", "installed-files.txt", "INSTALLER", "REQUESTED", "direct_url.json", "requires.txt")

_PYTHON = re.compile(r"python(3\.\d+)")
_FIELDS = {"summary": "summary", "home-page": "homepage", "license-expression": "license", "license": "license",
           "author": "author", "author-email": "author", "maintainer": "maintainer", "maintainer-email": "maintainer",
           "keywords": "keywords", "classifier": "classifier", "provides-extra": "extra", "requires-python": "requires-python",
           "project-url": "project-url"}
_SEVERAL = frozenset(("classifier", "provides-extra", "project-url"))


def read(root: str, path: str, name: str, folder: bool) -> Installed:
    """The package *name* of the folder (or, of an old egg, file) *path*. Raises `Rejected`, `NotFound`."""
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
    return json_object(raw, path, "install the package again") if raw else {}


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
