"""Writers die at every step; what they worked on comes back once, or is out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from greenlet import getcurrent, greenlet

from pkgindex.errors import StoreError
from pkgindex.spool import identity, names
from pkgindex.spool.claims import Claims
from pkgindex.spool.recovery import TEMPORARY_SECONDS_MAX
from pkgindex.spool.spool import Spool

# Above the highest process number that Linux gives.
DEAD_PID = (1 << 22) + 1


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return made(tmp_path / "spool")


def made(root: Path) -> Spool:
    spool = Spool(str(root))
    spool.create()
    spool.add("debian")
    return spool


def here(spool: Spool) -> Claims:
    return Claims(spool, "debian", identity.current())


def dead(spool: Spool) -> Claims:
    return Claims(spool, "debian", identity.current()._replace(pid=DEAD_PID))


def elsewhere(spool: Spool) -> Claims:
    return Claims(spool, "debian", identity.current()._replace(host="elsewhere"))


def waiting(spool: Spool) -> list[str]:
    return sorted(names.parse(entry.name).filename for entry in spool.incoming("debian"))


def writers(spool: Spool) -> list[str]:
    return os.listdir(spool.folder("debian", names.CLAIMED))


def set_heartbeat(claims: Claims, spool: Spool, age_seconds: float) -> None:
    heartbeat = Path(spool.folder("debian", names.CLAIMED, claims.writer.folder), names.HEARTBEAT)
    time = heartbeat.stat().st_mtime - age_seconds
    os.utime(heartbeat, (time, time))


def nothing(id: str) -> bool:
    return False


def test_the_claims_of_a_dead_process_come_back_at_once_with_their_identity(spool: Spool) -> None:
    spool.submit_bytes("debian", "x", b"1", "full")
    (claim,) = dead(spool).claim(spool.incoming("debian"))
    assert here(spool).recover(60, nothing).returned == ["x"]
    assert [entry.name for entry in spool.incoming("debian")] == [f"x@full@id-{claim.id}"]
    assert len(writers(spool)) == 1


def test_a_claim_whose_generation_is_out_is_removed(spool: Spool) -> None:
    for name in "xy":
        spool.submit_bytes("debian", name, b"")
    claim, _ = dead(spool).claim(spool.incoming("debian"))
    recovered = here(spool).recover(60, {claim.id}.__contains__)
    assert recovered == (["y"], [claim.id], {})
    assert waiting(spool) == ["y"]


def test_the_claims_of_another_host_wait_for_its_lease(spool: Spool) -> None:
    spool.submit_bytes("debian", "x", b"")
    other = elsewhere(spool)
    other.claim(spool.incoming("debian"))
    set_heartbeat(other, spool, 59)
    assert here(spool).recover(60, nothing).returned == []
    set_heartbeat(other, spool, 61)
    assert here(spool).recover(60, nothing).returned == ["x"]


def test_a_writer_that_beats_keeps_its_claims(spool: Spool) -> None:
    spool.submit_bytes("debian", "x", b"")
    other = elsewhere(spool)
    other.claim(spool.incoming("debian"))
    set_heartbeat(other, spool, 3600)
    other.beat()
    assert here(spool).recover(60, nothing).returned == []


def test_a_heartbeat_of_a_clock_that_was_set_back_stops_nobody_for_ever(spool: Spool) -> None:
    spool.submit_bytes("debian", "x", b"")
    other = elsewhere(spool)
    other.claim(spool.incoming("debian"))
    set_heartbeat(other, spool, -3600)
    assert here(spool).recover(60, nothing).returned == ["x"]


def test_a_writer_without_heartbeat_is_judged_by_its_folder(spool: Spool) -> None:
    folder = Path(spool.folder("debian", names.CLAIMED), "somebody")
    folder.mkdir()
    (folder / "by hand").write_bytes(b"1")
    spool.submit_bytes("debian", "by hand", b"2")
    assert here(spool).recover(60, nothing).returned == []
    os.utime(folder, (1, 1))
    assert here(spool).recover(60, nothing).returned == ["by hand"]
    # It had no identity; its old name may be another's now.
    assert waiting(spool) == ["by hand", "by hand"]


def test_nobody_recovers_from_himself(spool: Spool) -> None:
    spool.submit_bytes("debian", "x", b"")
    claims = here(spool)
    claims.claim(spool.incoming("debian"))
    assert claims.recover(-1, nothing).returned == []


def test_a_writer_that_was_taken_for_dead_finds_its_claims_gone(spool: Spool) -> None:
    spool.submit_bytes("debian", "x", b"")
    other = elsewhere(spool)
    (claim,) = other.claim(spool.incoming("debian"))
    here(spool).recover(-1, nothing)
    assert not other.done(claim)
    assert other.reject(claim, "no") is None
    assert waiting(spool) == ["x"]
    assert spool.rejected("debian") == []
    (again,) = other.claim(spool.incoming("debian"))
    assert again.id == claim.id


def test_directories_and_links_come_back_as_well(spool: Spool, tmp_path: Path) -> None:
    os.makedirs(os.path.join(spool.folder("debian", names.INCOMING), "directory", "below"))
    os.symlink(tmp_path, os.path.join(spool.folder("debian", names.INCOMING), "link"))
    dead(spool).claim(spool.incoming("debian"))
    assert here(spool).recover(60, nothing).returned == ["directory", "link"]


def test_one_folder_that_cannot_be_emptied_costs_no_other(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        spool.submit_bytes("debian", name, b"")
        dead(spool).claim(spool.incoming("debian"))
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if "/a@id-" in source:
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refusing)
    recovered = here(spool).recover(60, nothing)
    assert recovered.returned == ["b"]
    assert list(recovered.stuck.values()) == ["Permission denied"]


@pytest.mark.parametrize("packing", [False, True])
def test_two_writers_at_once_neither_stumble_nor_double_however_their_calls_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: bool
) -> None:
    """Each recovers what a dead one has left, and perhaps claims, packs and ends; one is stopped at a call, and the other one
    at another."""
    mixed = 0
    for first in count():
        for second in count():
            spool = made(tmp_path / f"{first}-{second}")
            spool.submit_bytes("debian", "x", b"")
            dead(spool).claim(spool.incoming("debian"))
            stuck: list[dict[str, str]] = []
            done: list[bool] = []

            def work(claims: Claims, spool: Spool = spool, stuck: list[dict[str, str]] = stuck, done: list[bool] = done) -> None:
                stuck.append(claims.recover(60, nothing).stuck)
                if not packing:
                    return
                done += [claims.done(claim) for claim in claims.claim(spool.incoming("debian"))]
                claims.close()

            stops = [first, second]
            with monkeypatch.context() as patch:
                left = mix(patch, [partial(work, here(spool)), partial(work, here(spool))], stops)
            here(spool).recover(60, nothing)
            expected = ([{}, {}], [True], []) if packing else ([{}, {}], [], ["x"])
            assert (stuck, done, waiting(spool)) == expected, f"stopped at {first} and {second}"
            mixed += 1
            if left[1]:
                break
        if left[0]:
            break
    assert mixed > 150


def test_a_folder_that_goes_while_it_is_asked_for_again_is_not_stuck(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share had forgotten it, and when it is asked for again somebody else has recovered it."""
    spool.submit_bytes("debian", "x", b"")
    writer = dead(spool)
    writer.claim(spool.incoming("debian"))
    folder = spool.folder("debian", names.CLAIMED, writer.writer.folder)
    asked, listdir = [], os.listdir

    def going(path: str) -> list[str]:
        if path == folder:
            asked.append(path)
            if len(asked) == 2:
                os.rename(folder, f"{spool.root}/elsewhere")
            raise FileNotFoundError(2, "No such file or directory", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", going)
    assert here(spool).recover(60, nothing).stuck == {}
    assert len(asked) == 2


def mix(patch: pytest.MonkeyPatch, acts: list[Callable[[], None]], stops: list[int]) -> list[int]:
    """Do both *acts*, each in turn up to its call to the system with the number in *stops*; what is left of these."""
    left = list(stops)
    turns = [greenlet(act) for act in acts]

    def stopping(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            if (turn := getcurrent()) in turns:
                number = turns.index(turn)
                left[number] -= 1
                other = turns[1 - number]
                if left[number] == -1 and not other.dead:
                    other.switch()
            return call(*arguments, **named)

        return made

    for name in ("open", "listdir", "scandir", "rename", "unlink", "rmdir", "stat", "mkdir"):
        patch.setattr(os, name, stopping(getattr(os, name)))
    for turn in turns:
        while not turn.dead:
            turn.switch()
    return [max(0, calls) for calls in left]


def test_what_a_killed_submit_left_is_removed_after_a_day(spool: Spool) -> None:
    folder = spool.folder("debian", names.INCOMING)
    for name, age_seconds in (("old", TEMPORARY_SECONDS_MAX + 60), ("young", 60)):
        path = Path(folder, names.TEMPORARY_PREFIX + name)
        path.touch()
        time = path.stat().st_mtime - age_seconds
        os.utime(path, (time, time))
    here(spool).recover(60, nothing)
    assert os.listdir(folder) == [names.TEMPORARY_PREFIX + "young"]


def test_of_many_recoverers_each_claim_is_returned_by_one(spool: Spool) -> None:
    for number in range(200):
        spool.submit_bytes("debian", str(number), b"")
    dead(spool).claim(spool.incoming("debian"))
    returned: list[str] = []
    start = threading.Barrier(3)

    def work() -> None:
        claims = here(spool)
        start.wait()
        returned.extend(claims.recover(60, nothing).returned)
        claims.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, returned)) == list(range(200))
    assert len(waiting(spool)) == 200
    assert writers(spool) == []


