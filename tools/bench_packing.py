"""Rows about writing: the whole distribution, the same again, and one package."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bench_data import REPO, Lists, Place, format_digest
from bench_peers import Peers, missing, pkgindex
from bench_subsets import CHANGED, change, subset
from bench_table import Beside, Row, figure
from bench_timing import median, run
from pkgindex.packer.publish import Head
from pkgindex.query.index import Index
from pkgindex.snapshot.reader import Reader
from pkgindex.spool.spool import Spool
from pkgindex.store.local import LocalBackend

WALL_SECONDS_MAX = 60.0
PEAK_BYTES_MAX = 600e6
SHARD_BYTES_MAX = 110e6
AGAIN_SECONDS_MAX = 6.0
ONE_SECONDS_MAX = 0.1
# Ten times the packages may cost this much more before it counts as more: two medians on a busy machine differ.
TENFOLD_NOISE = 1.25
DROPS = 31
WARMING = 2
APART = 10
PATIENCE_SECONDS = 30.0
# An index built earlier than this was not built by this run.
STALE_SECONDS = 600.0


def build(place: Place, lists: Lists) -> None:
    """Pack the three lists as a person would, into an empty index; what it took is remembered with the index."""
    for folder in (place.index, place.spool):
        place.emptied(os.path.basename(folder))
    spool = _spool(place.spool)
    _drop_lists(spool, lists)
    ran = run(pkgindex("pack", REPO, index=place.index, spool=place.spool))
    if ran.exit:
        raise SystemExit(f"pkgindex pack exited with {ran.exit}; by hand: --index {place.index} --spool {place.spool}")
    place.state["cold"] = {"seconds": ran.seconds, "peak_kib": ran.peak_kib, "format": format_digest(), "when": time.time()}
    place.save()


def cold_rows(place: Place, peers: Peers) -> list[Row]:
    took = place.state["cold"]
    peak = took["peak_kib"] * 1024
    with Index(place.index) as index:
        manifest = index.snapshot(REPO).manifest
    size = sum(shard.size for shard in manifest.shards_of("paths"))
    said = f"{manifest.packages:,} packages, {manifest.paths:,} pairs"
    if time.time() - took["when"] > STALE_SECONDS:
        said += time.strftime("; built %Y-%m-%d %H:%M, --fresh builds it anew", time.localtime(took["when"]))
    return [
        Row("spool to published, cold: wall", took["seconds"], WALL_SECONDS_MAX, answers=said, beside=(
            *(_plocate(peers, f"plocate {what}", "seconds", "s", 1.0) for what in ("paths", "pairs")), _cindex(peers))),
        Row("the same: peak of any process", peak, PEAK_BYTES_MAX, "bytes", (
            _plocate(peers, "plocate pairs", "peak_kib", "bytes", 1024.0),)),
        Row("paths shards on disk", size, SHARD_BYTES_MAX, "bytes", tuple(
            Beside(name, os.path.getsize(file), "bytes") if os.path.exists(file) else
            Beside(name, None, missing=missing("plocate-build") or "not built")
            for name, file in (("plocate, paths alone", peers.plocate_paths), ("plocate, with packages", peers.plocate_pairs),
                               ("SQLite, three tables", peers.database),
                               ("codesearch, index alone", peers.codesearch.index)))),
    ]


def again_rows(place: Place, lists: Lists) -> list[Row]:
    """The same three lists dropped again into an index that stands on them: byte for byte, and unpacked."""
    unpacked = Lists({name: place.path("plain", name) for name in lists.files})
    rows = []
    for what, dropped, times, target in (
        ("the same listing dropped again", lists, 3, AGAIN_SECONDS_MAX),
        ("the same in other bytes (not compressed)", unpacked, 1, None),
    ):
        took, faults = _again(place, dropped, times)
        rows.append(Row(what, took, target, answers=faults or "no new generation", wanted="" if target else "no new generation",
                        reached=not faults and (target is None or took < target)))
    return rows


def one_changed_rows(place: Place, peers: Peers) -> list[Row]:
    """One package dropped where `pkgindex watch` runs, until a reader that was open all the time shows it.

    In the whole index and in one of every tenth package, by turns.
    """
    with _watched(place, place.twin(), "large") as large, _watched(place, subset(place, peers, APART), "small") as small:
        times: dict[str, list[float]] = {"large": [], "small": []}
        for number in range(DROPS + WARMING):
            for watched in (large, small):
                times[watched.name].append(watched.seconds_until_visible(number))
        many, few = (median(times[watched.name][WARMING:]) for watched in (large, small))
        reached = many < few * TENFOLD_NOISE
        return [
            Row("one package changed, drop to visible (watch, quiet period off)", many, ONE_SECONDS_MAX,
                answers=f"{large.packages():,} packages; {_tail(times['large'])}"),
            Row("the same with a tenth of the packages", few, None, reached=reached,
                wanted=f"no less than 1/{TENFOLD_NOISE} of it",
                answers=f"{small.packages():,} packages; {_tail(times['small'])}"),
        ]


# Details


def _tail(times: list[float]) -> str:
    """What a median hides."""
    over = sum(seconds >= ONE_SECONDS_MAX for seconds in times[WARMING:])
    return f"{over} of {DROPS} over {figure(ONE_SECONDS_MAX, 's')}, slowest {figure(max(times[WARMING:]), 's')}"


def _plocate(peers: Peers, what: str, field: str, unit: str, factor: float) -> Beside:
    name = f"plocate-build, {what.removeprefix('plocate ')}"
    absent = missing("plocate-build")
    return Beside(name, None, missing=absent) if absent else Beside(name, peers.built(what)[field] * factor, unit)


def _cindex(peers: Peers) -> Beside:
    name, absent = "cindex, a file a package", missing("cindex")
    if absent:
        return Beside(name, None, missing=absent)
    files = f"and {figure(peers.built('codesearch text')['seconds'], 's')} to write the files, "
    return Beside(name, peers.built("codesearch")["seconds"],
                  answers=f"{files}{figure(peers.codesearch.bytes_of_text(), 'bytes')}, which it reads besides its index")


def _spool(root: str) -> Spool:
    spool = Spool(root)
    spool.create()
    spool.add(REPO)
    return spool


def _drop_lists(spool: Spool, lists: Lists) -> None:
    for name, path in lists.files.items():
        spool.submit(REPO, path, filename=name + os.path.splitext(path)[1] if path.endswith((".lz4", ".gz", ".xz")) else name)


class _Watched(NamedTuple):
    """An index with its packer running, and a reader that stays open."""

    name: str
    path: str
    spool: Spool
    reader: Reader

    def packages(self) -> int:
        return self.reader.snapshot().manifest.packages

    def seconds_until_visible(self, number: int) -> float:
        data = change(number, self.path)
        began = time.perf_counter()
        self.spool.submit_bytes(REPO, f"change-{number}.json", data)
        while not self._shows(f"{number}-bench"):
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise SystemExit(f"change {number} in {self.spool.root} was not visible after {PATIENCE_SECONDS:.0f} s")
            time.sleep(0.001)
        took = time.perf_counter() - began
        # The packer tidies up before the next one comes.
        time.sleep(0.1)
        return took

    def _shows(self, version: str) -> bool:
        package = self.reader.ask(lambda snapshot: snapshot.package(CHANGED, files=False))
        return package is not None and any(key[0] == version for key in package.releases)


@contextmanager
def _watched(place: Place, index: str, name: str) -> Iterator[_Watched]:
    spool = _spool(place.emptied(f"{name}-spool"))
    config = place.path(f"{name}.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("quiet_seconds = 0.0\n")
    with subprocess.Popen(pkgindex("watch", index=index, spool=spool.root), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env={**os.environ, "PKGINDEX_CONFIG": config}) as process:
        try:
            yield _Watched(name, index, spool, Reader(LocalBackend(os.path.join(index, REPO)), REPO))
        finally:
            process.send_signal(signal.SIGTERM)


def _again(place: Place, lists: Lists, times: int) -> tuple[float, str]:
    """(seconds, what is wrong with it)."""
    index, spool = place.twin(), _spool(place.emptied("again-spool"))
    before, took = _generation(index), []
    for _ in range(times):
        _drop_lists(spool, lists)
        took.append(run(pkgindex("pack", REPO, index=index, spool=spool.root)).seconds)
    waiting, after = len(spool.incoming(REPO)), _generation(index)
    wrong = after != before or waiting
    return median(took), f"**generation {after} after {before}, {waiting} left in the spool**" if wrong else ""


def _generation(index: str) -> int:
    return Head(LocalBackend(os.path.join(index, REPO)), REPO).manifest.generation
