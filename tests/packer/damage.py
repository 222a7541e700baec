"""A small repository with a bit of everything, and every way to damage one of its files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pytest

from packer.world import REPO, drop, make, newest, packed
from pkgindex.format import names, page
from pkgindex.format.page import group_of
from pkgindex.snapshot.verify import Verdict, verify
from pkgindex.store.memory import MemoryBackend

FIRST = [
    {"name": "curl", "version": "8", "summary": "a tool", "description": "moves data",
     "depends": ["libc6 (>= 2)", "zlib1g | zlib2"], "files": ["/usr/bin/curl", "/usr/share/doc/curl"]},
    {"name": "libc6", "version": "2", "summary": "the library", "files": ["/lib/libc.so.6", "/usr/share/doc/libc6"]},
    {"name": "zlib1g", "version": "1", "summary": "packs data", "depends": ["libc6"], "files": ["/lib/libz.so.1"]},
    {"name": "old", "version": "1", "summary": "goes soon", "depends": ["libc6"], "files": ["/usr/bin/old"]},
]  # fmt: skip
SECOND = [
    {"name": "zlib1g", "version": "1", "summary": "packs more", "depends": ["libc6"], "files": ["/lib/libz.so.2"]},
    {"name": "bash", "version": "5", "summary": "a shell", "pre_depends": ["libc6"], "files": ["/bin/bash"]},
]
THIRD = [
    {"name": "old", "removed": True},
    {"name": "vim", "version": "9", "summary": "an editor", "depends": ["libc6"], "files": ["/usr/bin/vim"]},
]


def small(partition: str) -> MemoryBackend:
    """Four generations: the empty one, one of shards, one with dead in them, one with loose packages."""
    backend = MemoryBackend()
    directory = tempfile.mkdtemp()
    try:
        with pytest.MonkeyPatch.context() as patch:
            # Several pages for a handful of names.
            patch.setattr(page, "NAMES_PER_PAGE", 2)
            _history(backend, partition, directory)
    finally:
        shutil.rmtree(directory)
    return backend


def _history(backend: MemoryBackend, partition: str, directory: str) -> None:
    make(backend, partition)
    packed(backend, drop(directory, FIRST), loose_packages_max=0)
    packed(backend, drop(directory, SECOND), loose_packages_max=0)
    packed(backend, drop(directory, THIRD))


def reachable(backend: MemoryBackend) -> list[str]:
    """The files that the newest generation names, and the retained manifests."""
    snapshot = newest(backend)
    manifest = snapshot.manifest
    found = {name for name in backend.blobs() if name.startswith("generations/")}
    for shard in manifest.shards:
        found.add(names.shard_name(shard.kind, shard.number, shard.stamp))
        if shard.dead_stamp:
            found.add(names.dead_name(shard.kind, shard.number, shard.dead_stamp))
    found.update(names.page_name(number, stamp) for number, stamp in enumerate(manifest.page_stamps) if stamp)
    for name, entry in snapshot.entries():
        group = group_of(name, manifest.partition)
        found.update(names.facts_name(kind, group, stamp)
                     for kind, stamp in (("forward", entry.forward), ("reverse", entry.reverse)) if stamp)
    return sorted(found)


def damaged(blobs: dict[str, bytes], name: str, thorough: bool = True) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Every way in which the file *name* can be wrong, with its description."""
    data = blobs[name]
    places = {0, 9, 12, 20, len(data) // 2, len(data) - 1}
    if thorough:
        places |= set(range(0, len(data), max(1, len(data) // 20)))
    for place in sorted(place for place in places if 0 <= place < len(data)):
        yield f"byte {place} flipped", {**blobs, name: data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]}
    for length in {0, 1, len(data) // 2, len(data) - 1}:
        yield f"cut to {length}", {**blobs, name: data[:length]}
    yield "a byte more", {**blobs, name: data + b"\0"}
    yield "gone", {other: content for other, content in blobs.items() if other != name}
    kind = name.split("/")[0]
    for other in [other for other in blobs if other.split("/")[0] == kind and blobs[other] != data]:
        yield f"replaced by {other}", {**blobs, name: blobs[other]}


def verdict_of(blobs: dict[str, bytes] | MemoryBackend) -> Verdict:
    return verify(blobs if isinstance(blobs, MemoryBackend) else MemoryBackend(blobs), REPO)