class Killed(BaseException):
    """The process ends here: nothing that it still calls has an effect."""


class Disk:
    """Counts the calls that change names, and from a given one on does none of them."""

    CALLS = ("rename", "unlink", "link", "mkdir", "rmdir", "open", "utime")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, calls_left: int) -> None:
        self.calls_left = calls_left
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._counting(getattr(os, name)))

    def _counting(self, call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            if self.calls_left <= 0:
                raise Killed
            self.calls_left -= 1
            return call(*arguments, **options)

        return counted


def work_through(spool: Spool, published: set[str]) -> None:
    """A life of a packer that meets every kind of end for a submission."""
    for name in ("published", "rejected", "given-back", "forgotten"):
        spool.submit_bytes("debian", name, name.encode())
    claims = dead(spool)
    by_name = {claim.filename: claim for claim in claims.claim(spool.incoming("debian"))}
    claims.give_back(by_name["given-back"])
    claims.reject(by_name["rejected"], "no")
    published.add(by_name["published"].id)
    claims.done(by_name["published"])
    claims.recover(60, nothing)


def contents(folder: str) -> list[bytes]:
    found = sorted(name for name in os.listdir(folder) if not names.is_ignored(name) and not name.endswith(".reason"))
    return [Path(folder, name).read_bytes() for name in found]


def test_a_writer_killed_at_any_step_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for calls in range(500):
        spool = made(tmp_path / str(calls))
        published: set[str] = set()
        with monkeypatch.context() as patch:
            disk = Disk(patch, calls)
            with suppress(Killed):
                work_through(spool, published)
            finished = disk.calls_left > 0
        claims = here(spool)
        # The recoverer may be killed as well, and the next one does the rest.
        with monkeypatch.context() as patch:
            Disk(patch, calls % 7)
            with suppress(Killed):
                dead(spool).recover(60, published.__contains__)
        claims.recover(60, published.__contains__)
        incoming = contents(spool.folder("debian", names.INCOMING))
        rejected = contents(spool.folder("debian", names.REJECTED))
        found = sorted(incoming + rejected)
        assert len(found) == len(set(found))
        assert not (published and b"published" in found)
        assert writers(spool) == [claims.writer.folder]
        assert len(spool.rejected("debian")) == len(rejected)
        # Submitted in this order: what was begun after the end is not there.
        expected = [b"published", b"rejected", b"given-back", b"forgotten"]
        begun = [name for name in expected if name in found or (name == b"published" and published)]
        assert begun == expected[: len(begun)]
        if finished:
            assert rejected == [b"rejected"]
            break
    else:
        raise AssertionError("never finished")
    assert calls >= 40, "too few steps to have been killed at"


def test_a_heartbeat_that_a_share_has_forgotten_is_not_taken_for_none(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder was changed just now, by the claim: without the heartbeat the writer would seem to live."""
    spool.submit_bytes("debian", "a", b"")
    elsewhere(spool).claim(spool.incoming("debian"))
    opened = os.open

    def forgetting(path: str, *arguments: int) -> int:
        if "/elsewhere+" in path and path.endswith(names.HEARTBEAT):
            raise FileNotFoundError(2, "No such file or directory")
        return opened(path, *arguments)

    monkeypatch.setattr(os, "open", forgetting)
    assert list(here(spool).recover(60, nothing).stuck.values()) == ["No such file or directory"]


def test_a_claim_that_a_share_has_forgotten_for_a_moment_comes_back(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.submit_bytes("debian", "a", b"")
    dead(spool).claim(spool.incoming("debian"))
    rename, left = os.rename, [1]

    def forgetting(source: str, target: str) -> None:
        if left:
            left.pop()
            raise FileNotFoundError(2, "No such file or directory")
        rename(source, target)

    monkeypatch.setattr(os, "rename", forgetting)
    recovered = here(spool).recover(60, nothing)
    assert (recovered.returned, left) == (["a"], [])
    assert len(spool.incoming("debian")) == 1


def test_claims_that_a_share_has_forgotten_are_not_taken_for_none(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.submit_bytes("debian", "a", b"")
    dead(spool).claim(spool.incoming("debian"))
    (folder,) = os.listdir(spool.folder("debian", names.CLAIMED))

    def forgetting(path: str) -> list[str]:
        raise FileNotFoundError(2, "No such file or directory")

    writer = here(spool)
    writer.beat()
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="No such file"):
        patch.setattr(os, "scandir", forgetting)
        writer.recover(60, nothing)
    listdir = os.listdir
    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", lambda path: forgetting(path) if path.endswith(folder) else listdir(path))
        assert writer.recover(60, nothing).stuck == {folder: "No such file or directory"}
    assert writer.recover(60, nothing).returned == ["a"]
