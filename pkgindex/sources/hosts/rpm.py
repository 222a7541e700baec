"""What rpm has installed, by whatever front end (dnf, zypper): as `rpm -qa` lists it.

The database has three formats, and rpm reads them all; so it is asked, and only when the files of its database have
changed. It is given the database and not the root, because for a root it would change into it and need to be root itself.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import partial

from pkgindex.errors import NotFound, Rejected
from pkgindex.model.package import Alternative, Relation, Release, Text
from pkgindex.sources import names
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, size_field, state_fields, whole
from pkgindex.sources.hosts.locks import locked
from pkgindex.sources.hosts.names import repository

DATABASES = ("usr/lib/sysimage/rpm", "var/lib/rpm")
FORMATS = ("rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages")
QUERY_SECONDS_MAX = 300

_RECORD, _FIELD, _ITEM = "\x1e", "\x1d", "\x1f"
_SCALARS = {
    "name": "", "epochnum": "", "version": "", "release": "", "arch": "", "installtime": "", "size": "",
    "summary": "summary", "url": "homepage", "license": "license", "vendor": "vendor", "packager": "maintainer",
    "group": "section", "sourcerpm": "source", "description": "",
}
_ARRAYS = {
    "require": "depends", "recommend": "recommends", "suggest": "suggests", "supplement": "enhances", "enhance": "enhances",
    "conflict": "conflicts", "obsolete": "replaces", "provide": "provides",
}
_NONE = "(none)"
# Bits of a relation's flags (rpm's `rpmds.h`).
_LESS, _GREATER, _EQUAL, _BEFORE_UNPACKING = 2, 4, 8, 1 << 9
_OPERATORS = {_LESS: "<<", _LESS | _EQUAL: "<=", _EQUAL: "=", _GREATER | _EQUAL: ">=", _GREATER: ">>"}


class RpmDatabase:
    manager = "rpm"
    ordering = "rpm"
    settled = True

    def __init__(self, root: str) -> None:
        self.root = root
        there = [place for place in DATABASES if any(os.path.lexists(os.path.join(root, place, name)) for name in FORMATS)]
        self.place = os.path.join(root, (there or DATABASES)[0])
        self.repo = repository(self.manager, root)
        self.watched = (self.place,)

    def state(self) -> bytes:
        marks = [_written(os.path.join(self.place, name)) for name in FORMATS]
        if not any(marks):
            raise NotFound(f"{self.place}: no rpm database here: give the root of such a system with --root")
        return b"\n".join(marks)

    def busy(self) -> str:
        lock = os.path.join(self.place, ".rpm.lock")
        return f"rpm is at work: {lock} is locked" if locked(lock) else ""

    def look(self) -> Look:
        return listed(self.place, _asked(self.place))


def databases(root: str, places: Sequence[str] = ()) -> list[RpmDatabase]:
    """The database below *root*, whether it is there or not."""
    return [RpmDatabase(root)]


def listed(place: str, said: bytes) -> Look:
    """The packages in what rpm *said* of the database in *place*."""
    pieces, troubles = [], []
    for record in said.decode("utf-8", "surrogateescape").split(_RECORD)[:-1]:
        named = record.partition(_FIELD)[0]
        try:
            name = names.package_name(named)
        except names.Unreadable as error:
            troubles.append(Trouble("", f"{place}: {error}"))
            continue
        raw = record.encode("utf-8", "surrogateescape")
        pieces.append(Piece(name, signed(raw), partial(_read, place, record)))
    return look(pieces, troubles)


def _written(path: str) -> bytes:
    """What changes when the database is written to. Not the mark of other files: to ask as root touches the inode."""
    try:
        status = os.stat(path)
    except OSError:
        return b""
    return b"%d %d %d" % (status.st_mtime_ns, status.st_size, status.st_ino)


def _format() -> str:
    """A record a package: its tags, then arrays of relations, then its files."""
    scalars = "".join(f"%{{{tag}}}{_FIELD}" for tag in _SCALARS)
    arrays = "".join(f"[%{{{tag}name}}{_ITEM}%{{{tag}flags}}{_ITEM}%{{{tag}version}}\n]{_FIELD}" for tag in _ARRAYS)
    return f"{scalars}{arrays}[%{{filenames}}\n]{_RECORD}"


def _asked(place: str) -> bytes:
    command = ["rpm", "--dbpath", os.path.abspath(place), "-qa", "--nosignature", "--nodigest", "--qf", _format()]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=QUERY_SECONDS_MAX, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except FileNotFoundError:
        raise NotFound(f"{place}: needs the program rpm to be read: install it, or sync where it is") from None
    except subprocess.TimeoutExpired:
        raise Rejected(f"{place}: rpm -qa did not end within {QUERY_SECONDS_MAX} s") from None
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode or "error:" in said:
        raise Rejected(f"{place}: rpm cannot read it: {said or f'exit code {done.returncode}'}; see 'rpmdb --verifydb'")
    return done.stdout


def _read(place: str, record: str) -> Installed:
    found = record.split(_FIELD)
    arrays = found[len(_SCALARS) : -1]
    if len(arrays) != len(_ARRAYS) or not all(map(_is_relation, filter(None, "\n".join(arrays).split("\n")))):
        raise Rejected(f"{place}: {names.shown(found[0])}: holds signs that separate fields")
    said = {tag: "" if value == _NONE else value for tag, value in zip(_SCALARS, found, strict=False)}
    fields = {field: names.text(said[tag].strip()) for tag, field in _SCALARS.items() if field and said[tag].strip()}
    fields.update(_amounts(said))
    related, rich = _related(said["name"], arrays)
    if rich:
        fields["depend.rich"] = "\n".join(rich)
    description = names.text(said["description"].strip())
    text = Text(fields.get("summary", ""), description) if description else None
    return Installed(Release(_version(said), said["arch"], fields, related), text, files.stored(_paths(found[-1])))


def _version(said: dict[str, str]) -> str:
    """EPOCH:VERSION-RELEASE, as rpm compares them."""
    epoch = f"{said['epochnum']}:" if said["epochnum"] not in ("", "0") else ""
    return f"{epoch}{said['version']}-{said['release']}"


def _amounts(said: dict[str, str]) -> dict[str, str]:
    return {**state_fields(whole(said["installtime"])), **size_field(said["size"])}


def _is_relation(line: str) -> bool:
    """Whether *line* is a name, flags and a version: who makes a package may have written into it what is between them."""
    return line.count(_ITEM) == 2


def _related(name: str, arrays: list[str]) -> tuple[dict[str, tuple[Relation, ...]], list[str]]:
    """The relations by kind; and those that are sentences of their own, `(a if b)`, as they are written."""
    found: dict[str, dict[Relation, None]] = {}
    rich = []
    for kind, array in zip(_ARRAYS.values(), arrays, strict=True):
        for line in filter(None, array.split("\n")):
            other, number, version = line.split(_ITEM)
            flags = whole(number) or 0
            if other.startswith("("):
                rich.append(other)
            elif other != _NONE and not other.startswith("rpmlib(") and not (kind == "provides" and other == name):
                sign = _OPERATORS.get(flags & (_LESS | _GREATER | _EQUAL), "") if version != _NONE else ""
                before = kind == "depends" and flags & _BEFORE_UNPACKING
                alternative = Alternative(other, "", sign, version if sign else "")
                found.setdefault("pre-depends" if before else kind, {})[(alternative,)] = None
    return {kind: tuple(relations) for kind, relations in found.items()}, rich


def _paths(lines: str) -> list[bytes]:
    """A line that does not begin a path goes on with the one before, whose name has a newline in it."""
    paths: list[str] = []
    for line in lines.split("\n")[:-1]:
        if line.startswith("/") or not paths:
            paths.append(line)
        else:
            paths[-1] += f"\n{line}"
    return [path.encode("utf-8", "surrogateescape") for path in paths if path.startswith("/")]
