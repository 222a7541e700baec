"""The commands: what they print, how they end, and what a program is told."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hooks.roots import SPOOL, needs, needs_root, place_in, tree, with_shell
from pkgindex.cli.main import main
from pkgindex.hooks.catalog import HOOKS
from pkgindex.spool import stamps


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def hits(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)["hits"]
        return found


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `hooks` with an image as the root."""
    place_in(tmp_path / "root")
    monkeypatch.setenv("PKGINDEX_SPOOL", SPOOL)
    monkeypatch.setenv("PKGINDEX_INDEX", "/var/lib/pkgindex")
    monkeypatch.delenv("PKGINDEX_CONFIG", raising=False)

    def run(*words: str) -> Answer:
        capfd.readouterr()
        code = main(["hooks", *words, "--root", str(tmp_path / "root")])
        return Answer(code, *capfd.readouterr())

    return run


Ask = Callable[..., Answer]


def test_what_was_done_is_said_file_by_file(ask: Ask) -> None:
    path = "/etc/dpkg/dpkg.cfg.d/pkgindex"
    assert ask("install", "dpkg") == (0, f"dpkg: written {path}\n", "")
    assert ask("install", "dpkg") == (0, f"dpkg: current {path}\n", "")
    assert ask("remove", "dpkg") == (0, f"dpkg: removed {path}\n", "")
    assert ask("remove", "dpkg") == (0, f"dpkg: absent {path}\n", "")


def test_a_dry_run_prints_what_would_be_written(ask: Ask, tmp_path: Path) -> None:
    before = tree(tmp_path)
    answer = ask("install", "apt", "systemd", "shell", "--dry-run")
    assert answer.code == 0 and tree(tmp_path) == before
    assert "dpkg: would write /etc" in answer.out.replace("apt:", "dpkg:") and "written" not in answer.out
    assert ask("remove", "apt", "--dry-run").out.count(": absent ") == 3
    for line in ("    post-invoke=", "    DPkg::Pre-Install-Pkgs", "    ExecStart=", "        command_not_found_handle()"):
        assert f"\n{line}" in answer.out


def test_a_root_without_a_shell_is_not_taken_for_a_full_disk(ask: Ask) -> None:
    ask("install", "apk")
    answer = ask("test", "apk", "--wait", "0")
    assert answer.code == 1
    assert os.geteuid() != 0 or "is not there" in answer.out


def test_the_spec_of_the_package_can_be_had_where_it_cannot_be_built(ask: Ask) -> None:
    text = ask("install", "rpm", "--dry-run", "--json").hits[0]["text"]
    assert "%transfiletriggerin -p <lua> -- /\n" in text and f"{SPOOL}/.stamps/rpm" in text


def test_what_is_not_done_is_said_and_is_no_success(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "root/etc/dpkg/dpkg.cfg.d/pkgindex"
    path.parent.mkdir(parents=True)
    path.write_text("# of somebody else\n")
    answer = ask("install", "dpkg", "pacman", "--force")
    assert answer.code == 2 and "is not of pkgindex" in answer.err and str(path.name) in answer.err
    # The others were installed all the same.
    assert "pacman: written" in answer.out
    hook = tmp_path / "root/etc/pacman.d/hooks/90-pkgindex-remove.hook"
    hook.write_text(hook.read_text() + "# mine\n")
    assert ask("remove", "pacman").code == 2 and hook.exists()
    assert ask("remove", "pacman", "--force").code == 0 and not hook.exists()


@pytest.mark.parametrize("word", ["install", "remove", "status", "test"])
@pytest.mark.parametrize("manager", ["pip", "nonsense"])
def test_who_has_no_hook_is_refused(ask: Ask, word: str, manager: str) -> None:
    answer = ask(word, manager)
    assert answer.code == 2 and answer.out == ""
    assert ("site-packages" if manager == "pip" else "there are apt, dpkg") in answer.err


def test_the_status_tells_what_there_is_of_each(ask: Ask, tmp_path: Path) -> None:
    assert ask("status").code == 1
    ask("install", "dpkg", "apk")
    (tmp_path / "root/etc/apk/commit_hooks.d/pkgindex").chmod(0o644)
    Path(stamps.path(f"{tmp_path}/root{SPOOL}", "dpkg")).touch()
    found = {hit["manager"]: hit for hit in ask("status", "--json").hits}
    assert set(found) == {"apt", "dpkg", "apk"}
    assert [found[manager]["state"] for manager in ("apt", "dpkg", "apk")] == ["partly", "installed", "older"]
    assert found["dpkg"]["stamp_seconds"] < 60 and found["apk"]["stamp_seconds"] is None
    lines = ask("status").out.splitlines()
    assert lines[0] == "apt: a part of its hook is missing, its program is not here, a stamp waits since 0 s"
    assert {hit["manager"] for hit in ask("status", *HOOKS, "--json").hits} == set(HOOKS)


def test_a_hook_is_fired_and_the_stamp_left_for_a_watch_of_that_image(ask: Ask, tmp_path: Path) -> None:
    ask("install", "dpkg")
    answer = ask("test", "dpkg", "--wait", "0", "--json")
    hit, = answer.hits
    assert (hit["code"], hit["printed"], hit["dropped"], hit["by"]) == (0, "", True, "nobody")
    assert answer.code == 1  # nobody is there to read the database
    assert stamps.dropped(f"{tmp_path}/root{SPOOL}") == ["dpkg"]


def test_a_hook_that_is_not_installed_cannot_be_fired(ask: Ask) -> None:
    answer = ask("test", "dpkg")
    assert answer.code == 1 and "pkgindex hooks install dpkg" in answer.err


def test_a_hook_that_can_leave_no_stamp_is_a_failure(ask: Ask, tmp_path: Path) -> None:
    ask("install", "dpkg")
    folder = Path(stamps.folder(f"{tmp_path}/root{SPOOL}"))
    shutil.rmtree(folder)
    answer = ask("test", "dpkg", "--wait", "0")
    assert answer.code == 1 and "no stamp was dropped" in answer.out


@needs_root
@needs("busybox")
@pytest.mark.parametrize("manager", ["apt", "dpkg", "dnf5", "zypper", "pacman", "apk"])
def test_each_hook_is_fired_from_what_is_installed_within_its_root(ask: Ask, tmp_path: Path, manager: str) -> None:
    with_shell(tmp_path / "root")
    ask("install", manager)
    hit, = ask("test", manager, "--wait", "0", "--json").hits
    assert (hit["code"], hit["dropped"]) == (0, True), hit
    assert hit["printed"] == ("ACK\n\n\0" * 4 if manager == "zypper" else "")
    assert len(os.listdir(stamps.jobs(f"{tmp_path}/root{SPOOL}"))) == (2 if manager == "apt" else 1)
