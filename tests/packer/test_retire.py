"""What is retired, and when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packer.world import REPO, Expected, checked, drop, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import Gone
from pkgindex.packer.publish import all_blobs, withdraw
from pkgindex.packer.retire import retire
from pkgindex.snapshot.reader import Reader
from pkgindex.store.generations import Generations
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

CURL = {"name": "curl", "version": "1", "files": ["/usr/bin/curl"]}
WGET = {"name": "wget", "version": "1", "files": ["/usr/bin/wget"]}
GRACE_SECONDS = 10.0


@pytest.mark.parametrize(("seconds", "gone"), [(0.0, ()), (9.9, ()), (10.0, (1,))])
def test_a_generation_goes_when_the_one_after_it_has_been_there_for_the_grace(
    tmp_path: Path, seconds: float, gone: tuple[int, ...]
) -> None:
    now = [1000.0]
    backend = MemoryBackend(None, lambda: now[0])
    packed(backend, drop(tmp_path, [CURL]))
    open_one = Reader(backend, REPO).snapshot()
    now[0] += 1000.0
    packed(backend, drop(tmp_path, [{**CURL, "version": "2"}]))
    now[0] += seconds
    assert retire(backend, REPO, Settings(keep_generations=1, grace_seconds=GRACE_SECONDS)).generations == gone
    if not gone:
        package = open_one.package("curl")
        assert package is not None and list(package.releases) == [("1", "")]


def test_who_withdraws_late_leaves_what_later_generations_name(tmp_path: Path) -> None:
    """His generation was published, built upon and retired while he slept."""
    backend = MemoryBackend()
    first, second = drop(tmp_path, [CURL]), drop(tmp_path, [WGET])
    packed(backend, first)
    stamp = newest(backend).manifest.page_stamps[0]
    packed(backend, second)
    assert retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0.0)).generations == (1,)
    withdraw(backend, stamp)
    model = Expected()
    model.pack([first, second])
    checked(newest(backend), model.all())


@pytest.mark.parametrize("asked", ["age_seconds", "read"])
@pytest.mark.parametrize("times", [1, 2])
def test_two_that_retire_at_once_leave_what_one_would(tmp_path: Path, asked: str, times: int) -> None:
    """The other one is through with it, each time when this one has listed the generations and asks of one."""

    class Retired(MemoryBackend):
        """Where somebody publishes, and retires all before it, before *asked* is answered."""

        left = 0

        def age_seconds(self, name: str) -> float:
            self.meanwhile("age_seconds")
            return super().age_seconds(name)

        def read(self, name: str) -> bytes:
            self.meanwhile("read")
            return super().read(name)

        def meanwhile(self, what: str) -> None:
            if what == asked and self.left:
                left, self.left = self.left - 1, 0
                packed(self, drop(tmp_path, [{**CURL, "version": f"2.{left}"}]))
                assert retire(self, REPO, settings).generations
                self.left = left

    settings = Settings(keep_generations=1, grace_seconds=0.0)
    backend = Retired()
    for package in (CURL, WGET, {**WGET, "version": "2"}):
        packed(backend, drop(tmp_path, [package]))
    backend.left = times
    retire(backend, REPO, settings)
    assert backend.left == 0
    names = sorted(all_blobs(backend))
    assert (retire(backend, REPO, settings).blobs, sorted(all_blobs(backend))) == (0, names)
    assert len(Generations(backend).numbers()) == 1
    assert {name for name in ("curl", "wget") if newest(backend).package(name)} == {"curl", "wget"}


def test_a_generation_that_is_listed_and_cannot_be_read_stays_and_is_told(tmp_path: Path) -> None:
    class Silent(MemoryBackend):
        def read(self, name: str) -> bytes:
            if name == "generations/0000000000000001":
                raise Gone(name)
            return super().read(name)

    backend = Silent()
    packed(backend, drop(tmp_path, [CURL]))
    names = sorted(all_blobs(backend))
    with pytest.raises(Gone, match="0000000000000001"):
        retire(backend, REPO, Settings())
    assert sorted(all_blobs(backend)) == names


@pytest.mark.parametrize("seen", [0, 1])
def test_what_another_writer_takes_away_while_it_is_looked_at_is_no_error(
    tmp_path: Path, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a share it may be there when it is asked for once, and not the next time."""
    backend = LocalBackend(str(tmp_path))
    packed(backend, drop(tmp_path, [CURL]))
    vanishing = f"{backend.scratch()}/link-abc"
    Path(vanishing).write_bytes(b"")
    times, lstat = [], os.lstat

    def looked_at(path: str) -> os.stat_result:
        if path == vanishing:
            times.append(path)
            if len(times) > seen:
                raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", looked_at)
    retire(backend, REPO, Settings())
    assert times


def test_who_sleeps_while_others_retire_what_was_the_newest_generation_leaves_the_rest_to_them(tmp_path: Path) -> None:
    class Sleeping(LocalBackend):
        def local_file(self, name: str, checksum: str = "") -> str | None:
            if name.startswith("generations/0"):
                self.remove(name)
            return super().local_file(name, checksum)

    backend = Sleeping(str(tmp_path))
    packed(backend, drop(tmp_path, [CURL]))
    Path(f"{backend.scratch()}/link-abc").write_bytes(b"")
    assert retire(backend, REPO, Settings()).generations == ()
    assert backend.names("generations") == [] and os.listdir(backend.scratch()) == ["link-abc"]
