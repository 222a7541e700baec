from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Exists, Gone, StoreError
from pkgindex.format.envelope import checksum
from pkgindex.format.numbering import number_of
from pkgindex.store import files
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend
from store.chains import content_of, publish
from store.crash import explore

KEEP = 3
RACERS = 8


@pytest.fixture(params=["memory", "local"])
def writers(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Backend]:
    """Each call is another writer's view of one storage."""
    if request.param == "memory":
        backend = MemoryBackend()
        return lambda: backend
    return lambda: LocalBackend(str(tmp_path))


def published(backend: Backend, numbers: range) -> Generations:
    generations = Generations(backend)
    for number in numbers:
        publish(generations, number, b"%d" % number)
    return generations



def test_the_highest_number_is_the_head(writers: Callable[[], Backend]) -> None:
    generations = Generations(writers())
    assert (generations.numbers(), generations.head()) == ([], 0)
    published(writers(), range(1, 12))
    assert (generations.numbers(), generations.head()) == (list(range(1, 12)), 11)
    assert content_of(generations, 11) == b"11"
    with pytest.raises(Gone):
        generations.read(12)


@pytest.mark.parametrize("prefix", ["debian", "debian/"])
def test_a_repository_may_lie_below_a_prefix(prefix: str) -> None:
    backend = MemoryBackend()
    publish(Generations(backend, prefix), 1, b"")
    assert list(backend.blobs()) == ["debian/generations/0000000000000001"]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0000000000000001", 1),
        ("9999999999999999", 9999999999999999),
        ("0000000000000000", None),
        ("000000000000001", None),
        ("00000000000000001", None),
        ("-000000000000001", None),
        ("+000000000000001", None),
        (" 00000000000001 ", None),
        ("00000000_0000001", None),
        ("000000000000000\n", None),
        ("\N{ARABIC-INDIC DIGIT ONE}" * 16, None),
        ("000000000000001\N{SUPERSCRIPT TWO}", None),
        ("000000000000000a", None),
        (".nfs000000000001", None),
        (".nfs0000000000001a2b00000001", None),
        ("", None),
    ],
)
def test_only_sixteen_digits_name_a_generation(name: str, number: int | None) -> None:
    assert number_of(name) == number


@given(st.text(max_size=20) | st.from_regex(r"\A[0-9]{16}\Z"))
def test_a_name_stands_for_one_number_at_most(name: str) -> None:
    number = number_of(name)
    assert number is None or f"{number:016d}" == name


def test_what_is_no_generation_is_ignored() -> None:
    backend = MemoryBackend()
    generations = published(backend, range(1, 3))
    for stray in (".nfs000000000001", "0000000000000009.tmp", "README"):
        backend.create(f"generations/{stray}", b"")
    assert generations.numbers() == [1, 2]


def test_of_many_writers_of_one_number_exactly_one_wins(writers: Callable[[], Backend]) -> None:
    start = threading.Barrier(RACERS)

    def race(racer: int) -> list[int]:
        generations, won = Generations(writers()), []
        for number in range(1, 21):
            start.wait()
            try:
                publish(generations, number, b"%d" % racer)
                won.append(number)
            except Exists:
                pass
        return won

    with ThreadPoolExecutor(RACERS) as threads:
        winners = list(threads.map(race, range(RACERS)))
    assert sorted(number for won in winners for number in won) == list(range(1, 21))
    generations = Generations(writers())
    for racer, won in enumerate(winners):
        assert all(content_of(generations, number) == b"%d" % racer for number in won)


def test_writers_without_a_lock_that_prune_lose_nothing_and_use_no_number_twice(writers: Callable[[], Backend]) -> None:
    rounds, start = 15, threading.Barrier(4)

    def work(writer: int) -> list[int]:
        generations, won = Generations(writers()), []
        start.wait()
        for _ in range(rounds):
            number = generations.head() + 1
            try:
                publish(generations, number, b"%d" % writer)
                won.append(number)
                generations.retire(generations.prune(KEEP))
            except Exists:
                pass
        return won

    with ThreadPoolExecutor(4) as threads:
        acknowledged = sorted(number for won in threads.map(work, range(4)) for number in won)
    assert len(acknowledged) == len(set(acknowledged)) >= rounds
    # A number may be missing here: published, and retired before its writer looked again, and done again.
    assert Generations(writers()).head() >= acknowledged[-1]


def test_a_writer_that_slept_cannot_make_a_retired_number_again(writers: Callable[[], Backend]) -> None:
    generations = published(writers(), range(1, 11))
    generations.retire(generations.prune(KEEP))
    for number in range(1, 8):
        with pytest.raises(Exists, match=f"generation {number} was retired"):
            publish(Generations(writers()), number, b"late")
    assert generations.numbers() == [8, 9, 10]


