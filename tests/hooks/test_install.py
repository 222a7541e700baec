"""Hooks come and go, and nothing else does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.roots import FILES, SPOOL, installed, needs_root, place_in, removed, tree
from pkgindex.errors import BadInput, NoIndex
from pkgindex.hooks import install, texts
from pkgindex.hooks.catalog import HOOKS, WITHOUT, hook
from pkgindex.hooks.hookfile import ABSENT, CHANGED, CURRENT, FOREIGN, OLDER, look
from pkgindex.hooks.place import Place
from pkgindex.spool import stamps
from pkgindex.spool.spool import Spool
from pkgindex.store import filesystem
from store.durable import Disk, watched


@pytest.mark.parametrize("manager", FILES)
def test_what_was_installed_and_removed_leaves_nothing_behind(tmp_path: Path, manager: str) -> None:
    place = place_in(tmp_path)
    before = tree(tmp_path)
    assert {step.action for step in installed(place, manager)} == {install.WRITTEN}
    assert tree(tmp_path) != before
    assert {step.action for step in removed(place, manager)} == {install.REMOVED}
    assert tree(tmp_path) == before


def test_a_file_of_a_hook_is_whole_after_a_power_cut_too(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    with watched(Disk(tmp_path)) as flushed:
        installed(place, *FILES)
    assert len(flushed) >= len(FILES)


@given(st.lists(st.sampled_from(FILES), unique=True, min_size=2), st.randoms(use_true_random=False))
def test_hooks_may_go_in_any_order(tmp_path_factory: pytest.TempPathFactory, managers: list[str], chance: object) -> None:
    root = tmp_path_factory.mktemp("root")
    place = place_in(root)
    before = tree(root)
    installed(place, *managers)
    chance.shuffle(managers)  # type: ignore[attr-defined]
    removed(place, *managers)
    # Of directories that several share, the one that made them may have gone first: they stay, and are empty.
    left = {name: found for name, found in tree(root).items() if name not in before}
    assert all(found[1] is None and found[0].startswith("0o4") for found in left.values())
    assert not any(os.path.exists(f"{root}{path}") for path in (texts.FOLDER, SPOOL))
    shutil.rmtree(root)


@pytest.mark.parametrize("manager", FILES)
def test_done_twice_is_done_once(tmp_path: Path, manager: str) -> None:
    place = place_in(tmp_path)
    installed(place, manager)
    before = tree(tmp_path)
    assert {step.action for step in installed(place, manager)} == {CURRENT}
    assert tree(tmp_path) == before
    removed(place, manager)
    assert {step.action for step in removed(place, manager)} == {ABSENT}


@pytest.mark.parametrize("manager", FILES)
def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path, manager: str) -> None:
    place = place_in(tmp_path)
    before = tree(tmp_path)
    said = installed(place, manager, dry=True)
    assert tree(tmp_path) == before
    assert said == installed(place, manager)
    there = tree(tmp_path)
    assert {step.action for step in removed(place, manager, dry=True)} == {install.REMOVED}
    assert tree(tmp_path) == there


def _of(place: Place, manager: str) -> list[Path]:
    return [Path(place.root + file.path) for file in HOOKS[manager].files(place)]


@pytest.mark.parametrize("insist", [False, True])
@pytest.mark.parametrize("manager", FILES)
@pytest.mark.parametrize("theirs", [b"# by somebody else\n", b"", b"\xff\xfe", None], ids=["text", "empty", "bytes", "folder"])
def test_what_is_not_ours_is_never_touched(tmp_path: Path, manager: str, theirs: bytes | None, insist: bool) -> None:
    place = place_in(tmp_path)
    path = _of(place, manager)[0]
    path.parent.mkdir(parents=True)
    if theirs is None:
        path.mkdir()
    else:
        path.write_bytes(theirs)
    before = tree(path.parent)[path.name]
    assert installed(place, manager, insist=insist)[0].action == FOREIGN
    assert removed(place, manager, insist=insist)[-1].action == FOREIGN
    assert tree(path.parent) == {path.name: before}


def test_a_link_in_the_place_of_a_hook_is_not_ours_and_not_followed(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    installed(place, "dpkg")
    path = _of(place, "dpkg")[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert [step.action for step in (*installed(place, "dpkg"), *removed(place, "dpkg", insist=True))] == [FOREIGN, FOREIGN]
    assert path.is_symlink() and (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("manager", FILES)
def test_what_was_changed_by_hand_stays_until_somebody_insists(tmp_path: Path, manager: str) -> None:
    place = place_in(tmp_path)
    installed(place, manager)
    path = _of(place, manager)[-1]
    wanted = path.read_text()
    path.write_text(wanted + "# a line of mine\n")
    assert look(place.root, HOOKS[manager].files(place)[-1]).state == CHANGED
    assert installed(place, manager)[-1].action == removed(place, manager)[0].action == install.KEPT
    assert path.read_text().endswith("of mine\n")
    assert installed(place, manager, insist=True)[-1].action == install.REPLACED
    assert path.read_text() == wanted


@pytest.mark.parametrize("manager", FILES)
def test_a_hook_of_another_spool_or_mode_is_replaced_and_one_half_there_completed(tmp_path: Path, manager: str) -> None:
    place = place_in(tmp_path)
    other = place._replace(spool="/srv/spool", index="/srv/index", program="/opt/pkgindex")
    (tmp_path / "srv").mkdir()
    installed(other, manager)
    files = HOOKS[manager].files(place)
    changed = [file.path for file in files if file not in HOOKS[manager].files(other)]
    assert changed, "every hook says where the spool is, or the index"
    found = {step.path: step.action for step in installed(place, manager)}
    assert found == {file.path: install.REPLACED if file.path in changed else CURRENT for file in files}
    path = _of(place, manager)[0]
    path.chmod(0o600)
    assert look(place.root, files[0]).state == OLDER
    path.unlink()
    assert installed(place, manager)[0].action == install.WRITTEN


def test_the_stamps_lie_where_only_root_and_whoever_packs_can_write(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    installed(place, "pacman")
    spool = tmp_path / SPOOL.lstrip("/")
    for folder in (stamps.folder(str(spool)), stamps.jobs(str(spool))):
        assert os.stat(folder).st_mode & 0o7777 == 0o755


@needs_root
def test_stamps_are_of_whoever_packs_and_jobs_are_of_root(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    installed(place, "dpkg")
    spool = f"{tmp_path}{SPOOL}"
    os.chown(spool, 4321, 4321)
    installed(place, "apt")
    assert os.stat(stamps.folder(spool)).st_uid == 4321 and os.stat(stamps.jobs(spool)).st_uid == 0
    assert "User=4321" in installed(place, "systemd")[0].text


def test_a_link_in_the_place_of_the_stamps_is_refused(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    Spool(f"{tmp_path}{SPOOL}").create()
    Path(stamps.folder(f"{tmp_path}{SPOOL}")).symlink_to(tmp_path)
    mode = tmp_path.stat().st_mode
    with pytest.raises(BadInput, match="is no directory"):
        installed(place, "dpkg")
    assert tmp_path.stat().st_mode == mode


def test_a_spool_is_not_taken_away_where_no_hook_was(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    Spool(f"{tmp_path}{SPOOL}").create()
    before = tree(tmp_path)
    removed(place, *FILES)
    assert tree(tmp_path) == before


def test_a_spool_that_others_use_stays_when_the_last_hook_goes(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    installed(place, "dpkg", "pacman")
    (tmp_path / f".{SPOOL}/debian").mkdir()
    removed(place, "dpkg")
    assert os.path.isdir(stamps.folder(f"{tmp_path}{SPOOL}"))
    removed(place, "pacman")
    assert sorted(os.listdir(f"{tmp_path}{SPOOL}")) == [".pkgindex-spool", "debian"]


def test_a_spool_without_its_sentinel_is_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    (tmp_path / f".{SPOOL}").mkdir()
    with pytest.raises(NoIndex, match="mount"):
        installed(place, "dpkg")
    assert not (tmp_path / "etc").exists()


def test_a_spool_on_a_share_is_refused_because_a_manager_must_not_wait_for_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("1 1 0:1 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(filesystem, "MOUNTS", str(mounts))
    with pytest.raises(BadInput, match="lies on a share"):
        installed(place_in(tmp_path / "root"), "dpkg")
    assert not (tmp_path / "root/etc").exists()


@pytest.mark.parametrize("spool", ["/srv/a b", "/srv/a'b", '/srv/"', "/srv/$x", "/srv/a;b", "/srv/%i", "/srv/a\nb", "relative"])
def test_a_name_that_would_need_quotes_cannot_stand_in_a_hook(spool: str) -> None:
    with pytest.raises(BadInput, match="cannot stand in a hook"):
        texts.plain("spool", spool)


def test_a_link_that_leads_out_of_an_image_is_not_gone_through(tmp_path: Path) -> None:
    place = place_in(tmp_path / "root")
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "root/etc").symlink_to(outside)
    with pytest.raises(BadInput, match="leads out"):
        installed(place, "dpkg")
    assert list(outside.iterdir()) == []


def test_every_place_in_a_text_is_filled(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    for manager in FILES:
        for file in HOOKS[manager].files(place):
            left = set(file.text.split("@")[1::2]) - {"MARK"}
            assert not any(word.isupper() for word in left), (manager, left)
            assert file.text.count("@MARK@") == 1


@pytest.mark.parametrize("manager", [*WITHOUT, "homebrew"])
def test_who_calls_no_hooks_is_named_with_what_there_is_instead(manager: str) -> None:
    with pytest.raises(BadInput, match="watch" if manager in WITHOUT else "there are apt, dpkg"):
        hook(manager)


def test_each_stamp_is_one_that_a_sync_knows() -> None:
    assert {found.stamp for found in HOOKS.values()} <= {"", *stamps.MANAGERS}
