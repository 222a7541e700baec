"""Writers that know nothing of each other: whoever is late does its work again on top, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from packer.world import REPO, Expected, checked, drop, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import Exists
from pkgindex.packer.merge import merge
from pkgindex.packer.pack import Target
from pkgindex.packer.publish import Head, all_blobs, publish
from pkgindex.packer.retire import retire
from pkgindex.packer.submissions import Submission
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

WRITERS, SUBMISSIONS = 4, 4


def package(name: str, version: str = "1") -> dict[str, object]:
    return {"name": name, "version": version, "depends": ["libc6"], "files": [f"/usr/bin/{name}", "/usr/shared"]}


def all_of(*submissions: Submission) -> Expected:
    model = Expected()
    for submission in submissions:
        model.pack([submission])
    return model


@pytest.mark.parametrize("kind", ["local", "memory"])
@pytest.mark.parametrize("loose", [0, 6, 64])
def test_writers_without_a_lock_lose_nothing(tmp_path: Path, kind: str, loose: int) -> None:
    (tmp_path / "index").mkdir()
    backend: Backend = LocalBackend(str(tmp_path / "index")) if kind == "local" else MemoryBackend()
    work = [[drop(tmp_path, [package(f"p{writer}-{number}")]) for number in range(SUBMISSIONS)] for writer in range(WRITERS)]
    failed: list[BaseException] = []
    start = threading.Barrier(WRITERS)

    def write(submissions: list[Submission]) -> None:
        try:
            start.wait()
            for submission in submissions:
                assert packed(backend, submission, loose_packages_max=loose).generation
        except BaseException as error:  # noqa: BLE001 - for the test's own thread to raise
            failed.append(error)

    threads = [threading.Thread(target=write, args=(submissions,)) for submissions in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    snapshot = newest(backend)
    assert snapshot.generation == WRITERS * SUBMISSIONS, "each published once"
    everything = [submission for submissions in work for submission in submissions]
    checked(snapshot, all_of(*everything).all())
    assert sorted(snapshot.manifest.recent) == sorted(submission.id for submission in everything)
    assert retire(backend, REPO, Settings()).blobs == 0, "who was late took its files away"


class Overtaken(MemoryBackend):
    """Lets somebody else in before its first link."""

    def __init__(self) -> None:
        super().__init__()
        self.overtake: Callable[[], None] | None = None

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if self.overtake is not None:
            overtake, self.overtake = self.overtake, None
            overtake()
        super().link(name, data, ready)


@pytest.mark.parametrize("loose", [0, 64])
def test_who_is_overtaken_lays_its_facts_over_what_came(tmp_path: Path, loose: int) -> None:
    backend = Overtaken()
    base, ours, theirs = (drop(tmp_path, [package(name)]) for name in ("base", "ours", "theirs"))
    packed(backend, base, loose_packages_max=loose)
    backend.overtake = lambda: (packed(backend, theirs, loose_packages_max=loose), None)[1]
    report = packed(backend, ours, loose_packages_max=loose)
    assert report.generation == 3
    checked(newest(backend), all_of(base, theirs, ours).all())
    stamps = {name.removesuffix(".sqlite").rpartition(".")[2] for name in all_blobs(backend)}
    assert len(stamps) == 3, "nothing is left of what was written for the number that was taken"


def test_who_is_overtaken_by_its_own_submission_does_not_lay_it_over_what_came_since(tmp_path: Path) -> None:
    """Its claim was taken for dead and packed by another, and then something newer; the sleeper wakes up."""
    backend = Overtaken()
    packed(backend, drop(tmp_path, [package("base")]))
    ours, newer = drop(tmp_path, [package("curl", "1")]), drop(tmp_path, [{"name": "curl", "removed": True}])

    def others() -> None:
        packed(backend, ours)
        packed(backend, newer)

    backend.overtake = others
    report = packed(backend, ours)
    assert (report.generation, report.packed) == (0, (ours,))
    assert newest(backend).package("curl") is None
    assert Head(backend, REPO).manifest.generation == 3


def test_a_full_set_that_is_overtaken_still_replaces_all(tmp_path: Path) -> None:
    backend = Overtaken()
    packed(backend, drop(tmp_path, [package("old")], mode="full"))
    theirs, ours = drop(tmp_path, [package("theirs")]), drop(tmp_path, [package("ours")], mode="full")
    backend.overtake = lambda: (packed(backend, theirs), None)[1]
    packed(backend, ours)
    checked(newest(backend), all_of(ours).all())


@pytest.mark.parametrize("limit", [0, 64])
@pytest.mark.parametrize("change", [{"name": "p0", "removed": True}, package("p0", "2"), package("new")])
def test_a_merge_that_is_overtaken_keeps_what_came_meanwhile(tmp_path: Path, limit: int, change: dict[str, object]) -> None:
    backend = Overtaken()
    base = [drop(tmp_path, [package(f"p{number}")]) for number in range(3)]
    for submission in base:
        packed(backend, submission, loose_packages_max=0)
    meanwhile = drop(tmp_path, [change])
    backend.overtake = lambda: (packed(backend, meanwhile, loose_packages_max=limit), None)[1]
    merged = merge(Target(backend, REPO, Settings()), force=True)
    assert merged is not None and merged.generation == 5
    checked(newest(backend), all_of(*base, meanwhile).all())
    assert retire(backend, REPO, Settings()).blobs == 0


def test_a_merge_whose_shards_are_gone_meanwhile_is_dropped(tmp_path: Path) -> None:
    backend = Overtaken()
    base = [drop(tmp_path, [package(f"p{number}")]) for number in range(3)]
    for submission in base:
        packed(backend, submission, loose_packages_max=0)
    backend.overtake = lambda: (merge(Target(backend, REPO, Settings()), force=True), None)[1]
    assert merge(Target(backend, REPO, Settings()), force=True) is None
    checked(newest(backend), all_of(*base).all())
    assert newest(backend).generation == 4
    assert retire(backend, REPO, Settings()).blobs == 0


def test_who_slept_until_its_number_was_pruned_is_not_taken_for_the_parent_of_what_came_after(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [package("a")]))
    slow = Head(backend, REPO)
    for name in "bc":
        packed(backend, drop(tmp_path, [package(name)]))
    backend.remove("generations/0000000000000001")
    backend.remove("generations/0000000000000002")
    with pytest.raises(Exists, match="do it again on top"):
        publish(slow, slow.next(), "aaaaaa", [], 1)
    assert Generations(backend).numbers() == [3]
