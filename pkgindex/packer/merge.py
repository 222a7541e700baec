"""Merging: several shards become one, without their dead.

The merged shard is built without the lock, while others publish, and published like any other change. What became dead in
its parts meanwhile is dead in it too; when a part is gone, the work was for nothing and is dropped.

A text shard of a former format is always worth merging: questions about words cannot be answered from it.
"""

from __future__ import annotations

import heapq
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Exists, NoSpace
from pkgindex.format import block
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Change, Manifest, Shard
from pkgindex.format.names import token_of
from pkgindex.packer import shardfile
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.pack import ATTEMPTS_MAX
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.target import Target
from pkgindex.packer.textmerge import TextMerge, of_former_formats, rows_anew
from pkgindex.store.shards import ShardFile

CHUNK_PAIRS = 8192
FACETS = {"text": LOOSE_TEXT, "paths": LOOSE_PATHS}


class Merged(NamedTuple):
    """What a merge came to: the shards that became one, of each kind that had some to merge."""

    repo: str
    generation: int
    parts: int
    before_bytes: int
    after_bytes: int
    seconds: float


def chosen(shards: Sequence[Shard], settings: Settings) -> list[Shard]:
    """The shards of one kind that are worth merging now: too many of them, or one that is too dead.

    The smallest go first, so that a large shard is written again only after as much as itself has come together.
    """
    ordered = sorted(shards, key=lambda shard: (shard.size, shard.number))
    dead = [shard for shard in ordered if shard.dead > settings.dead_share_max * shard.packages]
    if len(ordered) <= settings.shards_max:
        return dead
    several = ordered[: len(ordered) - max(1, settings.shards_max // 2) + 1]
    return several + [shard for shard in dead if shard not in several]


def merge(target: Target, force: bool = False) -> Merged | None:
    """Merge what the policy says, or with *force* all shards of each kind into one. None: there was nothing to merge.

    Raises `NoSpace` and other `StoreError`, and then nothing has changed.
    """
    began = time.monotonic()
    head = Head(target.backend, target.repo)
    parts: list[Shard] = []
    for kind in FACETS:
        shards = head.manifest.shards_of(kind)
        wanted = list(shards) if force and (len(shards) > 1 or any(shard.dead for shard in shards)) else []
        wanted = wanted or chosen(shards, target.settings)
        parts += wanted + [shard for shard in of_former_formats(target.backend, shards) if shard not in wanted]
    if not parts:
        return None
    _require_space(target, parts)
    scratch = tempfile.mkdtemp(prefix="merge-", dir=target.backend.scratch())
    try:
        built = [found for kind in FACETS if (found := _build(target, head, kind, parts, scratch)) is not None]
        manifest = _publish(target, head, parts, built)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if manifest is None:
        return None
    known = {shard.number for shard in head.manifest.shards}
    after = sum(shard.size for shard in manifest.shards if shard.number not in known)
    return Merged(target.repo, manifest.generation, len(parts), sum(part.size for part in parts), after,
                  time.monotonic() - began)


def _build(target: Target, head: Head, kind: str, parts: Sequence[Shard], scratch: str) -> shardfile.Built | None:
    mine = [part for part in parts if part.kind == kind]
    if not mine:
        return None
    target.tell(f"merging {len(mine)} {kind} shards")
    hidden = [_dead(head, part) | _loose(head, kind) for part in mine]
    files = [ShardFile(target.backend, part) for part in mine]
    try:
        if kind == "paths":
            return shardfile.build_paths(f"{scratch}/paths", _merged_pairs(files, hidden))
        if of_former_formats(target.backend, mine):
            return shardfile.build_text(f"{scratch}/text", rows_anew(head, files, hidden))
        return shardfile.build_text_from(f"{scratch}/text", TextMerge(files, hidden))
    finally:
        for file in files:
            file.close()


def _publish(
    target: Target, began: Head, parts: Sequence[Shard], built: Sequence[shardfile.Built]
) -> Manifest | None:
    for attempt in range(ATTEMPTS_MAX):
        head = Head(target.backend, target.repo)
        now = {(shard.number, shard.stamp): shard for shard in head.manifest.shards}
        if not all((part.number, part.stamp) in now for part in parts):
            target.tell("a shard that was being merged is gone: nothing to do")
            return None
        token = token_of(os.urandom(8))
        writer = BlobWriter(target.backend, f"{head.manifest.generation + 1}-{token}")
        try:
            highest = max(shard.number for shard in head.manifest.shards)
            merged = []
            for number, found in enumerate(built, highest + 1):
                mine = [part for part in parts if part.kind == found.kind]
                died = set().union(*[_dead(head, now[(part.number, part.stamp)]) - _dead(began, part) for part in mine])
                merged.append(_named(writer, found, number, attempt, sorted(died - _loose(began, found.kind))))
            kept = [shard for key, shard in now.items() if key not in {(part.number, part.stamp) for part in parts}]
            manifest = head.next(
                created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", shards=tuple(kept + merged),
                submissions=(), change=Change(action="merge"),
            )
            publish(head, manifest, token, writer.finish(), target.settings.keep_generations)
        except Exists:
            continue
        except BaseException:
            withdraw(target.backend, writer.stamp)
            raise
        return manifest
    return None


def _named(writer: BlobWriter, built: shardfile.Built, number: int, attempt: int, died: list[str]) -> Shard:
    """The shard under its name. A copy: when another writer is first, the name is void and the work is not."""
    copy = built._replace(file=f"{built.file}.{attempt}")
    shutil.copyfile(built.file, copy.file)
    shard = shardfile.seal(copy, number, writer.stamp)
    writer.adopt(copy.file, built.kind, number)
    if died:
        writer.dead(built.kind, number, died)
        shard = shard._replace(dead_stamp=writer.stamp, dead=len(died))
    return shard


def _dead(head: Head, shard: Shard) -> set[str]:
    return set(Previous(head.backend, head.manifest).dead(shard.kind, shard.number, shard.dead_stamp))


def _loose(head: Head, kind: str) -> set[str]:
    return {name for name, bits in Previous(head.backend, head.manifest).loose().items() if bits & FACETS[kind]}


def _merged_pairs(files: Sequence[ShardFile], hidden: Sequence[set[str]]) -> Iterator[list[bytes]]:
    """The living pairs of all shards in order, in lists."""
    streams = [_living_pairs(file, dead) for file, dead in zip(files, hidden, strict=True)]
    merged = heapq.merge(*streams)
    chunk: list[bytes] = []
    for pair in merged:
        chunk.append(pair)
        if len(chunk) == CHUNK_PAIRS:
            yield chunk
            chunk = []
    yield chunk


def _living_pairs(file: ShardFile, dead: set[str]) -> Iterator[bytes]:
    for (frame,) in file.rows("SELECT frame FROM blocks ORDER BY id"):
        for path, owner in block.decode(block.unpack(frame, file.name), file.name):
            if owner not in dead:
                yield block.pair(path, owner)


def _require_space(target: Target, parts: Sequence[Shard]) -> None:
    # The new one twice (built and compacted), beside the old ones.
    needed = 2 * sum(part.size for part in parts)
    if target.backend.free_bytes() < needed:
        raise NoSpace(f"merging may need {needed >> 20} MiB and {target.backend.free_bytes() >> 20} MiB are free: make room")