class Asleep(MemoryBackend):
    """Its writer sleeps after its first link, while *meanwhile* happens."""

    def __init__(self, meanwhile: Callable[[Generations], None]) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[Generations], None]] = [meanwhile]

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        super().link(name, data, ready)
        while self.meanwhile:
            self.meanwhile.pop()(Generations(self))


@pytest.mark.parametrize("followers", [0, 1, 2, 40])
def test_what_others_built_upon_is_not_void_however_far_they_are_ahead(followers: int) -> None:
    def build(generations: Generations) -> None:
        for number in range(2, 2 + followers):
            publish(generations, number, b"after")

    generations = Generations(Asleep(build))
    publish(generations, 1, b"mine")
    assert content_of(generations, 1) == b"mine"
    assert generations.numbers() == list(range(1, 2 + followers))


def test_what_was_built_upon_and_retired_is_done_again_and_nothing_else_goes() -> None:
    def build(generations: Generations) -> None:
        for number in (2, 3):
            publish(generations, number, b"after")
        generations.retire([1, 2])

    generations = Generations(Asleep(build))
    with pytest.raises(Exists, match="retired before its writer came to look"):
        publish(generations, 1, b"mine")
    assert generations.numbers() == [3]


def test_whose_follower_goes_while_it_looks_is_looked_at_again() -> None:
    class Vanishing(MemoryBackend):
        def read(self, name: str) -> bytes:
            found = super().read(name)
            if name.endswith("2") and asleep:
                asleep.clear()
                Generations(self).retire([1, 2])
                raise Gone(name)
            return found

    asleep: list[bool] = []
    backend = Vanishing()
    for number in (2, 3):
        publish(Generations(backend), number, b"before")
    asleep.append(True)
    with pytest.raises(Exists, match="retired before its writer came to look"):
        publish(Generations(backend), 1, b"late")
    assert Generations(backend).numbers() == [3]


def test_the_oldest_retained_is_counted_from_the_head_and_not_taken_from_the_listing() -> None:
    backend = MemoryBackend()
    generations = published(backend, range(1, 11))
    generations.retire(generations.prune(KEEP))
    # What a writer leaves that dies between its link and its look at the floor.
    backend.link("generations/0000000000000002", b"void")
    with pytest.raises(Exists):
        publish(generations, 3, b"late")
    assert generations.prune(KEEP) == [2]


def test_a_repository_may_begin_at_any_number_because_none_is_used_again_after_a_restore() -> None:
    assert published(MemoryBackend(), range(100, 103)).numbers() == [100, 101, 102]


def test_pruning_names_the_oldest_and_never_the_head() -> None:
    generations = published(MemoryBackend(), range(1, 6))
    assert generations.prune(keep=2) == [1, 2, 3]
    assert generations.prune(keep=0) == generations.prune(keep=1) == [1, 2, 3, 4]
    assert generations.prune(keep=5) == generations.prune(keep=100) == []
    assert Generations(MemoryBackend()).prune(1) == []
    for number in (5, 6):
        with pytest.raises(StoreError, match="current one"):
            generations.retire([number])
    assert generations.numbers() == [1, 2, 3, 4, 5]


def test_generations_are_retired_oldest_first_whatever_order_they_come_in() -> None:
    gone: list[str] = []

    class Watched(MemoryBackend):
        def remove(self, name: str) -> None:
            gone.append(name)
            super().remove(name)

    generations = published(Watched(), range(1, 6))
    generations.retire(iter([3, 1, 2]))
    assert [name[-1] for name in gone] == ["1", "2", "3"]


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=30))
def test_a_number_is_acknowledged_once_however_writers_lag(steps: list[tuple[int, bool]]) -> None:
    """Each step: a writer that looked at the head so many generations ago publishes now, and perhaps prunes."""
    generations = Generations(MemoryBackend())
    heads, acknowledged = [0], []
    for lag, prunes in steps:
        number = heads[-min(lag, len(heads))] + 1
        try:
            publish(generations, number, b"%d" % len(heads))
            acknowledged.append(number)
        except Exists:
            pass
        if prunes:
            generations.retire(generations.prune(2))
        heads.append(generations.head())
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert heads == sorted(heads)


def test_a_power_cut_at_any_step_loses_no_acknowledged_generation() -> None:
    acknowledged = [0]

    def run(backend: Backend) -> None:
        acknowledged[:] = [0]
        generations = Generations(backend)
        for number in range(1, 5):
            publish(generations, number, b"%d" % number)
            acknowledged.append(number)
            generations.retire(generations.prune(2))

    def check(state: Backend, step: int) -> None:
        generations = Generations(state)
        head = generations.head()
        assert head >= acknowledged[-1]
        assert all(content_of(generations, number) == b"%d" % number for number in generations.numbers())
        publish(generations, head + 1, b"")
        generations.retire(generations.prune(2))
        assert generations.numbers()[-1] == head + 1

    assert explore(run, check) == 9


