from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pkgindex.sources.hosts.locks import locked

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "a+")
if sys.argv[2] == "flock":
    fcntl.flock(file, fcntl.LOCK_EX)
else:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["fcntl", "flock"])
def test_a_lock_that_another_process_holds_is_seen_until_it_is_given_back(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    path.touch()
    assert not locked(str(path))
    command = [sys.executable, "-c", HOLDER, str(path), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        assert locked(str(path))
        assert locked(str(path)), "looking must not take it away"
        holder.communicate("")
    assert not locked(str(path))


def test_a_lock_file_that_is_not_there_is_not_held(tmp_path: Path) -> None:
    assert not locked(str(tmp_path / "lock"))
