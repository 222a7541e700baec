"""What becomes of changed packages in a publish: they stay loose while they are few, and are folded into shards otherwise.

A fold takes all that is loose with it. What it writes anew is dead in every older shard; when it writes all that lives, the
older shards are dropped.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from operator import itemgetter
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.format.forward import decompress_paths
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Shard
from pkgindex.packer import shardfile
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.collect import read_items
from pkgindex.packer.forwards import Outcome, Plan, row_of, spread_pairs, write_items
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head
from pkgindex.packer.updates import Parts
from pkgindex.packer.workers import Workers

# From here on it pays to cut the paths in two and build a shard of each.
PAIRS_A_PROCESS = 200_000
KINDS = (("text", LOOSE_TEXT), ("paths", LOOSE_PATHS))


class Result(NamedTuple):
    """What the manifest says afterwards."""

    shards: tuple[Shard, ...]
    loose: dict[str, int]
    loose_paths: int
    blobs: list[str]


class Building:
    """Shards under construction; `finish` waits for them."""

    def __init__(
        self, head: Head, previous: Previous, plan: Plan, outcomes: Sequence[Outcome], loose: dict[str, int]
    ) -> None:
        self._head, self._previous, self._plan, self._outcomes, self._loose = head, previous, plan, outcomes, loose
        self._started: list[Future[shardfile.Built | None]] = []

    def start(self, workers: Workers) -> None:
        listed, extra = _write_loose(self._previous, self._plan, self._outcomes)
        self._listed = listed + sum(outcome.listed for outcome in self._outcomes)
        scratch = self._plan.scratch
        pairs = extra + sum(outcome.pairs for outcome in self._outcomes)
        ranges = list(range(len(self._plan.cuts) + 1))
        parts = max(1, min(workers.processes, pairs // PAIRS_A_PROCESS))
        for part in range(parts if pairs else 0):
            chosen = ranges[len(ranges) * part // parts : len(ranges) * (part + 1) // parts]
            self._started.append(workers.start(_build_paths, scratch, chosen, f"{scratch}/paths-{part}"))
        self._started.append(workers.start(_build_text, scratch, f"{scratch}/text"))

    def finish(self) -> Result:
        return self.named(self.built(), self._plan.stamp)

    def built(self) -> list[shardfile.Built]:
        """The shards without their names, when they are finished."""
        return [found for found in (future.result() for future in self._started) if found is not None]

    def named(self, built: Sequence[shardfile.Built], stamp: str) -> Result:
        """What the manifest says when they are published under *stamp*."""
        writer = BlobWriter(self._head.backend, stamp)
        old = self._head.manifest
        highest = max((shard.number for shard in old.shards), default=0)
        new = []
        for number, found in enumerate(built, highest + 1):
            new.append(shardfile.seal(found, number, stamp))
            writer.adopt(found.file, found.kind, number)
        kept = [shard for kind, bit in KINDS for shard in self._older(kind, bit, built, writer)]
        return Result(tuple(kept + new), {}, 0, writer.finish())

    def _older(self, kind: str, bit: int, built: Sequence[shardfile.Built], writer: BlobWriter) -> Iterator[Shard]:
        """The older shards of *kind* that still hold something that lives, with their new dead."""
        old = self._head.manifest
        if kind == "text":
            living = old.packages + sum(outcome.packages for outcome in self._outcomes)
            written = sum(found.packages for found in built if found.kind == kind)
        else:
            living, written = old.filed + sum(outcome.with_files for outcome in self._outcomes), self._listed
        if written == living:
            return
        dead = {name for name, bits in self._loose.items() if bits & bit}
        for shard in old.shards_of(kind):
            if not dead:
                yield shard
                continue
            names = sorted(dead.union(self._previous.dead(kind, shard.number, shard.dead_stamp)))
            writer.dead(kind, shard.number, names)
            yield shard._replace(dead_stamp=writer.stamp, dead=len(names))


class Unchanged:
    """No shard is built: what changed is loose."""

    def __init__(self, head: Head, loose: dict[str, int], loose_paths: int) -> None:
        self._result = Result(head.manifest.shards, loose, loose_paths, [])

    def finish(self) -> Result:
        return self._result


def start(
    settings: Settings, workers: Workers, head: Head, plan: Plan, outcomes: Sequence[Outcome]
) -> Building | Unchanged:
    """Begin what must be built for the changes in *outcomes*; in other processes where there are any."""
    loose = dict(head.manifest.loose)
    for outcome in outcomes:
        for name in outcome.texts:
            loose[name] = loose.get(name, 0) | LOOSE_TEXT
        for name in outcome.filed:
            loose[name] = loose.get(name, 0) | LOOSE_PATHS
    paths = head.manifest.loose_paths + sum(outcome.pairs for outcome in outcomes)
    if len(loose) <= settings.loose_packages_max and paths <= settings.loose_paths_max:
        return Unchanged(head, loose, paths)
    building = Building(head, Previous(head.backend, head.manifest), plan, outcomes, loose)
    building.start(workers)
    return building


def _write_loose(previous: Previous, plan: Plan, outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """Rows and ranges of what was loose before and is not written by this pack; how many packages and pairs have paths."""
    texts = {name for outcome in outcomes for name in outcome.texts}
    filed = {name for outcome in outcomes for name in outcome.filed}
    rows, ranges, listed = [], [[] for _ in range(len(plan.cuts) + 1)], 0  # type: ignore[var-annotated]
    for name, bits in previous.loose().items():
        record = previous.forward(name)
        if record is None:
            continue
        parts = Parts(record)
        if bits & LOOSE_TEXT and name not in texts:
            rows.append(row_of(name, parts))
        if bits & LOOSE_PATHS and name not in filed:
            tail = b"\t" + name.encode("utf-8", "surrogateescape")
            paths = {path for _, frame in parts.files.values() for path in decompress_paths(frame)}
            spread_pairs(sorted(path + tail for path in paths), plan.cuts, ranges)
            listed += bool(paths)
    if rows:
        write_items(f"{plan.scratch}/rows/loose", sorted(rows, key=itemgetter(0)))
    for place, pairs in enumerate(ranges):
        if pairs:
            with open(f"{plan.scratch}/ranges/loose.{place}", "wb") as file:
                file.write(b"\n".join(pairs))
    return listed, sum(map(len, ranges))


def _build_text(scratch: str, file: str) -> shardfile.Built | None:
    sources = [read_items(f"{scratch}/rows/{name}") for name in sorted(os.listdir(f"{scratch}/rows"))]
    return shardfile.build_text(file, heapq.merge(*sources, key=itemgetter(0)))


def _build_paths(scratch: str, ranges: Iterable[int], file: str) -> shardfile.Built | None:
    return shardfile.build_paths(file, _sorted_ranges(scratch, ranges))


def _sorted_ranges(scratch: str, ranges: Iterable[int]) -> Iterator[list[bytes]]:
    files: dict[int, list[str]] = {}
    for name in os.listdir(f"{scratch}/ranges"):
        files.setdefault(int(name.partition(".")[2]), []).append(f"{scratch}/ranges/{name}")
    for place in ranges:
        pairs: list[bytes] = []
        for path in files.get(place, ()):
            with open(path, "rb") as file:
                pairs += file.read().split(b"\n")
        pairs.sort()
        yield pairs
