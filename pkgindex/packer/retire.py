"""Retiring: old generations, and the files that only they name.

Invariants:

* The newest `keep_generations` stay, and every one that was the newest less than `grace_seconds` ago, by the storage's clock:
  a reader that looks for a new generation within the grace never has a file taken from under it.
* A blob goes when no retained generation names it and the number in its stamp is taken, so that no writer can still publish it.
* Where many generations are retained, only the oldest one is read: what it does not name, none after it names, and what was
  written after it is left for another time.
* Manifests go first. What a crash leaves behind in between is found again the next time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Gone
from pkgindex.format import manifest as manifests
from pkgindex.format import names, page
from pkgindex.format.manifest import Manifest
from pkgindex.format.numbering import manifest_name
from pkgindex.format.page import group_of
from pkgindex.packer.publish import all_blobs
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations

SCRATCH_SECONDS_MAX = 3600.0
# Within the grace a busy tree server publishes more generations than there is time to read.
LOOKED_AT_MAX = 256


class Retired(NamedTuple):
    """What went, and how many bytes that freed."""

    generations: tuple[int, ...]
    blobs: int
    bytes: int


def retire(backend: Backend, repo: str, settings: Settings) -> Retired:
    """Take away what nobody needs any more. Raises `Corrupt` when a retained generation cannot be read: then all stays."""
    generations = Generations(backend)
    gone = _outdated(backend, generations, settings)
    generations.retire(gone)
    kept, looked_at, named = _retained(backend, generations, repo)
    if not kept:
        return Retired((), 0, 0)
    blobs = size = 0
    for name in all_blobs(backend):
        parsed = names.parse_blob(name)
        if parsed is not None and parsed[1] <= looked_at[-1] and name not in named:
            size += _size(backend, name)
            backend.remove(name)
            blobs += 1
    _clear_scratch(backend, kept[-1])
    return Retired(tuple(gone), blobs, size)


def _outdated(backend: Backend, generations: Generations, settings: Settings) -> list[int]:
    """The generations beyond those kept, whose follower has been there for the whole grace."""
    numbers = generations.numbers()
    followers = dict(pairwise(numbers))
    found = []
    for number in generations.prune(settings.keep_generations):
        # Where there is none it came between two listings.
        follower = followers.get(number)
        if follower is None or _age_seconds(backend, follower) < settings.grace_seconds:
            break
        found.append(number)
    return found


def _age_seconds(backend: Backend, number: int) -> float:
    """Of a manifest. What somebody else has retired meanwhile, or the disk does not show, is no reason to retire more."""
    try:
        return backend.age_seconds(manifest_name(number))
    except Gone:
        return 0.0


def _retained(backend: Backend, generations: Generations, repo: str) -> tuple[list[int], list[int], set[str]]:
    """The generations that are kept, those of them that were looked at, and every blob that hangs off one of these."""
    while kept := generations.numbers():
        looked_at = kept if len(kept) <= LOOKED_AT_MAX else kept[:1]
        try:
            return kept, looked_at, _named(backend, [_read(generations, repo, number) for number in looked_at])
        except Gone:
            # Somebody else retires too, and the oldest go first.
            if kept[0] in generations.numbers():
                raise
    return [], [], set()


def _read(generations: Generations, repo: str, number: int) -> Manifest:
    return manifests.decode(generations.read(number), repo, number, manifest_name(number))


def _named(backend: Backend, kept: list[Manifest]) -> set[str]:
    """Every blob that hangs off one of the manifests."""
    found: set[str] = set()
    for manifest in kept:
        for shard in manifest.shards:
            found.add(names.shard_name(shard.kind, shard.number, shard.stamp))
            if shard.dead_stamp:
                found.add(names.dead_name(shard.kind, shard.number, shard.dead_stamp))
        found.update(names.delta_name(spilled.stamp) for spilled in manifest.deltas)
        for number, stamp in enumerate(manifest.page_stamps):
            name = names.page_name(number, stamp)
            if stamp and name not in found:
                found.add(name)
                found.update(_facts(page.decode(backend.read(name), stamp, name), manifest.partition))
    return found


def _facts(entries: dict[str, page.Entry], partition: str) -> Iterator[str]:
    for package, entry in entries.items():
        group = group_of(package, partition)
        if entry.forward:
            yield names.facts_name("forward", group, entry.forward)
        if entry.reverse:
            yield names.facts_name("reverse", group, entry.reverse)


def _size(backend: Backend, name: str) -> int:
    try:
        return backend.size(name)
    except Gone:
        return 0


def _clear_scratch(backend: Backend, head: int) -> None:
    """What writers that died left unfinished, judged by the newest file of each and the storage's clock."""
    manifest = manifest_name(head)
    file = backend.local_file(manifest)
    if file is None:
        return
    try:
        now = os.stat(file).st_mtime + backend.age_seconds(manifest)
    except (FileNotFoundError, Gone):  # whoever has retired it since does this too
        return
    for entry in os.scandir(backend.scratch()):
        if now - _last_written(entry.path) > SCRATCH_SECONDS_MAX:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                backend.remove(f"tmp/{entry.name}")


def _last_written(path: str) -> float:
    """When the file, or the newest below the directory, was written; never, when it vanishes meanwhile."""
    try:
        times = [os.lstat(path).st_mtime]
    except FileNotFoundError:
        return float("inf")
    for top, directories, files in os.walk(path):
        for name in directories + files:
            with suppress(FileNotFoundError):
                times.append(os.lstat(os.path.join(top, name)).st_mtime)
    return max(times)
