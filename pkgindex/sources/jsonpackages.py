"""Packages as JSON: one object, an array, `{"packages": [...]}`, or an object a line.

    {"name": "curl", "version": "8.1-1", "architecture": "amd64", "summary": "...", "description": "...",
     "depends": ["libc6 (>= 2.34)", "zlib1g | zlib2"], "files": ["/usr/bin/curl"], "license": "curl"}
    {"name": "curl", "releases": [{"version": "8.1-1", ...}, ...]}      all that there is of it
    {"name": "curl", "removed": true}

Relations are Debian syntax, a list or one text with commas; or lists of alternatives, each taken apart already, for names
with signs that mean something there: `[[["so:libc.so.6", "", ">=", "2.34"]]]`. What has no meaning of its own is a field;
another attribute that is an object or a list of lists is a fault, not dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from pkgindex.model.package import Alternative, Relation, Release, Text
from pkgindex.sources import names, relations
from pkgindex.sources.facts import Fact, Fault, Paths, Releases, Removed, Texts, Whole, announced
from pkgindex.sources.jsonstream import Value, values
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable, shown

_OWN = frozenset(("name", "version", "architecture", "description", "files", "releases", "removed", "fields"))
_OPERATORS = ("", "<<", "<=", "=", ">=", ">>")
_ABOUT_FILES = frozenset(("name", "architecture", "files"))
# A text that does not end takes all the rest, so that hostile quotes are not tried one after the other.
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)[ \t\r\n]*(:?)|[{}\[\]]', re.DOTALL)


def first_keys(head: bytes) -> set[str]:
    """The keys of the first object, as far as *head* goes; a wrapper's are those of its first element."""
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    if not text.startswith(("{", "[")):
        return set()
    keys: set[str] = set()
    level, wanted = 0, 1 + (text[0] == "[")
    for match in _KEY.finditer(text):
        token = match.group()
        if token in ("{", "["):
            level += 1
        elif token in ("}", "]"):
            level -= 1
            if level < wanted:
                break
        elif match.group(2) and level == wanted:
            if match.group(1) in ("packages", "documents") and text[match.end() :].lstrip().startswith("["):
                wanted = level + 2
            keys.add(match.group(1))
    return keys


class JsonPackages:
    name = "json-packages"
    full = False

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        keys = first_keys(head)
        return bool(keys & {"name", "packages"}) or b"".join(head.split()) == b"[]"

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        return announced(self._read(stream, filename))

    def _read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        for value in values(stream, filename, self._limits):
            try:
                facts = list(self._facts(value))
            except Unreadable as error:
                facts = [Fault(f"line {value.line}", str(error))]
            yield from facts

    def _facts(self, value: Value) -> Iterator[Fact]:
        if value.trouble or not isinstance(value.value, dict):
            raise Unreadable(value.trouble or "not an object that describes a package")
        package = attributes(value.value)
        name = names.package_name(scalar(package.get("name"), "name"))
        try:
            if package.get("removed") is True:
                yield Removed(name)
            elif "releases" in package:
                yield Whole(name)
                for release in _objects(package["releases"]):
                    yield from self._release(name, {**package, **attributes(release)})
            else:
                yield from self._release(name, package)
        except Unreadable as error:
            raise Unreadable(f"package {shown(name)}: {error}") from None

    def _release(self, name: str, package: dict[str, Any]) -> Iterator[Fact]:
        architecture = names.architecture(scalar(package.get("architecture"), "architecture"))
        if not package.keys() <= _ABOUT_FILES or "files" not in package:
            version = names.version(scalar(package.get("version"), "version"))
            yield Releases(name, Release(version, architecture, _fields(package), _relations(package)))
        summary, description = (names.text(scalar(package.get(key), key)) for key in ("summary", "description"))
        if description:
            yield Texts(name, "", Text(summary, description))
        if "files" in package:
            yield Paths(architecture, self._pairs(name, package["files"]))

    def _pairs(self, name: str, files: Any) -> list[bytes]:
        suffix = b"\t" + name.encode()
        return [names.path(_path(file), self._limits.path_bytes_max) + suffix for file in strings(files, "files")]


def _path(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Unreadable(f"path {shown(text)} holds half a character") from None


def attributes(value: dict[str, Any]) -> dict[str, Any]:
    """An object with its keys as fields are named, `Pre_Depends` is `pre-depends`; what is null is not there."""
    return {key.lower().replace("_", "-"): item for key, item in value.items() if item is not None}


def scalar(value: Any, what: str) -> str:
    """A text, number or truth value as text; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise Unreadable(f"{what} is {_kind(value)}, not a text")


def strings(value: Any, what: str) -> list[str]:
    if isinstance(value, list):
        return [scalar(item, what) for item in value]
    return [scalar(value, what)]


def _kind(value: Any) -> str:
    return "an object" if isinstance(value, dict) else "a list"


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise Unreadable("releases is not a list of objects")


def _fields(package: dict[str, Any]) -> dict[str, str]:
    """What has no meaning of its own, by lower-case name; `fields` itself holds such ones too."""
    further = package.get("fields", {})
    if not isinstance(further, dict):
        raise Unreadable("fields is not an object")
    plain = {key: value for key, value in package.items() if key not in _OWN and key not in relations.FIELDS}
    return {
        names.text(key): names.text(", ".join(strings(value, shown(key))))
        for key, value in {**plain, **attributes(further)}.items()
    }


def _relations(package: dict[str, Any]) -> dict[str, tuple[Relation, ...]]:
    found: dict[str, tuple[Relation, ...]] = {}
    for key, kind in relations.FIELDS.items():
        if key in package:
            parsed = _parsed(package[key], key)
            if parsed:
                found[kind] = found.get(kind, ()) + parsed
    return found


def _parsed(value: Any, key: str) -> tuple[Relation, ...]:
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return tuple([tuple([_alternative(parts, key) for parts in _lists(relation, key)]) for relation in _lists(value, key)])
    return relations.parse(names.text(", ".join(strings(value, key))))


def _alternative(parts: Any, key: str) -> Alternative:
    """One that was taken apart by who wrote it."""
    texts = [names.text(scalar(part, key)) for part in parts]
    if not 1 <= len(texts) <= len(Alternative._fields) or (len(texts) > 2 and texts[2] not in _OPERATORS):
        raise Unreadable(f"{key}: {shown(str(parts))} is not [name, qualifier, operator, version, architectures, profiles]")
    names.package_name(texts[0])
    names.version("".join(texts[3:4]))
    return Alternative(*texts)


def _lists(value: list[Any], key: str) -> list[list[Any]]:
    if not value or not all(isinstance(item, list) for item in value):
        raise Unreadable(f"{key} mixes texts and lists: a relation is a list of alternatives, and each of these a list")
    return value
