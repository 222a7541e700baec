"""While hostile submissions are packed, nothing but the index and the spool is opened: seen by strace, not by what is left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from battery import confined, hostile, opened
from battery.ground import Ground

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="NOT TESTED: strace is not installed")
OWN = ("/g/index", "/g/spool")
CALLS = {
    'openat(AT_FDCWD</g>, "spool/repo/incoming/a", O_RDONLY|O_NOFOLLOW) = 3</g/spool/repo/incoming/a>': "",
    'openat(AT_FDCWD</g>, "spool/link", O_RDONLY) = 3</elsewhere/canary>': "openat reads '/elsewhere/canary'",
    '<... openat resumed>) = 3</elsewhere/canary>': "openat reads '/elsewhere/canary'",
    'openat(4</g/index>, "../other", O_RDONLY <unfinished ...>': "openat reads '/g/other'",
    'openat(AT_FDCWD</g>, "/g/index/../../etc/passwd", O_RDONLY) = -1 ENOENT (No such file)': "openat reads '/etc/passwd'",
    'openat(AT_FDCWD</g>, "/proc/self/status", O_RDONLY) = 3</proc/7/status>': "",
    'openat(AT_FDCWD</g>, "/usr/lib/x", O_WRONLY|O_CREAT, 0666) = 3</usr/lib/x>': "openat changes '/usr/lib/x'",
    'openat(AT_FDCWD</g>, "/", O_RDONLY|O_DIRECTORY) = 3</>': "openat reads '/'",
    'newfstatat(AT_FDCWD</g>, "/g", {st_mode=S_IFDIR}, 0) = 0': "",
    'newfstatat(AT_FDCWD</g>, "/elsewhere", {st_mode=S_IFDIR}, 0) = 0': "newfstatat reads '/elsewhere'",
    'rename("/g/index/a", "/elsewhere/a") = 0': "rename changes '/elsewhere/a'",
    'unlink("/g/indexes") = 0': "unlink changes '/g/indexes'",
    'unlink("/g/index/caf\\303\\251\\n") = 0': "",
}


@pytest.mark.parametrize("call", CALLS)
def test_what_a_call_touches_is_judged(call: str) -> None:
    assert list(opened.outside(opened.touched([f"7     {call}"], "/g"), OWN)) == list(filter(None, [CALLS[call]]))


@needs_strace
@pytest.mark.slow
def test_packing_whatever_is_hostile_opens_nothing_outside(tmp_path: Path) -> None:
    row = confined.packed(str(tmp_path))
    assert row.faults == ()
    assert row.submissions > 200
    assert row.paths > 500


@needs_strace
@pytest.mark.slow
def test_a_file_beside_the_index_would_be_noticed(tmp_path: Path) -> None:
    ground = Ground(f"{tmp_path}/ground")
    assert hostile.run(["init", ground.repo], hostile.environment_of(ground)).code == 0
    canary = f"{os.path.realpath(tmp_path)}/canary.jsonl"
    Path(canary).write_text('{"name": "canary", "version": "1"}', encoding="ascii")
    ended, found = confined.watched(ground, ["submit", ground.repo, canary])
    assert ended.code == 0, ended.said
    assert f"openat reads {canary!r}" in list(opened.outside(found, confined.own(ground)))
