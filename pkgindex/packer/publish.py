"""Publishing: one manifest, linked under the next number. The write order here is what keeps the promises:

    blobs, pages, shards    written under names stamped with the number and this writer's token
    flush                   all of them, and their directories
    link                    the manifest; from here on readers see the new generation

A generation whose number was taken by another writer is nothing: what was written for it is removed, and the work is
done again on top of what is there.
"""

from __future__ import annotations

from collections.abc import Iterable

from pkgindex.errors import Exists, Gone, StoreError
from pkgindex.format import manifest as manifests
from pkgindex.format.manifest import Manifest
from pkgindex.format.names import BLOB_DIRECTORIES, parse_blob
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations

FIRST = 1


class Head:
    """The generation there is now, and what the next one must say of it."""

    def __init__(self, backend: Backend, repo: str, partition: str = "package") -> None:
        self.backend = backend
        self.generations = Generations(backend)
        number = self.generations.head()
        self.manifest = Manifest(repo, 0, partition)
        self.checksum = ""
        if number:
            data = self.generations.read(number)
            self.manifest = manifests.decode(data, repo, number, f"generations/{number:016d}")
            self.checksum = manifests.checksum_of(data)

    def advance(self, manifest: Manifest, checksum: str) -> None:
        """Stand on *manifest*, which was published on top of what this stood on."""
        self.manifest, self.checksum = manifest, checksum

    def next(self, **changes: object) -> Manifest:
        """The manifest of the generation after this one, with *changes*."""
        values = {**self.manifest._asdict(), **changes}
        return Manifest(**{**values, "generation": self.manifest.generation + 1, "parent": self.manifest.generation,
                           "parent_checksum": self.checksum})


def publish(
    head: Head, manifest: Manifest, token: str, blobs: Iterable[str], keep: int, written: Iterable[str] | None = None
) -> str:
    """Make *manifest* the generation after *head*; *blobs* are the names that are not flushed yet, *written* (when they are
    known to the caller) all that it was written with. Gives the manifest's checksum.

    Raises `Exists` when another writer was first: nothing of ours is left then.
    """
    stamp = f"{manifest.generation}-{token}"
    data = manifests.encode(manifest, token)
    try:
        head.backend.flush(blobs)
        head.generations.publish(manifest.generation, data, keep)
    except StoreError as error:
        # Where it is there all the same, it may not be durable: not acknowledged, and packing it again will be a no-op.
        withdraw(head.backend, stamp, written)
        if isinstance(error, Exists) or published(head.backend, stamp) or head.generations.head() < manifest.generation:
            raise
        # Another writer was first, and what we wrote was retired as nobody's.
        raise Exists(f"generation {manifest.generation} came from another writer ({error})") from error
    return manifests.checksum_of(data)


def withdraw(backend: Backend, stamp: str, written: Iterable[str] | None = None) -> None:
    """Remove everything written under *stamp*, whose generation will never be; nothing when it is published after all.

    Where the names are known (*written*), no directory is listed.
    """
    if published(backend, stamp):
        return
    for name in all_blobs(backend) if written is None else written:
        parsed = parse_blob(name)
        if parsed is not None and parsed[0] == stamp:
            backend.remove(name)


def all_blobs(backend: Backend) -> list[str]:
    """Every name in the directories of blobs, ours or not."""
    found: list[str] = []
    for directory in BLOB_DIRECTORIES:
        if directory in ("forward", "reverse"):
            for part in sorted(backend.names(directory)):
                found += [f"{directory}/{part}/{name}" for name in backend.names(f"{directory}/{part}")]
        else:
            found += [f"{directory}/{name}" for name in backend.names(directory)]
    return found


def published(backend: Backend, stamp: str) -> bool:
    """Whether the manifest of the stamp's generation is there and was made under this very stamp."""
    number = int(stamp.partition("-")[0])
    generations = Generations(backend)
    try:
        return number in generations.numbers() and generations.read(number).split(b" ", 4)[3:4] == [stamp.encode()]
    except Gone:
        return False
