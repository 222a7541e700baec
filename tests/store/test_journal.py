"""The backend in memory with a journal: the laws of a backend, and what a crash may leave."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Busy, Corrupt, Exists, NewerFormat, NoIndex, StoreError
from pkgindex.format.journal import HEAD
from pkgindex.store.journal import JournaledBackend
from store.contract import BackendContract
from store.durable import require_durable

PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
Steps = list[tuple[object, ...]]
NAMES = st.sampled_from(["a", "d/b", "d/c", "generations/1"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "link"]), NAMES, st.binary(max_size=40))
    | st.tuples(st.sampled_from(["remove", "flush"]), NAMES),
    min_size=1,
    max_size=12,
)


class TestJournaledBackend(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> JournaledBackend:
        return JournaledBackend(str(tmp_path / "journal"))


class Moment(NamedTuple):
    """After a step: what there was, and how much of the journal was written and was durable."""

    blobs: dict[str, bytes]
    size: int
    durable: int


def history(path: str, steps: Steps) -> list[Moment]:
    backend = JournaledBackend(path, compact_bytes_min=1 << 40)
    moments = [Moment({}, os.path.getsize(path), backend._journal.durable)]
    for how, *arguments in steps:
        with suppress(StoreError):
            getattr(backend, how)(*(arguments if how != "flush" else [[arguments[0]]]))
        moments.append(Moment(backend.blobs(), os.path.getsize(path), backend._journal.durable))
        if how == "link" and len(moments[-1].blobs) > len(moments[-2].blobs):
            assert moments[-1].durable == moments[-1].size > moments[-2].size
        if how == "flush" and arguments[0] in moments[-1].blobs:
            assert moments[-1].durable == moments[-1].size
    backend._release()
    return moments


def reopened(path: str) -> dict[str, bytes]:
    backend = JournaledBackend(path)
    blobs = backend.blobs()
    backend.create("new", b"goes on")
    backend.close()
    again = JournaledBackend(path)
    assert again.blobs() == {**blobs, "new": b"goes on"}
    again.close()
    return blobs


@given(STEPS, st.data())
def test_a_journal_that_was_cut_anywhere_holds_all_that_was_acknowledged(steps: Steps, data: st.DataObject) -> None:
    with TemporaryDirectory(dir=PLACE) as place:
        moments = history(f"{place}/journal", steps)
        content = Path(f"{place}/journal").read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        Path(f"{place}/cut").write_bytes(content[:cut])
        whole = max((number for number, moment in enumerate(moments) if moment.size <= cut), default=0)
        assert reopened(f"{place}/cut") == moments[whole].blobs


@given(STEPS, st.data())
def test_damage_past_what_was_durable_takes_nothing_that_was_acknowledged(steps: Steps, data: st.DataObject) -> None:
    with TemporaryDirectory(dir=PLACE) as place:
        moments = history(f"{place}/journal", steps)
        content = bytearray(Path(f"{place}/journal").read_bytes())
        durable = moments[-1].durable
        for place_of_damage in data.draw(st.lists(st.integers(durable, len(content)), max_size=4)):
            content[place_of_damage : place_of_damage + 1] = b"\0"
        Path(f"{place}/torn").write_bytes(content)
        acknowledged = max(number for number, moment in enumerate(moments) if moment.size <= durable)
        assert reopened(f"{place}/torn") in [moment.blobs for moment in moments[acknowledged:]]


@given(STEPS, st.data())
def test_damage_anywhere_gives_a_state_that_there_was_or_is_corrupt(steps: Steps, data: st.DataObject) -> None:
    with TemporaryDirectory(dir=PLACE) as place:
        moments = history(f"{place}/journal", steps)
        content = bytearray(Path(f"{place}/journal").read_bytes())
        where = data.draw(st.integers(0, len(content) - 1))
        content[where] ^= 1 << data.draw(st.integers(0, 7))
        Path(f"{place}/damaged").write_bytes(content)
        with suppress(Corrupt, NewerFormat):
            assert reopened(f"{place}/damaged") in [moment.blobs for moment in moments]


def test_damage_of_what_was_durable_is_corrupt_and_not_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    backend = JournaledBackend(str(path))
    backend.link("generations/1", b"first" * 10)
    backend.link("generations/2", b"second" * 10)
    backend.close()
    content = bytearray(path.read_bytes())
    content[len(HEAD) + 45] ^= 1
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(Corrupt, match=f"damaged at byte {len(HEAD)}"):
            JournaledBackend(str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"pkgindex journal 2\n" + bytes(100), NewerFormat),
        (b"pkgindex journal 12\n", NewerFormat),
        (b"#!/bin/sh\n" * 9, Corrupt),
    ],
)
def test_a_file_that_is_no_journal_of_ours_is_left_alone(tmp_path: Path, content: bytes, error: type[StoreError]) -> None:
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(error, match="journal"):
        JournaledBackend(str(path))
    assert path.read_bytes() == content


def test_a_new_journal_of_which_only_the_length_outlasted_a_power_cut_is_begun_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    (tmp_path / "journal").write_bytes(bytes(len(HEAD)))
    for expected in ({}, {"a": b"1"}):
        backend = JournaledBackend(path)
        assert backend.blobs() == expected
        with suppress(Exists):
            backend.link("a", b"1")
        backend.close()


def test_what_was_removed_stays_away_and_ages_go_on_after_a_restart(tmp_path: Path) -> None:
    now = 1000.0
    backend = JournaledBackend(str(tmp_path / "journal"), clock=lambda: now)
    backend.link("old", b"old")
    backend.link("gone", b"gone")
    backend.remove("gone")
    backend.close()
    now = 1060.0
    again = JournaledBackend(str(tmp_path / "journal"), clock=lambda: now)
    assert (again.blobs(), again.age_seconds("old")) == ({"old": b"old"}, 60.0)
    with pytest.raises(Exists):
        again.link("old", b"")


def test_a_journal_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    backend = JournaledBackend(str(tmp_path / "journal"))
    with pytest.raises(Busy, match="journal"):
        JournaledBackend(str(tmp_path / "journal"))
    backend.close()
    JournaledBackend(str(tmp_path / "journal")).close()
    with pytest.raises(StoreError, match="closed"):
        backend.link("late", b"")


def test_a_journal_in_a_directory_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="missing"):
        JournaledBackend(str(tmp_path / "missing" / "journal"))


def test_a_journal_that_is_mostly_dead_is_made_anew_and_holds_the_same(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    backend = JournaledBackend(str(path), compact_bytes_min=4096)
    for number in range(1, 400):
        backend.link(f"generations/{number}", b"%d" % number * 20)
        backend.remove(f"generations/{number - 3}")
        assert path.stat().st_size < 4096 + 512
    blobs = backend.blobs()
    assert sorted(blobs) == ["generations/397", "generations/398", "generations/399"]
    backend.close()
    assert reopened(str(path)) == blobs
    assert sorted(os.listdir(tmp_path)) == ["journal", "journal.lock", "journal.lock.turn"]


def test_a_crash_before_a_shorter_journal_took_its_place_leaves_the_longer(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    backend = JournaledBackend(str(path))
    backend.link("blob", b"data")
    backend.close()
    (tmp_path / "journal.new").write_bytes(HEAD + b"half of a record")
    assert reopened(str(path)) == {"blob": b"data"}
    again = JournaledBackend(str(path), compact_bytes_min=1)
    again.remove("new")
    assert (again.blobs(), os.path.exists(f"{path}.new")) == ({"blob": b"data"}, False)


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """As on a disk that is full: the write that passes *size* is cut short, the next one fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("how", ["create", "link"])
def test_what_could_not_be_written_whole_leaves_no_trace(tmp_path: Path, how: str) -> None:
    path = tmp_path / "journal"
    backend = JournaledBackend(str(path))
    backend.link("before", b"before")
    size = path.stat().st_size
    with files_end_at(size + 50), pytest.raises(StoreError, match="journal"):
        getattr(backend, how)("large", b"x" * 100)
    assert (path.stat().st_size, sorted(backend.blobs())) == (size, ["before"])
    getattr(backend, how)("large", b"small")
    backend.close()
    assert reopened(str(path)) == {"before": b"before", "large": b"small"}


