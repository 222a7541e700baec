"""Updates: what a pack says of one package, all its submissions laid together, and how that is laid over what was there.

Full submissions come first and form one set; incremental ones are laid over it, in the order they came. Laying over
replaces a release of the same version and architecture, a file list of the same architecture, a text of the same language,
and leaves the rest alone: so that submissions about different things may be packed in any order, and any split.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgpack

from pkgindex.packer.collect import Collection, read_facts, read_pairs

Key = tuple[str, str]


class Update:
    """What is said of one package. `whole`: what was known before does not count."""

    __slots__ = ("files", "releases", "texts", "whole")

    def __init__(self) -> None:
        self.whole = False
        self.releases: dict[Key, list[Any]] = {}
        self.texts: dict[str, list[str]] = {}
        self.files: dict[str, list[bytes]] = {}

    def start_over(self) -> None:
        self.whole = True
        self.releases, self.texts, self.files = {}, {}, {}


def load(collections: Iterable[Collection], partition: int) -> dict[str, Update]:
    """The updates of all packages of a partition; *collections* in the order they are laid over each other."""
    updates: dict[str, Update] = {}
    for collection in collections:
        for fact in read_facts(collection, partition):
            update = updates.get(fact[0])
            if update is None:
                update = updates[fact[0]] = Update()
            _lay_fact(update, fact)
        for architecture in collection.architectures:
            _lay_pairs(updates, collection, partition, architecture)
    return updates


def _lay_fact(update: Update, fact: Sequence[Any]) -> None:
    what = fact[1]
    if what == "release":
        update.releases[(fact[2][0], fact[2][1])] = fact[2]
    elif what == "text":
        update.texts[fact[2]] = fact[3]
    else:
        update.start_over()


def _lay_pairs(updates: dict[str, Update], collection: Collection, partition: int, architecture: str) -> None:
    lists: dict[bytes, list[bytes]] = {}
    for line in read_pairs(collection, partition, architecture):
        path, _, owner = line.rpartition(b"\t")
        try:
            lists[owner].append(path)
        except KeyError:
            lists[owner] = [path]
    if "package" in collection.touches:
        lists = {owner: told for owner, paths in lists.items() if (told := _since_forgotten(paths))}
    for owner, paths in lists.items():
        name = owner.decode("utf-8", "surrogateescape")
        update = updates.get(name)
        if update is None:
            update = updates[name] = Update()
        known = update.files.get(architecture)
        if known is not None and collection.full:
            paths += known
        paths.sort()
        update.files[architecture] = [path for path, _ in groupby(paths)]


def _since_forgotten(paths: list[bytes]) -> list[bytes]:
    """What came after the last line without a path; see `collect`."""
    return paths[len(paths) - paths[::-1].index(b"") :] if b"" in paths else paths


class Parts:
    """What a forward record holds, as msgpack holds it: nothing is turned into objects that is only passed on."""

    __slots__ = ("files", "releases", "texts")

    def __init__(self, record: bytes | None = None) -> None:
        self.releases: dict[Key, list[Any]] = {}
        self.files: dict[str, list[Any]] = {}
        self.texts: dict[str, list[str]] = {}
        if record is not None:
            releases, self.files, self.texts = msgpack.unpackb(
                record, raw=False, unicode_errors="surrogateescape", strict_map_key=False
            )
            self.releases = {(parts[0], parts[1]): parts for parts in releases}

    def sorted_releases(self) -> list[Any]:
        return [parts for _, parts in sorted(self.releases.items(), key=itemgetter(0))]

    def edges(self) -> dict[str, set[str]]:
        """Kinds by the name that they are about."""
        found: dict[str, set[str]] = {}
        for parts in self.releases.values():
            for kind, relations in parts[3].items():
                for relation in relations:
                    for alternative in relation:
                        found.setdefault(alternative[0], set()).add(kind)
        return found

    def empty(self) -> bool:
        return not (self.releases or self.files or self.texts)
