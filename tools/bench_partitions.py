"""What each partition costs to write and to read on each backend, in some 2,000 packages: the tables of docs/partitions.md.

One package is changed, and dependencies and dependants of one are asked for. Times are taken without tracing, each in a
process of its own; bytes and calls by tracing such a process, less what the same process calls without that step.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bench_cache import cached_bytes
from bench_calls import Calls, calls_of
from bench_data import REPO, Place
from bench_databases import database, no_database
from bench_partition_steps import backend_of, publish
from bench_peers import Peers, missing
from bench_subsets import CHANGED, pack_files, subset_files
from bench_table import figure
from bench_timing import drop_from_cache, median
from environment import PROJECT
from pkgindex.config import Settings
from pkgindex.format.names import token_of
from pkgindex.packer.publish import Head, all_blobs
from pkgindex.packer.publish import publish as publish_manifest
from pkgindex.packer.target import Target
from pkgindex.store.backend import Backend

STEP = 32
PUBLISHES, ROUNDS = 9, 5
ASKED = {"deps": CHANGED, "rdeps": "libc6"}
# A package of the same repository that has nothing to do with the questions.
ELSEWHERE = "bench-elsewhere"
NEEDS = {CHANGED: ("libc6", "libcurl4", "zlib1g"), ELSEWHERE: ("bench-needed",)}
PARTITIONS = ("package", "bucket", "whole")
BACKENDS = ("directory", "memory and journal", "PostgreSQL")
WRITE_HEAD = ("backend", "partition", "built in", "blobs", "bytes", "a publish writes: blobs", "bytes", "flushes", "takes",
              "on a share: round trips")
READ_HEAD = ("backend", "partition", "question", "cold", "reads", "page cache", "on a share: round trips", "warm", "reads",
             "round trips", "after a publish elsewhere: reads", "round trips")
Line = tuple[str, ...]
NOWHERE = "/nowhere"
STEPS = os.path.join(PROJECT, "tools", "bench_partition_steps.py")


class Kept(NamedTuple):
    """A repository on some backend. *words* name it to a process, *traced* to one that is traced.

    *folder* is where its files are; empty: they are a server's own.
    """

    words: str
    traced: str
    folder: str


def partition_tables(place: Place, peers: Peers, tell: Callable[[str], None]) -> list[tuple[str, Line, list[Line]]]:
    """(title, head, rows) of each table."""
    if reason := missing("strace"):
        raise SystemExit(f"strace is {reason}")
    listings = subset_files(place, peers, STEP)
    writes: list[Line] = []
    reads: list[Line] = []
    for backend in BACKENDS:
        if backend == "PostgreSQL" and no_database():
            writes.append((backend, no_database(), *["-"] * (len(WRITE_HEAD) - 2)))
            continue
        for partition in PARTITIONS:
            tell(f"{backend}, {partition}")
            with _kept(place, backend) as kept:
                measured = Measured(place, kept, backend, partition)
                writes.append(measured.writing(listings))
                reads += measured.reading()
    return [("Writing", WRITE_HEAD, writes), ("Reading", READ_HEAD, reads)]


@contextmanager
def _kept(place: Place, backend: str) -> Iterator[Kept]:
    folder = place.emptied("partition")
    if backend == "directory":
        yield Kept(f"local:{folder}", f"share:{folder}", folder)
    elif backend == "memory and journal":
        journal = f"journal:{os.path.join(folder, REPO)}"
        yield Kept(journal, journal, folder)
    else:
        with database() as address:
            yield Kept(address, address, "")


class Measured:
    """One partition on one backend."""

    def __init__(self, place: Place, kept: Kept, backend: str, partition: str) -> None:
        self._place, self._kept, self._name = place, kept, (backend, partition)
        self._submissions = 0

    def writing(self, listings: list[str]) -> Line:
        backend = backend_of(self._kept.words)()
        head = Head(backend, REPO, self._name[1])
        publish_manifest(head, head.next(created=time.time()), token_of(os.urandom(8)), [], 0)
        target = Target(backend, REPO, Settings())
        built = pack_files(target, listings, "made")
        # Once before: the first change is of what the lists say, which no later one is.
        list(publish(backend, self._changes(1)))
        before = blobs(backend)
        times = list(publish(backend, self._changes(PUBLISHES)))
        after = blobs(backend)
        close = getattr(backend, "close", None)
        if close is not None:
            close()
        new = {name: size for name, size in after.items() if name not in before}
        one, two = (self._calls("publish", *self._changes(count)) for count in (1, 2))
        calls = two.less(one)
        blobs_each, bytes_each = len(new) / PUBLISHES, round(sum(new.values()) / PUBLISHES)
        return (*self._name, figure(built, "s"), f"{len(before):,}", _bytes(sum(before.values())), f"{blobs_each:.1f}",
                _bytes(bytes_each), self._own(calls.flushes), figure(median(times), "s"), self._trips(calls))

    def reading(self) -> Iterator[Line]:
        for question, name in ASKED.items():
            cold = median(self._asked(question, name, 1)[0] for _ in range(ROUNDS))
            cached = _bytes(cached_bytes(self._kept.folder)) if self._kept.folder else "-"
            warm = median(self._asked(question, name, 2)[1] for _ in range(ROUNDS))
            first, both = (self._calls(question, name, str(times)) for times in (1, 2))
            again = both.less(first)
            yield (*self._name, f"{question} {name}", figure(cold, "s"), _bytes(first.bytes_read), cached, self._trips(first),
                   figure(warm, "s"), _bytes(again.bytes_read), self._trips(again), *self._reread(question, name, first))

    def _reread(self, question: str, name: str, first: Calls) -> tuple[str, str]:
        """What an open reader reads for the same question when another package was published meanwhile."""
        if self._name[0] == "memory and journal":
            return ("-", "-")
        (elsewhere,) = self._changes(1, ELSEWHERE)
        again = self._calls(question, name, "2", between=lambda: _done([*_steps(self._kept.words), "publish", elsewhere]))
        calls = again.less(first)
        return _bytes(calls.bytes_read), self._trips(calls)

    def _asked(self, question: str, name: str, times: int) -> list[float]:
        if self._kept.folder:
            drop_from_cache(self._kept.folder)
        return [float(line) for line in _done([*_steps(self._kept.words), question, name, str(times)], "\n" * times).split()]

    def _calls(self, *words: str, between: Callable[[], object] = bool) -> Calls:
        folder, place = self._place.emptied("traces"), self._kept.folder or NOWHERE
        return calls_of([*_steps(self._kept.traced), *words], place, folder, between)

    def _own(self, flushes: int) -> str:
        """A database flushes by itself."""
        return f"{flushes}" if self._kept.folder else "-"

    def _trips(self, calls: Calls) -> str:
        """Round trips of a directory on a share, or of a database; the journal is one process's own file."""
        return "-" if self._name[0] == "memory and journal" else f"{calls.round_trips:,}"

    def _changes(self, count: int, package: str = CHANGED) -> list[str]:
        found = []
        for _ in range(count):
            self._submissions += 1
            path = self._place.path(f"change-{self._submissions}.json")
            with open(path, "wb") as file:
                file.write(_change(self._submissions, package, NEEDS[package]))
            found.append(path)
        return found


def blobs(backend: Backend) -> dict[str, int]:
    """The bytes of all that a repository has, by name."""
    manifests = [f"generations/{name}" for name in backend.names("generations")]
    return {name: backend.size(name) for name in [*all_blobs(backend), *manifests]}


def _change(number: int, package: str, needs: Sequence[str]) -> bytes:
    """A submission of one package with version *number*."""
    files = [f"/usr/share/{package}/{name}" for name in (*range(50), f"new-{number}")]
    release = {"version": f"1.{number}", "architecture": "amd64", "summary": "changed", "depends": [*needs], "files": files}
    return json.dumps({"name": package, "releases": [release]}).encode()


def _steps(words: str) -> list[str]:
    return [sys.executable, STEPS, words]


def _done(command: Sequence[str], given: str = "") -> str:
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout


def _bytes(count: int) -> str:
    """Bytes to three digits.

    >>> _bytes(0), _bytes(999), _bytes(12_345), _bytes(3_119_842)
    ('0', '999', '12.3 KB', '3.1 MB')
    """
    if count < 1000:
        return str(count)
    return f"{count / 1e3:,.1f} KB" if count < 1e6 else f"{count / 1e6:,.1f} MB"
