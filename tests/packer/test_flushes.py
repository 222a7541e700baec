"""Every way to write, cut at every step; and with any one flush of any one file left out, which must be noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from packer.world import REPO, checked, drop, make, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import Corrupt, Gone, NoIndex, StoreError
from pkgindex.packer import spill
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import fold
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.merge import merge
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.settle import Settling
from pkgindex.packer.target import Target
from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend
from store.crash import Blobs, CrashBackend, explore

CURL = {"name": "curl", "version": "1", "depends": ["libc6"], "summary": "web client", "files": ["/usr/bin/curl"]}
LIBC = {"name": "libc6", "version": "2", "summary": "library", "files": ["/lib/libc.so"]}
WGET = {"name": "wget", "version": "1", "depends": ["libc6"], "summary": "another web client", "files": ["/usr/bin/wget"]}
TREE: dict[str, tuple[str, ...] | None] = {"curl": ("musl", "wget"), "libc6": None}

LOOSE, SHARDS = 64, 0
Write = Callable[[Backend, Path], None]


def packs(content: list[Any], limit: int, mode: str = "incremental") -> Write:
    def write(backend: Backend, directory: Path) -> None:
        packed(backend, drop(directory, content, mode=mode), loose_packages_max=limit)

    return write


def target(backend: Backend) -> Target:
    return Target(backend, REPO, Settings(processes=1))


def commits(backend: Backend, directory: Path) -> None:
    ledger = Ledger(target(backend))
    ledger.refresh()
    commit(ledger, TREE)


def commits_into_a_file(backend: Backend, directory: Path) -> None:
    with patch.multiple(spill, TAIL_BYTES_MAX=0, TAIL_PUBLISHES=0):
        commits(backend, directory)


def settles(backend: Backend, directory: Path) -> None:
    settling = Settling(target(backend), 1)
    while not settling.step():
        pass


# Of each way: what is there before, what is written, and how many names it flushes at least.
WAYS: dict[str, tuple[list[Write], Write, int]] = {
    "a repository is made": ([], lambda backend, directory: make(backend, "package"), 0),
    "a pack of some, loose": ([packs([CURL, LIBC], SHARDS)], packs([WGET, {**CURL, "version": "3"}], LOOSE), 4),
    "a pack of some, in shards": ([packs([CURL, LIBC], SHARDS)], packs([WGET, {**CURL, "version": "3"}], SHARDS), 8),
    "a pack of all": ([packs([CURL, LIBC], SHARDS)], packs([WGET, LIBC], LOOSE, "full"), 3),
    "a commit of a tree": ([packs([CURL, LIBC, WGET], SHARDS)], commits, 0),
    "a commit of a tree, into a file": ([packs([CURL, LIBC, WGET], SHARDS)], commits_into_a_file, 1),
    "settling": ([packs([CURL, LIBC, WGET], SHARDS), commits], settles, 4),
    "a fold": ([packs([CURL, LIBC], SHARDS), packs([WGET], LOOSE)], lambda backend, directory: fold(target(backend)), 4),
    "a merge": ([packs([CURL, LIBC], SHARDS), packs([WGET, {"name": "curl", "removed": True}], SHARDS)],
                lambda backend, directory: merge(target(backend), force=True), 2),
    "a rebuild": ([packs([CURL, LIBC], SHARDS), packs([WGET], LOOSE)], lambda backend, directory: rebuild(target(backend)), 5),
}  # fmt: skip
# Those that no other test cuts, and how many states that leaves at least.
CUT = {"a repository is made": 2, "a pack of all": 15, "a commit of a tree": 2, "settling": 15, "a fold": 30, "a rebuild": 30}


class Watched(CrashBackend):
    """Makes all durable that it is asked to, but for the name that is flushed *skipped*-th."""

    def __init__(self, blobs: Mapping[str, bytes], skipped: int = -1) -> None:
        super().__init__(blobs)
        self.flushed: list[str] = []
        self._skipped = skipped

    def flush(self, names: Iterable[str]) -> None:
        wanted = sorted(names)
        first = len(self.flushed)
        self.flushed += wanted
        super().flush([name for place, name in enumerate(wanted, first) if place != self._skipped])


def start_of(way: str, directory: Path) -> Blobs:
    backend = MemoryBackend()
    for write in WAYS[way][0]:
        write(backend, directory)
    return backend.blobs()


def told(backend: Backend) -> Any:
    """The generation and all packages, after every answer was compared with them; None before the first."""
    try:
        snapshot = newest(backend)
    except NoIndex:
        return None
    shipped = [name for name, entry in snapshot.entries() if entry.shipped]
    packages = {name: package for name in shipped if (package := snapshot.package(name)) is not None}
    checked(snapshot, packages)
    return snapshot.generation, sorted((name, repr(package)) for name, package in packages.items())


@pytest.mark.parametrize("way", CUT)
def test_a_power_cut_leaves_what_was_or_what_was_written_and_the_next_writer_goes_on(tmp_path: Path, way: str) -> None:
    write = WAYS[way][1]
    start = start_of(way, tmp_path)
    after = MemoryBackend(start)
    write(after, tmp_path)
    old, new = told(MemoryBackend(start)), told(after)
    assert old != new
    done: list[bool] = []

    def run(backend: Backend) -> None:
        done.clear()
        write(backend, tmp_path)
        done.append(True)

    def check(state: Backend, step: int) -> None:
        assert told(state) in ((new,) if done else (old, new))
        packed(state, drop(tmp_path, [{"name": "after", "version": "1", "files": ["/after"]}]))
        assert dict(newest(state).owners([b"/after"])) == {b"/after": "after"}
        told(state)

    assert explore(run, check, start) >= CUT[way]


def test_what_is_there_already_is_made_durable_before_it_is_said_to_be_packed(tmp_path: Path) -> None:
    """Its writer may have been told that the flush of its name failed, and have left it at that."""

    class Unsure(CrashBackend):
        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            MemoryBackend.link(self, name, data, ready)
            raise StoreError("no answer")

    backend, submission = Unsure({}), drop(tmp_path, [CURL])
    with pytest.raises(StoreError, match="no answer"):
        packed(backend, submission)
    assert told(MemoryBackend(backend.durable)) is None
    assert packed(backend, submission).packed == (submission,)
    assert told(MemoryBackend(backend.durable)) == told(backend)


@pytest.mark.parametrize("way", WAYS)
def test_each_flush_of_each_file_is_missed_when_it_is_left_out(tmp_path: Path, way: str) -> None:
    _, write, names_least = WAYS[way]
    start = start_of(way, tmp_path)
    whole = Watched(start)
    write(whole, tmp_path)
    new = told(MemoryBackend(whole.durable))
    assert new == told(whole)
    needless = []
    for skipped, name in enumerate(whole.flushed):
        backend = Watched(start, skipped)
        write(backend, tmp_path)
        try:
            if told(MemoryBackend(backend.durable)) == new:
                needless.append(name)
        except (AssertionError, Corrupt, Gone):
            continue
    assert needless == []
    assert len(whole.flushed) >= names_least
