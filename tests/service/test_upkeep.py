"""Upkeep: in a thread, and apart, by processes that end with their work."""

from __future__ import annotations

import errno
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from packer.world import REPO, drop, packed
from pkgindex.config import Settings
from pkgindex.packer.publish import Head
from pkgindex.service import upkeep as upkeep_module
from pkgindex.service.log import Log
from pkgindex.service.upkeep import Upkeep
from pkgindex.store.local import LocalBackend


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    """Of three generations."""
    (tmp_path / "index" / REPO).mkdir(parents=True)
    found = LocalBackend(str(tmp_path / "index" / REPO))
    for version in "123":
        packed(found, drop(tmp_path, [{"name": "curl", "version": version}]))
    return found


@pytest.mark.parametrize("apart", [False, True])
def test_what_is_asked_for_is_done_before_it_is_closed(backend: LocalBackend, tmp_path: Path, apart: bool) -> None:
    told: list[str] = []
    upkeep = Upkeep(Settings(index=str(tmp_path / "index"), keep_generations=1, grace_seconds=0.0), Log(told.append), apart)
    upkeep.retire(REPO)
    upkeep.wait()
    assert Head(backend, REPO).generations.numbers() == [3]
    assert [line for line in told if "2 generations retired" in line] == told
    assert len(told) == (0 if apart else 1), "apart, it is told on the standard error of that process"


def test_a_process_that_is_killed_is_told_of(backend: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    upkeep = Upkeep(Settings(index=str(tmp_path / "index")), Log(told.append), apart=True)
    monkeypatch.setattr(upkeep_module, "_perform_apart", killed)
    upkeep.merge(REPO)
    upkeep.wait()
    assert told == [f"{REPO}: merge: its process ended with -9; it is done again in time"]


def test_where_no_process_can_be_started_it_is_told_and_what_comes_next_is_done(
    backend: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    settings = Settings(index=str(tmp_path / "index"), keep_generations=1, grace_seconds=0.0)
    start, started = SpawnProcess.start, []

    def refused_once(process: SpawnProcess) -> None:
        started.append(process)
        if len(started) == 1:
            raise OSError(errno.EAGAIN, "not now")
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", refused_once)
    upkeep = Upkeep(settings, Log(told.append), apart=True)
    upkeep.merge(REPO)
    upkeep.retire(REPO)
    upkeep.wait()
    assert told == [f"{REPO}: merge: no process can be started for it (not now); it is done again in time"]
    assert Head(backend, REPO).generations.numbers() == [3]


def killed(*arguments: object) -> None:
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
