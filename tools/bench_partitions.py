"""What each partition costs to write and to read, in some 2,000 packages."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from bench_data import REPO, Place
from bench_peers import Peers
from bench_subsets import CHANGED, change, pack_files, subset_files, target_of
from bench_table import figure
from bench_timing import median
from pkgindex.format.names import token_of
from pkgindex.packer.publish import Head, publish
from pkgindex.query.index import Index

STEP = 32
PUBLISHES = 9


def partition_table(place: Place, peers: Peers) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(head, rows): what each partition costs to write and to read, in a repository of some 2,000 packages."""
    listings = subset_files(place, peers, STEP)
    head = ("partition", "files", "built in", "one package published in", "bytes written", "files written", "show, opened anew")
    return head, [_partition(place, listings, partition) for partition in ("package", "bucket", "whole")]


def _partition(place: Place, listings: list[str], partition: str) -> tuple[str, ...]:
    index = place.emptied("partition")
    os.makedirs(os.path.join(index, REPO))
    target = target_of(index)
    head = Head(target.backend, REPO, partition)
    publish(head, head.next(created=time.time()), token_of(os.urandom(8)), [], target.settings.keep_generations)
    built = pack_files(target, listings, "made")
    files = len(_sizes(index))
    times, sizes, counts = [], [], []
    for number in range(PUBLISHES):
        submission = place.path("change.json")
        with open(submission, "wb") as file:
            file.write(change(number, index))
        before = _sizes(index)
        times.append(pack_files(target, [submission], f"change-{number}"))
        new = {name: size for name, size in _sizes(index).items() if name not in before}
        sizes.append(sum(new.values()))
        counts.append(len(new))
    shown = median(_seconds(lambda: _show(index)) for _ in range(30))
    return (partition, f"{files:,}", figure(built, "s"), figure(median(times), "s"), f"{median(sizes):,.0f}",
            f"{median(counts):.0f}", figure(shown, "s"))


def _show(index_path: str) -> None:
    with Index(index_path) as index:
        index.package(CHANGED)


def _seconds(task: Callable[[], None]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def _sizes(index: str) -> dict[str, int]:
    found = {}
    for folder, _, names in os.walk(index):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.basename(folder) != "tmp":
                found[path] = os.path.getsize(path)
    return found
