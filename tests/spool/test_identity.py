from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.spool import identity
from pkgindex.spool.identity import WriterId, is_dead, parse_folder

TOKEN = "abcdefghijklmnop"
HOSTS = st.binary(min_size=1, max_size=identity.HOST_BYTES_MAX).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(HOSTS, st.from_regex("[a-z0-9]{1,50}", fullmatch=True), st.integers(0, 4194304), st.integers(0, 10**18))
def test_every_writer_has_a_folder_that_names_it(host: str, boot: str, pid: int, started: int) -> None:
    writer = WriterId(host, boot, pid, TOKEN, started)
    assert parse_folder(writer.folder) == writer
    assert len(writer.folder) <= 255
    assert writer.folder.isascii()
    assert "/" not in writer.folder
    assert not writer.folder.startswith(".")


@pytest.mark.parametrize("name", ["", "x", "a+b+c+d+e", f"+b+1+1+{TOKEN}", f"h+b+1+1+{TOKEN}x", f"h+b+-1+1+{TOKEN}", ".."])
def test_other_folders_are_no_writers(name: str) -> None:
    assert parse_folder(name) is None


def test_two_writers_of_one_process_differ() -> None:
    first, second = identity.current(), identity.current()
    assert first.folder != second.folder
    assert first[:3] == second[:3]


def test_this_process_is_not_dead() -> None:
    assert not is_dead(identity.current(), identity.current())


def ended() -> int:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def test_a_process_that_ended_is_dead() -> None:
    here = identity.current()
    assert is_dead(here._replace(pid=ended()), here)


def test_a_process_that_ended_unheard_of_is_dead() -> None:
    here = identity.current()
    child = subprocess.Popen(["true"])
    try:
        # Until we ask for its exit code it stays in the process table.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert identity.is_dead(here._replace(pid=child.pid, started=0), here)
    finally:
        child.wait()


def test_a_number_that_another_process_has_got_means_dead() -> None:
    here = identity.current()
    assert here.started > 0
    assert is_dead(here._replace(started=here.started - 1), here)
    assert not is_dead(here._replace(started=0), here)


def test_of_other_hosts_and_other_boots_nothing_is_known() -> None:
    here = identity.current()
    pid = ended()
    assert not is_dead(here._replace(pid=pid, host="elsewhere"), here)
    assert not is_dead(here._replace(pid=pid, boot="another"), here)


def test_a_system_that_does_not_tell_its_boot_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "BOOT_ID", "/nonexistent")
    here = identity.current()
    assert parse_folder(here.folder) == here
    assert not is_dead(here._replace(pid=ended()), here)


def test_a_process_of_another_user_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    here = identity.current()
    assert not is_dead(here, here)
