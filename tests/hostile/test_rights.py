"""Who may do what with an index and a spool that several users share: tried as these users."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostile.users import COLLEAGUE, GROUP, NOT_ROOT, PACKER, STRANGER, THIRD, Done, run

CURL = {"name": "curl", "version": "1", "summary": "web client", "depends": ["libc6"], "files": ["/usr/bin/curl"]}
QUESTIONS = (("owner", "/usr/bin/curl"), ("search", "web"), ("path", "bin/cu"), ("show", "curl"), ("rdeps", "libc6"),
             ("status",), ("verify",))


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may pass through, with an index and a spool that the group may write to."""
    if os.geteuid():
        pytest.skip(NOT_ROOT)
    with tempfile.TemporaryDirectory(prefix="pkgindex-rights-", dir="/tmp") as folder:
        found = Path(folder)
        found.chmod(0o755)
        for name in ("index", "spool"):
            (found / name).mkdir()
            os.chown(found / name, PACKER, GROUP)
            (found / name).chmod(0o2775)
        yield found


def drop(place: Path, user: int, name: str, mode: int = 0o644, **package: object) -> Path:
    path = place / "spool/debian/incoming" / f"{name}.jsonl"
    path.write_text(json.dumps({**CURL, "name": name, **package}), encoding="ascii")
    os.chown(path, user, user)
    path.chmod(mode)
    return path


def made(place: Path, umask: int) -> None:
    assert run(place, PACKER, "init", "debian", umask=umask).code == 0
    drop(place, PACKER, "curl")
    done = run(place, PACKER, "pack", umask=umask)
    assert done.code == 0, done.said


def plainly(done: Done) -> str:
    """What a command said that did not do what it was asked."""
    assert done.code in (2, 3, 5), done
    assert "Traceback" not in done.said
    return done.said


def test_who_shares_a_group_packs_in_turn(place: Path) -> None:
    made(place, 0o002)
    drop(place, COLLEAGUE, "wget")
    done = run(place, COLLEAGUE, "pack", umask=0o002)
    assert done.code == 0, done.said
    for words in (("pack", "--rebuild", "debian"), ("merge",), ("gc",)):
        for user in (PACKER, COLLEAGUE):
            done = run(place, user, *words, umask=0o002)
            assert done.code == 0, done.said
    assert {path.stat().st_gid for path in (place / "index").rglob("*")} == {GROUP}
    assert "wget" in run(place, STRANGER, "owner", "/usr/bin/curl").answered


@pytest.mark.parametrize("umask", [0o002, 0o022])
def test_who_may_only_read_gets_every_answer_and_writes_nothing(place: Path, umask: int) -> None:
    made(place, umask)
    shutil.rmtree(place / "spool")
    before = sorted(str(path) for path in place.rglob("*"))
    for words in QUESTIONS:
        done = run(place, STRANGER, *words)
        assert (done.code, done.said) == (0, ""), (words, done)
    assert sorted(str(path) for path in place.rglob("*")) == before


@pytest.mark.parametrize("umask", [0o007, 0o077])
def test_who_may_not_read_is_told_so(place: Path, umask: int) -> None:
    made(place, umask)
    for words in QUESTIONS:
        said = plainly(run(place, STRANGER, *words))
        assert "read" in said or "permission" in said.lower(), (words, said)


def test_what_a_colleague_may_not_read_costs_nothing_but_his_turn(place: Path) -> None:
    made(place, 0o077)
    drop(place, COLLEAGUE, "wget", 0o664)
    before = {path: path.stat().st_mtime_ns for path in (place / "index").rglob("*") if path.is_file()}
    plainly(run(place, COLLEAGUE, "pack", umask=0o002))
    assert run(place, PACKER, "verify").code == 0
    assert before.items() <= {path: path.stat().st_mtime_ns for path in (place / "index").rglob("*") if path.is_file()}.items()


def test_a_reader_on_a_disk_that_is_mounted_read_only_gets_every_answer(place: Path) -> None:
    made(place, 0o022)
    index = str(place / "index")
    for mount in (["--bind", index, index], ["-o", "remount,bind,ro", index]):
        tried = subprocess.run(["mount", *mount], capture_output=True, text=True, check=False)
        if tried.returncode:
            subprocess.run(["umount", index], capture_output=True, check=False)
            pytest.skip(f"NOT TRIED: nothing can be mounted here: {tried.stderr.strip()}")
    try:
        for user in (STRANGER, PACKER):
            for words in QUESTIONS:
                done = run(place, user, *words)
                assert (done.code, done.said) == (0, ""), (words, done)
        drop(place, PACKER, "wget")
        assert "mounted read-only" in plainly(run(place, PACKER, "pack"))
    finally:
        subprocess.run(["umount", index], check=True)


@pytest.fixture
def dropbox(place: Path) -> Path:
    """Anyone may drop into it, and nobody but the packer may list it or take away what another dropped."""
    made(place, 0o022)
    incoming = place / "spool/debian/incoming"
    incoming.chmod(0o1733)
    return incoming


def test_anyone_submits_to_a_drop_box_and_the_packer_packs_it(place: Path, dropbox: Path) -> None:
    file = place / "wget.jsonl"
    file.write_text(json.dumps({**CURL, "name": "wget"}), encoding="ascii")
    for user in (STRANGER, THIRD):
        done = run(place, user, "submit", "debian", str(file))
        assert done.code == 0, done.said
    assert {path.stat().st_uid for path in dropbox.iterdir()} == {STRANGER, THIRD}
    done = run(place, PACKER, "pack")
    assert done.code == 0, done.said
    assert list(dropbox.iterdir()) == []
    assert "wget" in run(place, STRANGER, "owner", "/usr/bin/curl").answered


def test_nobody_else_lists_a_drop_box_or_takes_anything_away(place: Path, dropbox: Path) -> None:
    path = drop(place, STRANGER, "wget")
    before = path.stat()
    plainly(run(place, THIRD, "pack"))
    assert (path.stat().st_ino, path.stat().st_uid) == (before.st_ino, STRANGER)


def test_what_the_packer_may_not_read_is_put_aside_with_the_reason(place: Path, dropbox: Path) -> None:
    drop(place, STRANGER, "secret", 0o600)
    drop(place, STRANGER, "wget")
    done = run(place, PACKER, "pack")
    assert "Traceback" not in done.said
    assert "may not be read by this user" in (place / "spool/debian/rejected/secret.jsonl.reason").read_text()
    assert "wget" in run(place, STRANGER, "owner", "/usr/bin/curl").answered
    assert stat.S_IMODE((place / "spool/debian/rejected/secret.jsonl").stat().st_mode) == 0o600
