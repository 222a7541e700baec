"""Every way in which an index can have come about: each holds the same packages, and must give the same answers.

    for way in WAYS:
        with Index(built(way, directory)) as index: ...

A way is a short history of both repositories of `fixture`, on a local disk. `sound` is false of those in which a shard is
missing or damaged afterwards: forward files are whole there too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from pkgindex.config import Settings
from pkgindex.format.manifest import PARTITIONS
from pkgindex.format.names import shard_name
from pkgindex.packer.merge import merge
from pkgindex.packer.pack import pack
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.target import Target
from pkgindex.store.backend import Backend
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend
from questions.fixture import DEBIAN, FILES, IPS, Drop, drops, drops_of_each, submissions

SHARDS = ("text", "paths")
# Everything into shards, and none merged unasked.
FOLDED = {"loose_packages_max": 0, "shards_max": 100}
# A package that goes and comes back.
RETURNING = {DEBIAN: "openssl", IPS: "cat"}
UNRELATED = {
    "name": "unrelated", "version": "7", "depends": ["libc6", "cat"], "summary": "a web server", "files": ["/usr/bin/ssl"],
}  # fmt: skip


class Repository:
    """One repository in the making."""

    def __init__(self, backend: Backend, repo: str, directory: str) -> None:
        self.backend = backend
        self.repo = repo
        self.directories = (f"{directory}/{number}" for number in count())

    def make(self, partition: str = PARTITIONS[0]) -> None:
        head = Head(self.backend, self.repo, partition)
        publish(head, head.next(), "000000", [], 32)

    def pack(self, dropped: list[Drop], mode: str = "", **settings: Any) -> None:
        pack(self.target(**settings), submissions(next(self.directories), dropped, mode))

    def target(self, **settings: Any) -> Target:
        return Target(self.backend, self.repo, Settings(**settings))

    def shards(self, kind: str) -> list[str]:
        """The files of the shards that the newest generation has of *kind*."""
        return [shard_name(kind, shard.number, shard.stamp) for shard in Head(self.backend, self.repo).manifest.shards_of(kind)]


class Way(NamedTuple):
    name: str
    build: Callable[[Repository], None]
    sound: bool = True

    def __str__(self) -> str:
        return self.name


def built(way: Way, directory: str) -> str:
    """The path of an index in *directory* that came about this way."""
    for repo in FILES:
        os.makedirs(f"{directory}/index/{repo}")
        way.build(Repository(LocalBackend(f"{directory}/index/{repo}"), repo, f"{directory}/drops-{repo}"))
    return f"{directory}/index"


def fresh(repository: Repository, partition: str = PARTITIONS[0], **settings: Any) -> None:
    """All listings at once."""
    repository.make(partition)
    repository.pack(drops(repository.repo), **settings)


def turned_round(repository: Repository) -> None:
    """The listings one by one, the last first."""
    repository.make()
    for dropped in reversed(drops(repository.repo)):
        repository.pack([dropped], **FOLDED)


def grown(repository: Repository, **settings: Any) -> None:
    """A package at a time."""
    repository.make()
    for dropped in drops_of_each(repository.repo):
        repository.pack(dropped, "incremental", **settings)


def later(repository: Repository, **settings: Any) -> None:
    """After a package came and went, and another went and came back."""
    fresh(repository, **settings)
    returning = RETURNING[repository.repo]
    _say(repository, [UNRELATED], **settings)
    _say(repository, [{"name": returning, "removed": True}], **settings)
    begins = f"Package: {returning}\n", f"set name=pkg.fmri value=pkg://test/{returning}@"
    (back,) = [dropped for dropped in drops_of_each(repository.repo) if dropped[0].content.startswith(begins)]
    repository.pack(back, "incremental", **settings)
    _say(repository, [{"name": UNRELATED["name"], "removed": True}], **settings)


def rebuilt(repository: Repository) -> None:
    later(repository)
    rebuild(repository.target(**FOLDED))


def merged(repository: Repository) -> None:
    grown(repository, **FOLDED)
    merge(repository.target(), force=True)


def out_of_memory(repository: Repository) -> None:
    """Packed by the backend in memory, and written down after."""
    memory = MemoryBackend()
    later(Repository(memory, repository.repo, next(repository.directories)), **FOLDED)
    for name, data in memory.blobs().items():
        write = repository.backend.link if name.startswith("generations/") else repository.backend.create
        write(name, data)


def without(repository: Repository, kind: str) -> None:
    later(repository, **FOLDED)
    for name in repository.shards(kind):
        repository.backend.remove(name)


def damaged(repository: Repository, kind: str, damage: Callable[[bytes], bytes]) -> None:
    later(repository, **FOLDED)
    for name in repository.shards(kind):
        data = repository.backend.read(name)
        repository.backend.remove(name)
        repository.backend.create(name, damage(data))


def _say(repository: Repository, packages: list[dict[str, Any]], **settings: Any) -> None:
    repository.pack([Drop("said.json", json.dumps(packages))], **settings)


def _zeros(data: bytes) -> bytes:
    return bytes(len(data))


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _headless(data: bytes) -> bytes:
    """A database still, of which every page after the first is not what it was."""
    return data[:4096] + bytes(len(data) - 4096)


WAYS = (
    *(Way(f"fresh, {partition}", partial(fresh, partition=partition, **FOLDED)) for partition in PARTITIONS),
    *(Way(f"fresh and loose, {partition}", partial(fresh, partition=partition)) for partition in PARTITIONS),
    Way("turned round", turned_round),
    Way("grown", partial(grown, **FOLDED)),
    Way("grown and loose", grown),
    Way("later", partial(later, **FOLDED)),
    Way("later and loose", later),
    Way("rebuilt", rebuilt),
    Way("merged", merged),
    Way("out of memory", out_of_memory),
    *(Way(f"{kind} shards gone", partial(without, kind=kind), False) for kind in SHARDS),
    *(Way(f"{kind} shards: {told}", partial(damaged, kind=kind, damage=damage), False)
      for kind in SHARDS for told, damage in (("zeros", _zeros), ("cut", _cut), ("first page only", _headless))),
)
