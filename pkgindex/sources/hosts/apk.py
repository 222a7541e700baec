"""What apk has installed: one file with a record a package, its directories and files below it.

    P:musl          name                    F:lib                       a directory
    V:1.2.4-r2      version                 R:ld-musl-x86_64.so.1       a file in it
    p:so:libc.musl-x86_64.so.1=1            what it provides

When a package was installed it does not say; what was asked for stands in `world`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import partial

from pkgindex.errors import NotFound, Rejected
from pkgindex.model.package import Relation, Release
from pkgindex.sources import names
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.constraints import bound
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, size_field, state_fields
from pkgindex.sources.hosts.locks import locked
from pkgindex.sources.hosts.names import repository

# apk 3 keeps it below /usr where these are merged.
DATABASES = ("lib/apk/db", "usr/lib/apk/db")
WORLD = "etc/apk/world"

_NAME = re.compile(rb"^P:(.*)$", re.MULTILINE)
_FIELDS = {"T": "summary", "U": "homepage", "L": "license", "o": "source", "m": "maintainer", "S": "size"}
_WANTED = re.compile(r"[^<>=~@\s]+")


class ApkDatabase:
    manager = "apk"
    ordering = "apk"
    settled = True

    def __init__(self, root: str) -> None:
        self.root = root
        there = [place for place in DATABASES if os.path.lexists(os.path.join(root, place, "installed"))]
        self.place = os.path.join(root, (there or DATABASES)[0])
        self.repo = repository(self.manager, root)
        self.watched = (self.place,)
        self._installed = os.path.join(self.place, "installed")
        self._world = os.path.join(root, WORLD)

    def state(self) -> bytes:
        mark = files.mark_of(self._installed)
        if not mark:
            raise NotFound(f"{self._installed}: no apk database here: give the root of an Alpine system with --root")
        return mark + b"\n" + files.mark_of(self._world)

    def busy(self) -> str:
        lock = os.path.join(self.place, "lock")
        return f"apk is at work: {lock} is locked" if locked(lock) else ""

    def look(self) -> Look:
        raw = files.read(self._installed, files.DATABASE_BYTES_MAX)
        if raw and not raw.endswith(b"\n"):
            raise Rejected(f"{self._installed}: ends inside a line: 'apk fix' writes it again")
        world = _world(files.read_if_there(self._world))
        pieces, troubles = [], []
        for record in filter(None, (text.strip(b"\n") for text in raw.split(b"\n\n"))):
            named = _NAME.search(record)
            try:
                name = names.package_name(named[1].decode("utf-8", "replace") if named else "")
            except names.Unreadable as error:
                troubles.append(Trouble("", f"{self._installed}: {names.shown(record)}: {error}"))
                continue
            requested = None if world is None else name in world
            read = partial(_read, self._installed, name, record, requested)
            pieces.append(Piece(name, signed(record, b"%r" % requested), read))
        return look(pieces, troubles)


def databases(root: str, places: tuple[str, ...] = ()) -> list[ApkDatabase]:
    """The database below *root*, whether it is there or not."""
    return [ApkDatabase(root)]


def _world(raw: bytes) -> frozenset[str] | None:
    """The names that somebody asked for; None where nobody can know."""
    if not raw:
        return None
    return frozenset(found[0] for word in raw.decode("utf-8", "replace").split() if (found := _WANTED.match(word)))


def _read(path: str, name: str, record: bytes, requested: bool | None) -> Installed:
    said: dict[str, str] = {}
    paths: list[bytes] = []
    folder = b"/"
    for line in record.split(b"\n"):
        key, colon, value = line.partition(b":")
        if not colon:
            raise Rejected(f"{path}: {name}: {names.shown(line)} is no record of apk's")
        if key == b"F":
            folder = b"/" + value + b"/" if value else b"/"
            paths.append(folder.rstrip(b"/"))
        elif key == b"R":
            paths.append(folder + value)
        else:
            said[key.decode("ascii", "replace")] = value.decode("utf-8", "replace")
    fields = {field: said[key] for key, field in _FIELDS.items() if said.get(key)}
    fields.update(state_fields(None, requested))
    fields.update(size_field(said.get("I", "")))
    release = Release(said.get("V", ""), said.get("A", ""), fields, _related(said))
    return Installed(release, None, files.stored([path for path in paths if path]))


def _related(said: dict[str, str]) -> dict[str, tuple[Relation, ...]]:
    depends, provides, replaces = (said.get(key, "").split() for key in "Dpr")
    return {
        "depends": _relations(word for word in depends if not word.startswith("!")),
        "conflicts": _relations(word[1:] for word in depends if word.startswith("!")),
        "enhances": _relations(said.get("i", "").split()),  # it comes by itself where all of these are
        "provides": _relations(provides),
        "replaces": _relations(replaces),
    }


def _relations(words: Iterable[str]) -> tuple[Relation, ...]:
    found = [bound(word.partition("@")[0]) for word in words]
    return tuple([(alternative,) for alternative in found if alternative is not None])
