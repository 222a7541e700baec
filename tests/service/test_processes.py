"""Packers as processes of their own: killed at any moment, two at once, stopped by signals."""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pkgindex.service.packing import pack_repository
from pkgindex.snapshot.reader import Reader
from pkgindex.store.local import LocalBackend
from service.spooled import Place, owned

WAIT_SECONDS_MAX = 20.0
NAMES = [f"p{number}" for number in range(60)]


def until(condition: Callable[[], bool], what: str) -> None:
    """Other processes have no clock of ours: look, until it is so."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, what
        select.select((), (), (), 0.01)


@contextmanager
def running(place: Place, command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A packer, which is killed at the end."""
    process = place.run(command, **environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> bool:
    return process.poll() is not None


def added_in_all(place: Place) -> int:
    """By all generations together: a package that is packed twice over would count once more."""
    reader = Reader(LocalBackend(os.path.join(place.settings.index, "repo")), "repo")
    return sum(manifest.change.added + manifest.change.changed for manifest in reader.history())


CHANGES = frozenset(("os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.utime"))
CHANGES_MAX = 300


def packs_until(place: Place, changes: int, number: int) -> bool:
    """Pack in a child that gets the signal *number* before its change number *changes* to the disk; whether it got so far."""
    child = os.fork()
    if child == 0:
        counted = itertools.count()

        def kill(event: str, arguments: tuple[object, ...]) -> None:
            written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if (event in CHANGES or written) and next(counted) == changes:
                os.kill(os.getpid(), number)

        try:
            sys.addaudithook(kill)
            pack_repository(place.settings, place.spool, "repo")
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_packer_stopped_before_any_change_loses_nothing_and_packs_nothing_twice(tmp_path: Path, number: int) -> None:
    for changes in range(0, CHANGES_MAX, 1 if number == signal.SIGKILL else 3):
        (tmp_path / str(changes)).mkdir()
        place = Place(tmp_path / str(changes))
        place.drop("curl", "bash")
        stopped = packs_until(place, changes, number)
        pack_repository(place.settings, place.spool, "repo")
        assert place.owners("curl", "bash") == owned("curl", "bash")
        assert added_in_all(place) == 2
        assert list(place.incoming.iterdir()) == list(place.claimed.iterdir()) == list(place.rejected.iterdir()) == []
        if not stopped:
            break
    assert 25 < changes < CHANGES_MAX - 3


def test_a_packer_killed_again_and_again_gets_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.drop(*NAMES)
    for _ in range(3):
        with running(place, "pack") as process:
            until(lambda: bool(list(place.claimed.glob("*/*@id-*"))) or ended(process), "it claimed nothing")
    pack_repository(place.settings, place.spool, "repo")
    assert place.owners(*NAMES) == owned(*NAMES)
    assert added_in_all(place) == len(NAMES)


def test_two_packers_at_once_pack_each_submission_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.drop(*NAMES)
    processes = [place.run("pack") for _ in range(2)]
    for process in processes:
        said = process.communicate()
        assert process.returncode == 0, said
    pack_repository(place.settings, place.spool, "repo")
    assert place.owners(*NAMES) == owned(*NAMES)
    assert added_in_all(place) == len(NAMES)


def log_until(process: subprocess.Popen[str], number: int) -> list[str]:
    """Its log, to the end that the signal *number* makes."""
    process.send_signal(number)
    _, log = process.communicate(timeout=WAIT_SECONDS_MAX)
    return log.splitlines()


@pytest.mark.parametrize(("number", "returned"), [(signal.SIGTERM, 0), (signal.SIGINT, -signal.SIGINT)])
def test_a_watch_packs_what_arrives_and_ends_cleanly(tmp_path: Path, number: int, returned: int) -> None:
    place = Place(tmp_path, quiet_seconds=0.1)
    generations = tmp_path / "index/repo/generations"
    with running(place, "watch") as process:
        place.drop("curl")
        until(lambda: generations.is_dir() and len(list(generations.iterdir())) == 1, "the first was not packed")
        place.drop("bash")
        (place.incoming / "noise").write_bytes(b"\0\1")
        until(lambda: len(list(generations.iterdir())) == 2 and (place.rejected / "noise").exists(), "nor the second")
        until(lambda: not list(place.claimed.iterdir()), "it did not finish")
        log = log_until(process, number)
    assert process.returncode == returned
    assert place.owners("curl", "bash") == owned("curl", "bash")
    assert [line for line in log if line.startswith("repo: generation 1, 1 added, 0 changed, 0 removed, ")], log
    assert log[0].startswith("watching ") and "stopped" in log


def test_a_watch_waits_for_a_spool_that_is_not_there_and_says_so_once(tmp_path: Path) -> None:
    place = Place(tmp_path, quiet_seconds=0.0)
    sentinel = tmp_path / "spool/.pkgindex-spool"
    sentinel.rename(tmp_path / "away")
    place.drop("curl")
    with running(place, "watch") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("watching ")
        assert "waiting for it" in process.stderr.readline()
        (tmp_path / "away").rename(sentinel)
        assert process.stderr.readline().endswith("spool is there\n")
        assert process.stderr.readline().startswith("repo: generation 1, 1 added")
        log_until(process, signal.SIGTERM)
    assert process.returncode == 0


def test_a_watch_takes_over_what_a_killed_one_had_claimed(tmp_path: Path) -> None:
    place = Place(tmp_path, quiet_seconds=0.0)
    dead = place.claimed / "elsewhere+unknown+1+0+aaaaaaaaaaaaaaaa"
    dead.mkdir()
    place.drop("curl")
    (place.incoming / "curl.json").rename(dead / "curl.json@id-bbbbbbbbbbbbbbbb")
    (dead / "heartbeat").touch()
    os.utime(dead / "heartbeat", (1_000_000_000, 1_000_000_000))
    with running(place, "watch") as process:
        until(lambda: (tmp_path / "index/repo/generations").is_dir(), "it was not taken over")
        log = log_until(process, signal.SIGTERM)
    assert any("curl.json comes back from a packer that died" in line for line in log)
    assert place.owners("curl") == owned("curl")


def test_systemd_hears_that_a_watch_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    place = Place(tmp_path, quiet_seconds=0.0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(WAIT_SECONDS_MAX)
        with running(place, "watch", NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000") as process:
            heard = {manager.recv(4096) for _ in range(3)}
            assert {b"READY=1", b"WATCHDOG=1"} == heard
            place.drop("curl")
            while not (message := manager.recv(4096)).startswith(b"STATUS="):
                assert message == b"WATCHDOG=1"
            assert message.startswith(b"STATUS=repo: generation 1, 1 added")
            log_until(process, signal.SIGTERM)
        manager.settimeout(0.1)
        rest = set()
        while b"STOPPING=1" not in rest:
            rest.add(manager.recv(4096))
    assert process.returncode == 0
