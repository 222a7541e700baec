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
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from pkgindex.model.package import KINDS, Package, Release
from pkgindex.model.paths import shown

# Fields that hold one action a line, `key=value key="other value"`: what IPS knows and others do not.
ACTIONS = ("driver", "user", "group", "legacy")
# Fields that say of which type paths are, one a line: no things of their own.
PATH_TYPES = {"path.dir": "dir", "path.link": "link", "path.hardlink": "hardlink"}
# Fields that have a source's own dependencies, one a line; what is known of them in our words are the relations.
DEPEND = "depend."
# Keys of an action that mean something else in a package: written `driver.name`.
TAKEN = frozenset(("name", "version", "arch", "summary", "description", "file", "basename", "dir", "repo", "kind", *KINDS))


class Thing(NamedTuple):
    """`values` are pairs of field and value, one field with several values several times."""

    type: str
    values: tuple[tuple[str, str], ...]


def things(package: Package, files: bool = True) -> Iterator[Thing]:
    """All things of *package*, each once; without its files when they are not wanted."""
    yield name_thing(package)
    seen: dict[Thing, None] = {}
    for release in package.releases.values():
        seen.update(dict.fromkeys(chain(attributes(release), _relations(release, KINDS))))
    seen.update(dict.fromkeys(texts(package)))
    yield from seen
    if files:
        types = path_types(package)
        for path in sorted({path for paths in package.files.values() for path in paths}):
            yield file_thing(shown(path), types)


# The same, one kind of thing at a time, for who asks after few.


def name_thing(package: Package) -> Thing:
    return Thing("package", (("name", package.name),))


def releases(package: Package) -> list[Thing]:
    """Version and architecture of each release."""
    return [release_thing(release) for release in package.releases.values() if release.version or release.architecture]


def texts(package: Package) -> list[Thing]:
    """Summaries and descriptions of all releases and languages, each text once."""
    found: dict[Thing, None] = {}
    for release in package.releases.values():
        if release.summary:
            found[Thing("text", (("summary", release.summary),))] = None
    for text in package.texts.values():
        for field, value in (("summary", text.summary), ("description", text.description)):
            if value:
                found[Thing("text", ((field, value),))] = None
    return list(found)


def relations(package: Package, kinds: Iterable[str]) -> list[Thing]:
    """What the relations of these kinds name, of all releases."""
    found: dict[Thing, None] = {}
    for release in package.releases.values():
        found.update(dict.fromkeys(_relations(release, kinds)))
    return list(found)


def attribute(package: Package, field: str) -> list[Thing]:
    """The things that have a value of *field*, an attribute, or are actions of the type *field*."""
    found: dict[Thing, None] = {}
    for release in package.releases.values():
        if field in release.fields:
            found.update(dict.fromkeys(of_field(field, release.fields[field])))
        for action in ACTIONS:
            if action in release.fields:
                things = of_field(action, release.fields[action])
                found.update((thing, None) for thing in things if any(key == field for key, _ in thing.values))
    return list(found)


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


def attributes(release: Release) -> Iterator[Thing]:
    """The things of a release that are no relations."""
    if release.version or release.architecture:
        yield release_thing(release)
    for field, value in release.fields.items():
        yield from of_field(field, value)


def release_thing(release: Release) -> Thing:
    return Thing("release", (("version", release.version), ("arch", release.architecture)))


def of_field(field: str, value: str) -> Iterator[Thing]:
    """The things of one field of a release."""
    if field == "summary":
        yield Thing("text", ((field, value),))
    elif field in ACTIONS:
        yield from (Thing(field, _pairs(field, line)) for line in value.split("\n") if line)
    elif field.startswith(DEPEND):
        yield from (Thing("depend", ((field, line),)) for line in value.split("\n") if line)
    elif field not in PATH_TYPES:
        yield Thing("license" if field == "license" else "set", tuple([(field, line) for line in value.split("\n") if line]))


def _relations(release: Release, kinds: Iterable[str]) -> Iterator[Thing]:
    for kind in kinds:
        for relation in release.relations.get(kind, ()):
            for alternative in relation:
                yield Thing("depend", ((kind, alternative.name), ("kind", kind), ("relation", alternative.written)))


def _pairs(action: str, line: str) -> tuple[tuple[str, str], ...]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    pairs = [(key.lower(), value) for key, equals, value in (word.partition("=") for word in words) if equals]
    return tuple([(f"{action}.{key}" if key in TAKEN else key, value) for key, value in pairs])
