"""Whatever a writer does in between, every answer is of one generation, and never of an older one than before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packer.world import REPO, drop, holding, listed, packed
from pkgindex.config import Settings
from pkgindex.packer.merge import merge
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target
from pkgindex.snapshot import reader as reader_module
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.backend import Backend
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

PACKAGES = ("a", "b", "c")
SOON_GONE = Settings(keep_generations=1, grace_seconds=0.0)


def content(number: int) -> list[dict[str, Any]]:
    """All that generation *number* says carries its number, and nothing of it is in any other."""
    return [
        {"name": name, "version": str(number), "summary": f"word{number}", "depends": [f"needed{number}"],
         "files": [f"/gen/{number}", f"/gen/{number}/{name}"]}
        for name in PACKAGES
    ]  # fmt: skip


def published(backend: Backend, directory: Path, number: int, limit: int) -> None:
    packed(backend, drop(directory, content(number), mode="full"), loose_packages_max=limit)


def told(snapshot: Snapshot) -> int:
    """The generation, asked in every way there is."""
    number = snapshot.generation
    assert {version for name in PACKAGES if (package := snapshot.package(name)) for version, _ in package.releases} == {
        str(number)}
    assert list(snapshot.owners([b"/gen/%d" % number])) == [(b"/gen/%d" % number, name) for name in PACKAGES]
    assert list(snapshot.owners([b"/gen/%d" % (number - 1), b"/gen/%d" % (number + 1)])) == []
    everything = snapshot.matching("", lambda text: True, lambda paths: list(range(len(paths))))
    assert {path.split("/")[2] for paths, _ in everything for path in paths} == {str(number)}
    assert holding(snapshot, f"word{number}") == list(PACKAGES)
    assert holding(snapshot, f"word{number - 1}") == []
    assert listed(snapshot) >= {(name, "version", str(number)) for name in PACKAGES}
    assert snapshot.dependants(f"needed{number}")[0] == list(PACKAGES)
    assert sorted(name for name, _ in snapshot.entries()) == [*PACKAGES, f"needed{number}"]
    return number


class Interleaved(MemoryBackend):
    """Lets the writer in before those of the reader's operations that *schedule* names."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule: frozenset[int] = frozenset()
        self.operations = 0
        self.write: Callable[[], None] | None = None

    def names(self, directory: str) -> list[str]:
        self._let_in()
        return super().names(directory)

    def read(self, name: str) -> bytes:
        self._let_in()
        return super().read(name)

    def size(self, name: str) -> int:
        self._let_in()
        return super().size(name)

    def _let_in(self) -> None:
        if self.write is None:
            return
        self.operations += 1
        if self.operations in self.schedule:
            write, self.write = self.write, None
            write()
            self.write = write


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "BACK_OFF_SECONDS", (0.0,))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drops")


@settings(max_examples=settings().max_examples // 3)
@given(
    schedule=st.frozensets(st.integers(1, 60), max_size=8), retiring=st.booleans(), merging=st.booleans(),
    limits=st.lists(st.sampled_from([0, 2, 64]), min_size=10, max_size=10), questions=st.integers(1, 3),
)  # fmt: skip
def test_a_writer_may_publish_merge_and_retire_between_any_two_reads(
    directory: Path, schedule: frozenset[int], retiring: bool, merging: bool, limits: list[int], questions: int
) -> None:
    backend = Interleaved()
    published(backend, directory, 1, limits[0])
    numbers = iter(range(2, 20))

    def write() -> None:
        number = next(numbers)
        published(backend, directory, number, limits[number % len(limits)])
        if retiring:
            retire(backend, REPO, SOON_GONE)

    backend.schedule, backend.write = schedule, write
    asking = Reader(backend, REPO)
    seen = [asking.ask(told) for _ in range(questions)]
    assert seen == sorted(seen)
    backend.write = None
    head = asking.snapshot().generation
    assert asking.ask(told) == head >= seen[-1]
    if merging and merge(Target(backend, REPO, Settings()), force=True):
        assert asking.ask(lambda snapshot: snapshot.generation) == head + 1


def test_a_snapshot_answers_the_same_for_ever_while_its_generation_is_retained(directory: Path) -> None:
    backend = MemoryBackend()
    published(backend, directory, 1, 0)
    asking = Reader(backend, REPO)
    held = asking.snapshot()
    stream = held.matching("", lambda text: True, lambda paths: list(range(len(paths))))
    for number in range(2, 6):
        published(backend, directory, number, number % 2)
        assert asking.ask(told) == number
        assert told(held) == 1
        assert told(asking.at(number - 1)) == number - 1
    assert sum(len(paths) for paths, _ in stream) == 6


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_readers_beside_a_writer_that_retires_at_once_meet_no_error(directory: Path, tmp_path: Path, kind: str) -> None:
    backend: Backend = LocalBackend(str(tmp_path)) if kind == "local" else MemoryBackend()
    published(backend, directory, 1, 0)
    finished = threading.Event()
    failed: list[BaseException] = []
    counts = [0, 0]

    def ask(place: int) -> None:
        try:
            asking, last = Reader(backend, REPO), 0
            while not finished.is_set() or counts[place] < 3:
                now = asking.ask(told)
                assert now >= last
                last = now
                counts[place] += 1
        except BaseException as error:  # noqa: BLE001 - for the test's own thread to raise
            failed.append(error)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(counts))]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, 16):
            published(backend, directory, number, 64 * (number % 2))
            retire(backend, REPO, SOON_GONE)
    finally:
        finished.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert min(counts) >= 3
