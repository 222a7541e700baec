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
from pkgindex.format.numbering import manifest_name
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
            self.manifest = manifests.decode(data, repo, number, manifest_name(number))
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

    Raises `Exists` when another writer was first: nothing of ours is named then.
    """
    stamp = f"{manifest.generation}-{token}"
    data = manifests.encode(manifest, token)
    try:
        head.backend.flush(blobs)
    except StoreError as error:
        withdraw(head.backend, stamp, written)
        if head.generations.head() < manifest.generation:
            raise
        # Another writer was first, and what we wrote was retired as nobody's.
        raise Exists(f"generation {manifest.generation} came from another writer ({error})") from error
    try:
        head.generations.publish(
            manifest.generation, data, lambda following: _is_made_from(data, following, manifest), manifest.parent_checksum)
    except StoreError:
        # Where it is there all the same, it may not be durable: not acknowledged, and packing it again will be a no-op.
        withdraw(head.backend, stamp, written)
        raise
    return manifests.checksum_of(data)


def withdraw(backend: Backend, stamp: str, written: Iterable[str] | None = None) -> None:
    """Remove everything written under *stamp*, whose generation will never be; nothing when it may have been.

    Where the names are known (*written*), no directory is listed.
    """
    if _may_be_published(backend, stamp):
        return
    for name in all_blobs(backend) if written is None else written:
        parsed = parse_blob(name)
        if parsed is not None and parsed[0] == stamp:
            backend.remove(name)


def _may_be_published(backend: Backend, stamp: str) -> bool:
    """Unless it is sure that no generation was made under *stamp*. What is left by mistake is retired; what is removed is not
    made again, and it may be named.

    A number that is taken and gone again may have been ours, and then those after it name our files.
    """
    number = int(stamp.partition("-")[0])
    generations = Generations(backend)
    numbers = generations.numbers()
    if number not in numbers:
        return number < max(numbers, default=0)
    try:
        return generations.read(number).split(b" ", 4)[3:4] == [stamp.encode()]
    except Gone:
        return True


def _is_made_from(data: bytes, following: bytes, manifest: Manifest) -> bool:
    number = manifest.generation + 1
    found = manifests.decode(following, manifest.repo, number, manifest_name(number))
    return found.parent_checksum == manifests.checksum_of(data)


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