def test_a_generation_is_the_head_until_another_one_is(writers: Callable[[], Backend]) -> None:
    generations = Generations(writers())
    assert generations.is_head(0)
    for number in range(1, 6):
        published(writers(), range(number, number + 1))
        assert [generations.is_head(other) for other in range(7)] == [other == number for other in range(7)]


def test_what_was_retired_is_not_the_head_even_when_its_follower_was_retired_too(writers: Callable[[], Backend]) -> None:
    generations = published(writers(), range(1, 6))
    generations.retire(range(1, 5))
    assert [generations.is_head(number) for number in range(1, 7)] == [number == 5 for number in range(1, 7)]


def test_where_names_are_remembered_wrongly_the_head_is_listed(tmp_path: Path) -> None:
    class Share(LocalBackend):
        def size(self, name: str) -> int:
            raise AssertionError("a share may answer from what it remembers")

        def local_file(self, name: str, checksum: str = "") -> str | None:
            return f"/missing, as a share may remember/{name}"

    generations = published(Share(str(tmp_path), remote=True), range(1, 4))
    assert [generations.is_head(number) for number in range(5)] == [False, False, False, True, False]


def test_a_follower_that_the_disk_does_not_show_is_not_taken_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generations = published(LocalBackend(str(tmp_path), remote=False), range(1, 3))

    def refusing(path: str) -> os.stat_result:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "lstat", refusing)
    with pytest.raises(StoreError, match="0000000000000002"):
        generations.is_head(1)


def test_on_a_share_nothing_is_linked_on_top_of_a_generation_that_is_another_one_now(tmp_path: Path) -> None:
    share = LocalBackend(str(tmp_path), remote=True)
    share.link("generations/0000000000000001", b"came after the server had lost it")
    with pytest.raises(Exists, match="was lost by the server"):
        Generations(share).publish(2, b"mine", lambda following: True, checksum(b"the one that it was made from"))
    assert Generations(share).numbers() == [1]


def test_on_a_share_what_cannot_be_read_is_not_taken_for_the_parent(tmp_path: Path) -> None:
    """The head is never retired: gone, it was lost, or the server does not answer, and has perhaps failed over."""

    class Failing(LocalBackend):
        def read(self, name: str) -> bytes:
            raise Gone(name)

    publish(Generations(LocalBackend(str(tmp_path))), 1, b"parent")
    generations = Generations(Failing(str(tmp_path), remote=True))
    with pytest.raises(Exists, match="was lost by the server"):
        generations.publish(2, b"mine", lambda following: True, checksum(b"parent"))
    assert generations.numbers() == [1]


def test_on_a_share_a_parent_that_only_this_host_remembers_is_none(tmp_path: Path) -> None:
    class Remembering(LocalBackend):
        def read(self, name: str) -> bytes:
            return b"parent"

    generations = Generations(Remembering(str(tmp_path), remote=True))
    with pytest.raises(Exists, match="was lost by the server"):
        generations.publish(2, b"mine", lambda following: True, checksum(b"parent"))
    assert generations.numbers() == []


def test_on_a_share_the_parent_of_a_number_that_is_taken_is_not_asked_for(tmp_path: Path) -> None:
    share = LocalBackend(str(tmp_path), remote=True)
    share.link("generations/0000000000000002", b"another writer's")
    with pytest.raises(Exists, match="0000000000000002"):
        Generations(share).publish(2, b"mine", lambda following: True, checksum(b"parent, retired by now"))


def test_a_generation_that_the_server_loses_while_the_next_one_is_written_is_not_built_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that failed has lost what it had shown, and another writer has got the number: that one is acknowledged."""
    generations = published(LocalBackend(str(tmp_path), remote=True), range(1, 2))
    first = tmp_path / "generations/0000000000000001"
    write_all = files.write_all

    def failing_over(handle: int, data: bytes) -> None:
        first.unlink()
        first.write_bytes(b"another writer's")
        write_all(handle, data)

    monkeypatch.setattr(files, "write_all", failing_over)
    with pytest.raises(Exists, match="generation 1 was lost by the server"):
        generations.publish(2, b"mine", lambda following: True, checksum(generations.read(1)))
    assert generations.numbers() == [1]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_parent_that_is_another_one_now_does_not_vouch_for_what_was_linked() -> None:
    backend = MemoryBackend()
    for number in (1, 3):
        backend.link(f"generations/{number:016d}", b"others")
    with pytest.raises(Exists, match="do it again on top"):
        Generations(backend).publish(2, b"mine", lambda following: False, checksum(b"the one that it was made from"))
    assert Generations(backend).numbers() == [1, 3]
