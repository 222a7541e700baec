"""What conda has installed in an environment: a JSON file a package in `conda-meta/`, and what was asked for, in `history`."""

from __future__ import annotations

import ast
import glob
import os
import re
from collections.abc import Iterable
from functools import partial

from pkgindex.errors import NotFound, Rejected
from pkgindex.model.package import Release
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, state_fields
from pkgindex.sources.hosts.jsonfile import json_object
from pkgindex.sources.hosts.matchspecs import name as named
from pkgindex.sources.hosts.matchspecs import required
from pkgindex.sources.hosts.names import repository
from pkgindex.sources.names import package_name

META = "conda-meta"
HISTORY = "history"
# Where its installers put it; environments lie in `envs`.
PREFIXES = ("", "opt/conda", "opt/miniconda3", "opt/miniforge3", "opt/anaconda3", "root/miniconda3", "root/miniforge3")

_ASKED = re.compile(r"^# (update|install|remove|neutered) specs: (.*)$", re.MULTILINE)
_FIELDS = {"summary": "summary", "license": "license", "build": "build", "channel": "channel", "url": "url", "size": "size",
           "md5": "md5sum", "sha256": "sha256"}


class CondaDatabase:
    manager = "conda"
    ordering = "pep440"
    settled = False

    def __init__(self, root: str, prefix: str) -> None:
        self.place = os.path.join(prefix, META)
        self.repo = repository(self.manager, root, os.path.relpath(prefix, root))
        self.watched = (self.place,)
        self.root, self._prefix = root, prefix
        self._history = os.path.join(self.place, HISTORY)

    def state(self) -> bytes:
        mark = files.mark_of(self.place)
        if not mark:
            raise NotFound(f"{self.place}: is not there any more")
        return mark + b"\n" + files.mark_of(self._history)

    def busy(self) -> str:
        """Its lock is no file of the environment; that the environment changes is seen by the state."""
        return ""

    def look(self) -> Look:
        asked = _asked_for(files.read_if_there(self._history).decode("utf-8", "replace"))
        pieces, troubles = [], []
        with os.scandir(self.place) as entries:
            listed = sorted((entry.path, files.mark(entry.stat())) for entry in entries if entry.name.endswith(".json"))
        for path, mark in listed:
            # NAME-VERSION-BUILD: neither of the latter has a dash in it.
            parts = os.path.basename(path).removesuffix(".json").rsplit("-", 2)
            try:
                name = package_name(parts[0] if len(parts) == 3 else "")
            except Rejected as error:
                troubles.append(Trouble("", f"{path!a}: {error}"))
                continue
            requested = name in asked if asked is not None else None
            signature = signed(os.fsencode(path), mark, b"%r" % requested)
            pieces.append(Piece(name, signature, partial(_read, self.root, self._prefix, path, name, requested)))
        return look(pieces, troubles)


def databases(root: str, places: Iterable[str] = ()) -> list[CondaDatabase]:
    """The environments below *root*: where its installers put them, *root* itself, *places*, and what lies in their `envs`."""
    prefixes = [*(os.path.join(root, prefix).rstrip("/") or "/" for prefix in PREFIXES), *files.matching(root, places)]
    prefixes += [found for prefix in prefixes for found in sorted(glob.glob(f"{glob.escape(prefix)}/envs/*"))]
    there = dict.fromkeys(prefix for prefix in prefixes if os.path.isdir(os.path.join(prefix, META)))
    return [CondaDatabase(root, prefix) for prefix in there]


def _asked_for(history: str) -> frozenset[str] | None:
    """The names that somebody asked for and did not take back; None where nothing is written of it."""
    asked: set[str] | None = None
    for action, raw in _ASKED.findall(history):
        try:
            specs = ast.literal_eval(raw) if raw.startswith(("[", "(")) else raw.split(",")
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):  # what Python says of an odd literal
            continue
        if not isinstance(specs, list | tuple):
            continue
        found = {named(spec) for spec in specs if isinstance(spec, str)}
        asked = (asked or set()) - found if action in ("remove", "neutered") else (asked or set()) | found
    return None if asked is None else frozenset(asked)


def _read(root: str, prefix: str, path: str, name: str, requested: bool | None) -> Installed:
    record = json_object(files.read(path), path, "install the package again")
    version = record.get("version")
    if record.get("name") != name or not isinstance(version, str):
        raise Rejected(f"{path}: is not the record of {name}: install it again")
    fields = {field: str(record[key]) for key, field in _FIELDS.items() if isinstance(record.get(key), (str, int))}
    for key in ("depends", "constrains"):
        if lines := _texts(record.get(key)):
            fields[f"depend.{key}"] = "\n".join(lines)
    fields.update(state_fields(files.changed_at(path), requested))
    related = {"depends": required(_texts(record.get("depends")))}
    below = os.path.relpath(prefix, root)
    paths = [b"/" + os.fsencode(os.path.normpath(os.path.join(below, file))) for file in _texts(record.get("files"))]
    architecture = record.get("subdir") if isinstance(record.get("subdir"), str) else ""
    return Installed(Release(version, str(architecture), fields, related), None, files.stored(paths))


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
