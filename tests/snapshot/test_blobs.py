"""What a reader that stays remembers: enough to go on from, and no more of it the longer it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from packer.world import REPO, drop, make, packed
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

PACKAGES = tuple(f"p{number}" for number in range(6))


class Counting(MemoryBackend):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self, name: str) -> bytes:
        self.reads += 1
        return super().read(name)


def publish(backend: MemoryBackend, directory: Path, number: int) -> None:
    """A generation in which one package needs what nobody has needed before."""
    changed = PACKAGES[number % len(PACKAGES)]
    content = {"name": changed, "depends": [f"v{number}"], "files": [f"/{number}"]}
    packed(backend, drop(directory, [content], mode="incremental"))


def ask_all(snapshot: Snapshot) -> None:
    for name, entry in snapshot.entries():
        assert entry.shipped == (snapshot.package(name) is not None)
        assert snapshot.dependants(name)[0] or entry.shipped


@pytest.mark.parametrize("partition", ["package", "bucket", "whole"])
def test_beside_many_generations_as_much_is_remembered_as_beside_few(tmp_path: Path, partition: str) -> None:
    backend = MemoryBackend()
    make(backend, partition)
    reader, remembered = Reader(backend, REPO), []
    for number in range(30):
        publish(backend, tmp_path, number)
        reader.ask(ask_all)
        blobs = reader._blobs
        pages = [page for versions in blobs._pages.values() for _, page in versions]
        assert blobs._entries == sum(map(len, pages))
        remembered.append((len(pages), blobs._entries, sum(map(len, blobs._groups.values()))))
    most = [max(counts) for counts in zip(*remembered[:10], strict=True)]
    assert [max(counts) for counts in zip(*remembered, strict=True)] == most


def test_of_the_next_generation_only_what_changed_is_read_and_two_can_be_compared_name_by_name(tmp_path: Path) -> None:
    backend = Counting()
    for number in range(len(PACKAGES)):
        publish(backend, tmp_path, number)
    reader = Reader(backend, REPO)
    reader.ask(ask_all)
    older, before = reader.snapshot(), backend.reads
    publish(backend, tmp_path, len(PACKAGES))
    backend.reads = 0
    reader.ask(ask_all)
    assert 0 < backend.reads < before
    backend.reads = 0
    for name in PACKAGES:
        assert older.package(name) is not None and reader.snapshot().package(name) is not None
        assert list(older.entries()) != list(reader.snapshot().entries())
    assert backend.reads == 0
