"""What pacman has installed: a folder a package in `local/`, with its `desc` and its `files`."""

from __future__ import annotations

import os
from functools import partial

from pkgindex.errors import NotFound, Rejected
from pkgindex.model.package import Relation, Release
from pkgindex.sources import names
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.constraints import bound
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, size_field, state_fields, whole
from pkgindex.sources.hosts.names import repository

DATABASE = "var/lib/pacman"

_RELATIONS = {
    "DEPENDS": "depends", "OPTDEPENDS": "suggests", "CONFLICTS": "conflicts", "PROVIDES": "provides", "REPLACES": "replaces",
}
_FIELDS = {
    "DESC": "summary", "URL": "homepage", "LICENSE": "license", "PACKAGER": "maintainer", "GROUPS": "section", "BASE": "source",
    "VALIDATION": "validation",
}


class PacmanDatabase:
    manager = "pacman"
    ordering = "pacman"
    settled = False

    def __init__(self, root: str) -> None:
        self.root = root
        self.place = os.path.join(root, DATABASE, "local")
        self.repo = repository(self.manager, root)
        self.watched = (self.place,)
        self._lock = os.path.join(root, DATABASE, "db.lck")

    def state(self) -> bytes:
        mark = files.mark_of(self.place)
        if not mark:
            raise NotFound(f"{self.place}: no pacman database here: give the root of such a system with --root")
        return mark

    def busy(self) -> str:
        if os.path.lexists(self._lock):
            return f"pacman is at work: {self._lock} is there (after a crash it stays: see that none runs, and remove it)"
        return ""

    def look(self) -> Look:
        pieces, troubles = [], []
        for folder in sorted(os.listdir(self.place)):
            name, path = folder.rsplit("-", 2)[0], os.path.join(self.place, folder)
            if folder == "ALPM_DB_VERSION" or not os.path.isdir(path):
                continue
            try:
                names.package_name(name)
            except names.Unreadable as error:
                troubles.append(Trouble("", f"{path}: {error}"))
                continue
            marks = [files.mark_of(os.path.join(path, part)) for part in ("desc", "files")]
            pieces.append(Piece(name, signed(folder.encode("utf-8", "surrogateescape"), *marks), partial(_read, path, name)))
        return look(pieces, troubles)


def databases(root: str, places: tuple[str, ...] = ()) -> list[PacmanDatabase]:
    """The database below *root*, whether it is there or not."""
    return [PacmanDatabase(root)]


def _read(path: str, name: str) -> Installed:
    said = _sections(files.read(os.path.join(path, "desc")).decode("utf-8", "replace"))
    version = _line(said, "VERSION")
    if said.get("NAME") != [name] or os.path.basename(path) != f"{name}-{version}":
        raise Rejected(f"{path}/desc: is not the whole record of {name}: 'pacman -S {name}' writes it again")
    fields = {field: "\n".join(said[key]) for key, field in _FIELDS.items() if key in said}
    fields.update(_amounts(said))
    release = Release(version, _line(said, "ARCH"), fields, _related(said))
    raw = files.read(os.path.join(path, "files")).split(b"%BACKUP%")[0].removeprefix(b"%FILES%\n")
    return Installed(release, None, files.stored([b"/" + line.rstrip(b"/") for line in raw.split(b"\n") if line]))


def _sections(text: str) -> dict[str, list[str]]:
    """The values of each `%KEY%`, one a line below it."""
    found: dict[str, list[str]] = {}
    for block in text.split("\n\n"):
        key, *values = block.strip("\n").split("\n")
        if key.startswith("%") and key.endswith("%"):
            found[key.strip("%")] = [value for value in values if value]
    return found


def _line(said: dict[str, list[str]], key: str) -> str:
    """The first line of what is said of *key*; empty where nothing is."""
    return next(iter(said.get(key, ())), "")


def _amounts(said: dict[str, list[str]]) -> dict[str, str]:
    return {**state_fields(whole(_line(said, "INSTALLDATE")), requested=_line(said, "REASON") != "1"),
            **size_field(_line(said, "SIZE"))}


def _related(said: dict[str, list[str]]) -> dict[str, tuple[Relation, ...]]:
    found: dict[str, tuple[Relation, ...]] = {}
    for key, kind in _RELATIONS.items():
        # What is optional has its reason behind a colon; within a name a colon has no blank after it.
        alternatives = [bound(value.partition(": ")[0].strip()) for value in said.get(key, ())]
        found[kind] = tuple([(alternative,) for alternative in alternatives if alternative is not None])
    return found
