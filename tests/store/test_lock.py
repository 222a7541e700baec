from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import portalocker.portalocker
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Busy, NoIndex, StoreError
from pkgindex.store import lock
from pkgindex.store.lock import WriterLock, refusal


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "writer.lock")


def test_a_refusal_names_holder_host_pid_since_when_and_what_to_do(path: str) -> None:
    with WriterLock(path, "repository debian"), pytest.raises(Busy) as refused, WriterLock(path, "repository debian"):
        pass
    assert re.match(
        rf"repository debian is being written by pid {os.getpid()} on host {re.escape(os.uname().nodename)} "
        r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(.+\): wait, or set lock_wait_seconds; .*safety does not depend on it",
        str(refused.value),
    )
    assert refused.value.exit_code == 4


def test_it_is_free_again_at_the_end_also_after_an_error(path: str) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), WriterLock(path, "it"):
            raise ZeroDivisionError
    with WriterLock(path, "it"):
        facts = json.loads(Path(path).read_text())
    assert facts["pid"] == os.getpid()


def test_another_process_is_refused_until_the_holder_dies(path: str) -> None:
    program = (
        "import sys; from pkgindex.store.lock import WriterLock\n"
        "with WriterLock(sys.argv[1], 'it'): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=f"pid {holder.pid} "), WriterLock(path, "it"):
            pass
        holder.kill()
        holder.wait()
        with WriterLock(path, "it"):
            pass


def test_who_waits_gets_it_when_it_is_given_back(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = threading.Event()
    attempt = WriterLock._try

    def seen(self: WriterLock, file: IO[str], path: str) -> bool | None:
        got = attempt(self, file, path)
        if not got:
            refused.set()
        return got

    monkeypatch.setattr(WriterLock, "_try", seen)
    got = threading.Event()

    def wait() -> None:
        with WriterLock(path, "it", wait_seconds=30):
            got.set()

    waiter = threading.Thread(target=wait)
    with WriterLock(path, "it"):
        waiter.start()
        assert refused.wait(10)
        assert not got.is_set()
    waiter.join(10)
    assert got.is_set()


def test_who_waits_too_long_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RETRY_SECONDS", 0.005)
    with WriterLock(path, "it"), pytest.raises(Busy), WriterLock(path, "it", wait_seconds=0.02):
        pass


def is_locked(path: str) -> bool:
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def test_who_waits_comes_before_who_has_had_it(path: str) -> None:
    """Two that are busy have it by turns, although neither pauses before it asks again."""
    had: list[int] = []
    ended = [threading.Event(), threading.Event()]

    def work(number: int) -> None:
        for _ in range(10):
            with WriterLock(path, "it", wait_seconds=30):
                had.append(number)
                while not is_locked(path + lock.TURN) and not ended[1 - number].wait(0.001):
                    pass
        ended[number].set()

    workers = [threading.Thread(target=work, args=[number]) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert had == [had[0], 1 - had[0]] * 10


@pytest.mark.parametrize(
    "line",
    [
        "",
        "garbage",
        "null",
        "[]",
        "{}",
        '{"pid": 1}',
        '{"host": "h", "pid": "1", "since": "", "command": ""}',
        '{"host": [], "pid": 1, "since": "", "command": ""}',
        "[" * 100_000,
        "\0\ufffd",
    ],
)
def test_a_holder_that_does_not_say_who_it_is_is_another_writer(path: str, line: str) -> None:
    assert "another writer (its lock file does not say which)" in refusal("repository debian", line)
    with WriterLock(path, "it"):
        Path(path).write_text(line)
        with pytest.raises(Busy, match="another writer"), WriterLock(path, "it"):
            pass


@given(st.text(), st.integers(), st.text(), st.text())
def test_nothing_in_the_lock_file_commands_a_terminal(host: str, pid: int, since: str, command: str) -> None:
    line = json.dumps({"host": host, "pid": pid, "since": since, "command": command})
    assert refusal("it", line).isprintable()


def without_locks(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Let the system answer every request for a lock with this error."""

    def refuse(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    # Later releases of portalocker look the call up once.
    monkeypatch.setattr(sys.modules["portalocker.portalocker"], "LOCKER", refuse, raising=False)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_the_work_goes_on_with_a_warning(
    path: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    without_locks(monkeypatch, code)
    warnings: list[str] = []
    with WriterLock(path, "it", warn=warnings.append), WriterLock(path, "it"):
        pass
    assert len(warnings) == 1
    assert "cannot be locked" in warnings[0]


def test_another_error_of_locking_is_no_refusal(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_locks(monkeypatch, errno.EIO)
    with pytest.raises(StoreError, match=r"writer\.lock\S* cannot be written"), WriterLock(path, "it"):
        pass


def test_a_lock_file_that_cannot_even_be_closed_hides_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(file: IO[str], flags: object) -> None:
        # As on NFS after a partition longer than the lease: the lock fails, and so does the close after it.
        if file.name.endswith(lock.TURN):
            return
        os.close(file.fileno())
        raise portalocker.LockException(OSError(errno.EIO, os.strerror(errno.EIO)))

    monkeypatch.setattr(portalocker, "lock", lost)
    with pytest.raises(StoreError, match=r"writer\.lock"), WriterLock(path, "repository debian"):
        pass


def test_a_lock_file_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="no directory"), WriterLock(str(tmp_path / "missing" / "writer.lock"), "it"):
        pass
    with pytest.raises(StoreError, match="cannot be written"), WriterLock(str(tmp_path), "it"):
        pass


def test_a_backend_without_files_has_no_lock_and_is_never_busy() -> None:
    with WriterLock(None, "it"), WriterLock(None, "it"):
        pass


def test_the_lock_file_stays_the_same_file(path: str) -> None:
    numbers = set()
    for _ in range(2):
        with WriterLock(path, "it"):
            numbers.add(os.stat(path).st_ino)
    assert len(numbers) == 1
    assert os.path.exists(path)
