"""apt and dpkg in a Debian of their own: every step, and everything that can be broken between apt and a hook."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.debian import Apt
from hooks.managed import SECONDS_MAX, Told, added
from hooks.roots import installed, needs_root, removed
from pkgindex.spool import stamps

pytestmark = [pytest.mark.slow, needs_root, Apt.needs]


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Apt:
    packages = tmp_path_factory.mktemp("packages")
    Apt.build(packages)
    return Apt(tmp_path_factory.mktemp("debian"), packages, hooked=False)


@pytest.fixture
def without(debian: Apt) -> dict[str, list[Told]]:
    """What each step says without a hook."""
    removed(debian.place, "apt")
    told: dict[str, list[Told]] = {}
    for step in debian.steps:
        told.setdefault(step, []).append(debian.run(step))
    assert all(one.code == 0 for found in told.values() for one in found), told
    return told


def jobs(debian: Apt) -> list[Path]:
    return sorted(path for path in Path(stamps.jobs(str(debian.spool))).iterdir() if path.name[0].isdigit())


def same(told: Told, without: list[Told]) -> bool:
    """The first installation of a package has words of its own."""
    return any((told.code, told.words) == (one.code, one.words) for one in without)


def test_every_step_leaves_a_stamp_and_is_otherwise_what_it_was(debian: Apt, without: dict[str, list[Told]]) -> None:
    installed(debian.place, "apt")
    debian.stamped()
    for step in debian.steps:
        before = len(jobs(debian))
        told = debian.run(step)
        assert same(told, without[step]), (step, told.words)
        assert debian.stamped(), step
        assert len(jobs(debian)) - before == (0 if step.startswith("plain") else 1), step


def test_a_job_says_what_apt_is_about_to_do_and_nothing_of_its_configuration(debian: Apt) -> None:
    removed(debian.place, "apt")
    installed(debian.place, "apt")
    expected = {
        "install": "tiny - - none < 1.0-1 all none /srv/repo/./tiny_1.0-1_all.deb",
        "upgrade": "tiny 1.0-1 all none < 2.0-1 all none /srv/repo/./tiny_2.0-1_all.deb",
        "downgrade": "tiny 2.0-1 all none > 1.0-1 all none /srv/repo/./tiny_1.0-1_all.deb",
        "reinstall": "tiny 1.0-1 all none = 1.0-1 all none /srv/repo/./tiny_1.0-1_all.deb",
        "purge": "tiny 1.0-1 all none > - - none **REMOVE**",
    }
    for step, line in expected.items():
        secret = subprocess.run([*debian.command(step), "-o", "Acquire::http::Proxy=http://joe:secret@proxy/"],
                                capture_output=True, timeout=SECONDS_MAX)
        assert secret.returncode == 0
        job = jobs(debian)[0].read_text()
        assert job.startswith("VERSION 3\n\n") and line in job.splitlines() and "secret" not in job, step
        jobs(debian)[0].unlink()


def _spool_gone(debian: Apt) -> None:
    shutil.rmtree(debian.spool)


def _script_gone(debian: Apt) -> None:
    (debian.root / "etc/pkgindex/hooks/apt-job").unlink()


def _not_executable(debian: Apt) -> None:
    (debian.root / "etc/pkgindex/hooks/apt-job").chmod(0o644)


def _no_interpreter(debian: Apt) -> None:
    (debian.root / "etc/pkgindex/hooks/apt-job").write_text("#!/no/such/shell\n")


def _killed(debian: Apt) -> None:
    (debian.root / "etc/pkgindex/hooks/apt-job").write_text("#!/bin/sh\nkill -9 $$\n")


def _does_not_listen(debian: Apt) -> None:
    (debian.root / "etc/pkgindex/hooks/apt-job").write_text("#!/bin/sh\nexec <&-\nexit 0\n")


@pytest.mark.parametrize("broken", [_spool_gone, _script_gone, _not_executable, _no_interpreter, _killed, _does_not_listen],
                         ids=lambda broken: broken.__name__)
def test_apt_notices_nothing_of_what_is_broken(
    debian: Apt, without: dict[str, list[Told]], broken: Callable[[Apt], None]
) -> None:
    removed(debian.place, "apt", insist=True)
    installed(debian.place, "apt")
    broken(debian)
    # More than a pipe takes: apt is still writing when nobody reads.
    much = ["-o", f"Pkgindex::Test={'x' * 100_000}"]
    for step in ("install", "upgrade", "remove", "purge"):
        done = subprocess.run([*debian.command(step), *much], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=debian.environment(), timeout=SECONDS_MAX)
        assert done.returncode == 0, (step, done.stdout)
    if broken is not _spool_gone:
        assert debian.stamped()


@pytest.mark.parametrize("disk", ["size=4k,nr_inodes=1", "ro"], ids=["full", "read-only"])
def test_apt_notices_nothing_of_a_disk_that_takes_nothing(debian: Apt, without: dict[str, list[Told]], disk: str) -> None:
    removed(debian.place, "apt", insist=True)
    installed(debian.place, "apt")
    folder = stamps.folder(str(debian.spool))
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o {disk} none {folder} && exec "$@"', "sh"]
    for step in ("install", "upgrade", "downgrade", "purge"):
        told = debian.run(step, *mount)
        assert same(told, without[step]), (step, told.words)


def test_whoever_reads_what_apt_says_is_not_held_up(debian: Apt, capsys: pytest.CaptureFixture[str]) -> None:
    """A process that a hook left behind would hold the pipe, and the reader would wait for it."""
    pairs = []
    for _ in range(5):
        pair = []
        for act in (removed, installed):
            act(debian.place, "apt")
            pair.append([debian.run(step) for step in ("install", "purge")])
        pairs.append((pair[0], pair[1]))
    assert {told.code for pair in pairs for half in pair for told in half} == {0}
    with capsys.disabled():
        print(f"\napt: its hooks add {added(pairs)} to an install and a purge")
    # One that waited for what a hook had left behind would wait for ever.
    assert all(told.seconds < SECONDS_MAX for pair in pairs for half in pair for told in half)
