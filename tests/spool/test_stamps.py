from __future__ import annotations

from pathlib import Path

import pytest

from pkgindex.spool import stamps
from pkgindex.spool.spool import Spool


@pytest.fixture
def root(tmp_path: Path) -> str:
    Path(stamps.jobs(str(tmp_path))).mkdir(parents=True)
    return str(tmp_path)


def test_what_was_dropped_is_there_until_it_is_settled(root: str) -> None:
    for manager in ("npm", "dpkg"):
        Path(stamps.path(root, manager)).touch()
    assert stamps.dropped(root) == ["dpkg", "npm"]
    stamps.take(root, "dpkg")
    assert not Path(stamps.path(root, "dpkg")).exists()
    assert stamps.dropped(root) == ["dpkg", "npm"], "whoever took it may be killed"
    stamps.settle(root, "dpkg")
    stamps.settle(root, "dpkg")
    assert stamps.dropped(root) == ["npm"]


def test_a_stamp_that_comes_while_another_is_being_dealt_with_stays(root: str) -> None:
    stamp = Path(stamps.path(root, "dpkg"))
    stamp.touch()
    stamps.take(root, "dpkg")
    stamp.touch()
    stamps.settle(root, "dpkg")
    assert stamps.dropped(root) == ["dpkg"]


def test_what_is_no_stamp_counts_for_nothing(root: str) -> None:
    stamps_folder = Path(stamps.folder(root))
    (stamps_folder / "emacs").touch()
    (stamps_folder / "pip").mkdir()
    (stamps_folder / "rpm").symlink_to("/etc/passwd")
    assert stamps.dropped(root) == []


def test_no_name_leads_out_of_the_folder(root: str) -> None:
    for name in ("../dpkg", "apt.d", "", "emacs"):
        with pytest.raises(ValueError, match="is none of dpkg, rpm"):
            stamps.path(root, name)


def test_a_spool_without_hooks_has_no_stamps(tmp_path: Path) -> None:
    assert stamps.dropped(str(tmp_path)) == []


def test_the_folder_of_the_stamps_is_no_repository(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    spool.create()
    Path(stamps.jobs(str(tmp_path))).mkdir(parents=True)
    assert spool.repositories() == []