def test_a_shorter_journal_that_has_no_room_leaves_the_longer(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    backend = JournaledBackend(str(path), compact_bytes_min=1)
    backend.link("kept", b"kept" * 30)
    backend.link("dead", b"dead" * 90)
    backend.create("other", b"")
    with files_end_at(100):
        with pytest.raises(StoreError):
            backend.remove("dead")
        assert "dead" in backend.blobs()
    backend.remove("dead")
    assert path.stat().st_size < 400
    assert reopened_after(backend, path) == {"kept": b"kept" * 30, "other": b""}


def reopened_after(backend: JournaledBackend, path: Path) -> dict[str, bytes]:
    backend.close()
    return reopened(str(path))


def opened(place: Path) -> Callable[[], object]:
    return lambda: JournaledBackend(str(place / "journal"))


def linked(place: Path) -> Callable[[], object]:
    backend = JournaledBackend(str(place / "journal"))
    return lambda: backend.link("generations/1", b"manifest")


def flushed(place: Path) -> Callable[[], object]:
    backend = JournaledBackend(str(place / "journal"))
    backend.create("a", b"content")
    return lambda: backend.flush(["a"])


def closed(place: Path) -> Callable[[], object]:
    backend = JournaledBackend(str(place / "journal"))
    backend.create("a", b"content")
    return backend.close


def made_anew(place: Path) -> Callable[[], object]:
    backend = JournaledBackend(str(place / "journal"), compact_bytes_min=1)
    backend.link("a", b"content" * 100)
    backend.link("b", b"content")
    return lambda: backend.remove("a")


def torn(place: Path) -> Callable[[], object]:
    """What is read from a journal counts, also if its writer was killed before he flushed it."""
    backend = JournaledBackend(str(place / "before"))
    backend.create("a", b"content")
    (place / "journal").write_bytes((place / "before").read_bytes())
    backend.close()
    return opened(place)


@pytest.mark.parametrize("act", [opened, linked, flushed, closed, made_anew, torn])
def test_what_is_done_can_not_be_lost_and_no_flush_is_needless(
    tmp_path: Path, act: Callable[[Path], Callable[[], object]]
) -> None:
    assert require_durable(tmp_path, act) > 0


def test_after_a_flush_that_failed_nothing_is_written_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    backend = JournaledBackend(str(path))
    backend.link("before", b"before")

    def failing(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(StoreError, match="Input/output error"):
            backend.link("lost", b"")
    assert sorted(backend.blobs()) == ["before"]
    for act in (
        lambda: backend.link("late", b""), lambda: backend.create("late", b""), lambda: backend.flush(["before"]),
        lambda: backend.remove("before"),
    ):
        with pytest.raises(StoreError, match="open it anew"):
            act()
    backend._release()
    assert "before" in reopened(str(path))


def test_a_name_that_is_too_long_for_a_journal_is_refused(tmp_path: Path) -> None:
    backend = JournaledBackend(str(tmp_path / "journal"))
    with pytest.raises(StoreError, match="at most"):
        backend.create("x" * 70_000, b"")
    assert backend.blobs() == {}
