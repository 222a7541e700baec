"""Things: what a package is made of, one attribute, one file, one relation, one text at a time.

A question is about things: a term matches a value of one, WITH joins values of one. The types are those of pkg(5)'s
actions where it has such, so that its longer forms (`package:type:key:value`) mean what they say.

    package  name                      set      one attribute: its name, and each of its values
    release  version, arch             depend   its kind as a field with the name; kind; relation as it is written
    text     summary or description    file, dir, link, hardlink   file (the path), basename, dir
    license, driver, user, group, legacy: the attributes of one action of an IPS manifest
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pkgindex.model.package import KINDS, Package, Release

# Fields that hold one action a line, `key=value key="other value"`: what IPS knows and others do not.
ACTIONS = ("driver", "user", "group", "legacy")
# Fields that say of which type paths are, one a line, and of which type dependencies were. No things of their own.
PATH_TYPES = {"path.dir": "dir", "path.link": "link", "path.hardlink": "hardlink"}
DEPEND = "depend."


class Thing(NamedTuple):
    """`values` are pairs of field and value, one field with several values several times."""

    type: str
    values: tuple[tuple[str, str], ...]


def things(package: Package, files: bool = True) -> Iterator[Thing]:
    """All things of *package*, each once; without its files when they are not wanted."""
    yield Thing("package", (("name", package.name),))
    seen: dict[Thing, None] = {}
    for release in package.releases.values():
        seen.update(dict.fromkeys(_of_release(release)))
    for text in package.texts.values():
        for field, value in (("summary", text.summary), ("description", text.description)):
            if value:
                seen[Thing("text", ((field, value),))] = None
    yield from seen
    if files:
        types = path_types(package)
        for path in sorted({path for paths in package.files.values() for path in paths}):
            yield file_thing(shown(path), types)


def file_thing(path: str, types: Mapping[str, str]) -> Thing:
    directory, _, basename = path.rpartition("/")
    return Thing(types.get(path, "file"), (("file", path), ("basename", basename), ("dir", directory or "/")))


def path_types(package: Package) -> dict[str, str]:
    """The types of the paths that are not plain files, as far as the source said so."""
    return {
        path: kind
        for release in package.releases.values()
        for field, kind in PATH_TYPES.items()
        for path in release.fields.get(field, "").split("\n")
        if path
    }


def shown(path: bytes) -> str:
    """A path as text: bytes that are no UTF-8 as surrogates, newlines as they are and not as they are stored."""
    return path.replace(b"\0", b"\n").decode("utf-8", "surrogateescape")


def _of_release(release: Release) -> Iterator[Thing]:
    if release.version or release.architecture:
        yield Thing("release", (("version", release.version), ("arch", release.architecture)))
    for field, value in release.fields.items():
        if field in PATH_TYPES or field.startswith(DEPEND):
            continue
        if field == "summary":
            yield Thing("text", ((field, value),))
        elif field in ACTIONS:
            yield from (Thing(field, _pairs(line)) for line in value.split("\n") if line)
        else:
            kind = "license" if field == "license" else "set"
            yield Thing(kind, tuple([(field, line) for line in value.split("\n") if line]))
    for kind in KINDS:
        for relation in release.relations.get(kind, ()):
            for alternative in relation:
                yield Thing("depend", ((kind, alternative.name), ("kind", kind), ("relation", alternative.written)))


def _pairs(line: str) -> tuple[tuple[str, str], ...]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return tuple([(key, value) for key, equals, value in (word.partition("=") for word in words) if equals])
