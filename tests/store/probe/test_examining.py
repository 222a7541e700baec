"""What is found of a directory: of this one, which is good, and of ones where a system call answers as it does elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pkgindex.errors import NoIndex
from pkgindex.store import filesystem
from pkgindex.store.probe import examining, expecting, storing
from pkgindex.store.probe.examining import examine
from pkgindex.store.probe.finding import BAD, GOOD, NOTE, Finding

CHECKS = {"mount options", *examining.TRIALS, *examining.JUDGED_BY_PLACE}


def found(directory: Path, check: str) -> Finding:
    return next(finding for finding in examine(str(directory)).findings if finding.check == check)


def refusing(code: int, call: Callable[..., object], when: Callable[[str], bool] = lambda path: True) -> Callable[..., object]:
    """*call* as a file system does it that refuses it with *code*."""

    def refuse(first: str, *rest: object, **options: object) -> object:
        if when(first):
            raise OSError(code, os.strerror(code))
        return call(first, *rest, **options)

    return refuse


def test_a_local_directory_is_fit_and_nothing_is_left_behind(tmp_path: Path) -> None:
    examined = examine(str(tmp_path))
    assert examined.fit
    assert {finding.check for finding in examined.findings} == CHECKS
    assert os.listdir(tmp_path) == []


def test_a_missing_directory_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="is the share mounted"):
        examine(str(tmp_path / "missing"))
    assert os.listdir(tmp_path) == []


def test_nothing_is_left_behind_by_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> Finding:
        raise KeyboardInterrupt

    monkeypatch.setitem(examining.TRIALS, "locks", interrupted)
    with pytest.raises(KeyboardInterrupt):
        examine(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_where_a_file_has_one_name_only_no_index_may_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM, os.link))
    finding = found(tmp_path, "exclusive link")
    assert finding.verdict == BAD and "one name only" in finding.says and "hard links" in finding.advice
    assert not examine(str(tmp_path)).fit


def test_a_link_that_gives_a_taken_name_away_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def replacing(file: str, name: str) -> None:
        if os.path.exists(name):
            os.unlink(name)
        link(file, name)

    monkeypatch.setattr(os, "link", replacing)
    assert found(tmp_path, "exclusive link").says == "a taken name is given away again"


def test_links_that_are_copies_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", lambda file, name: Path(name).write_bytes(Path(file).read_bytes()))
    assert found(tmp_path, "exclusive link").says == "a file with two names counts 1"


def test_a_flush_that_fails_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    assert found(tmp_path, "flush").verdict == BAD


def test_locks_that_are_missing_are_told_and_are_no_reason_against_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import portalocker

    def none(*arguments: object) -> None:
        raise portalocker.LockException(OSError(errno.ENOLCK, "No locks available"))

    monkeypatch.setattr(portalocker, "lock", none)
    assert found(tmp_path, "locks").verdict == NOTE
    assert examine(str(tmp_path)).fit


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_clock_that_is_off_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = storing.time.time
    monkeypatch.setattr(storing.time, "time", lambda: now() + seconds)
    finding = found(tmp_path, "clock")
    assert finding.verdict == NOTE and finding.measured == pytest.approx(-seconds, abs=5)
    assert ("behind" if seconds > 0 else "ahead") in finding.says


def test_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "FREE_FILES_MIN", 1 << 60)
    assert found(tmp_path, "room").verdict in (NOTE, GOOD if not os.statvfs(tmp_path).f_files else NOTE)
    monkeypatch.setattr(storing, "FREE_BYTES_MIN", 1 << 60)
    assert found(tmp_path, "room").verdict == NOTE


@pytest.mark.parametrize(("longest", "verdict"), [(255, GOOD), (200, NOTE), (143, BAD), (14, BAD)])
def test_names_must_be_long_enough_for_blobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: int, verdict: str
) -> None:
    def opened(path: str, mode: str) -> object:
        if len(os.path.basename(path)) > longest:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return open(path, mode)

    monkeypatch.setattr(storing, "open", opened, raising=False)
    assert found(tmp_path, "names").verdict == verdict


def test_where_nobody_may_write_that_is_found_and_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "mkdir", refusing(errno.EROFS, os.mkdir))
    examined = examine(str(tmp_path))
    assert [finding.check for finding in examined.findings] == ["mount options", "writing"]
    assert not examined.writable


@pytest.mark.parametrize("kind", ["nfs4", "nfs", "fuse.glusterfs", "cifs", "ext4", "tmpfs", "what.ever"])
def test_what_may_be_expected_is_said_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"27 1 254:0 / / rw - {kind} x rw\n")
    monkeypatch.setattr(filesystem, "MOUNTS", str(mounts))
    examined = examine(str(tmp_path))
    assert examined.file_system == kind and examined.expect
    assert found(tmp_path, "events").verdict == (NOTE if filesystem.on_a_share(kind) else GOOD)


@pytest.mark.parametrize("option", expecting.OPTIONS)
def test_each_option_that_matters_is_told_with_what_to_do(option: str) -> None:
    finding = expecting.options(filesystem.Mount("nfs4", ("rw", option)))
    assert finding.verdict == NOTE and finding.says.startswith(option) and finding.advice
