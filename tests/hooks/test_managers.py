"""The real managers, with our hook and without: they say the same, end the same, and every step leaves a stamp."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.conftest import Make
from hooks.managed import SECONDS_MAX, Dnf4, Dpkg, Managed, Pacman, Rpm, Told, added
from hooks.roots import installed, needs_mount, needs_root, place_in, removed, stamp
from pkgindex.hooks.catalog import hook
from pkgindex.hooks.firing import SHOTS, fire
from pkgindex.hooks.stampfolder import make as make_stamps
from pkgindex.spool import stamps

pytestmark = needs_root

QUICK = [pytest.param(kind, marks=kind.needs, id=kind.hook) for kind in (Dpkg, Pacman, Rpm)]
EVERY = [*QUICK, pytest.param(Dnf4, marks=(Dnf4.needs, pytest.mark.slow), id="dnf4")]


@pytest.mark.parametrize("kind", EVERY)
def test_every_step_leaves_a_stamp_and_is_otherwise_what_it_was(make: Make, kind: type[Managed]) -> None:
    plain, hooked = make(kind, "plain", hooked=False), make(kind)
    hooked.stamped()
    for step in kind.steps:
        without, told = plain.run(step), hooked.run(step)
        assert without.code == 0, (step, without.words)
        assert (told.code, told.words) == (without.code, without.words), step
        assert hooked.stamped() and not plain.stamped(), step


def _gone(managed: Managed) -> list[str]:
    shutil.rmtree(managed.spool)
    return []


def _a_pipe(managed: Managed) -> list[str]:
    os.mkfifo(stamp(managed.root, managed.stamp_of))
    return []


def _mounted(options: str) -> Callable[[Managed], list[str]]:
    def mount(managed: Managed) -> list[str]:
        folder = stamps.folder(str(managed.spool))
        return ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o {options} none {folder} && exec "$@"', "sh"]

    return mount


BROKEN = [
    pytest.param(_gone, id="spool gone"),
    pytest.param(_a_pipe, id="a pipe that nobody reads"),
    pytest.param(_mounted("size=4k,nr_inodes=1"), id="disk full", marks=needs_mount),
    pytest.param(_mounted("ro"), id="read-only", marks=needs_mount),
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("kind", EVERY)
def test_no_manager_notices_when_no_stamp_can_be_left(
    make: Make, kind: type[Managed], broken: Callable[[Managed], list[str]]
) -> None:
    plain, hooked = make(kind, "plain", hooked=False), make(kind)
    hooked.stamped()
    before = broken(hooked)
    for step in ("install", "upgrade", "remove"):
        without, told = plain.run(step), hooked.run(step, *before)
        assert without.code == 0, (step, without.words)
        assert (told.code, told.words) == (without.code, without.words), step


@pytest.mark.parametrize("kind", QUICK)
def test_a_hook_that_was_removed_is_gone_for_the_manager_too(make: Make, kind: type[Managed]) -> None:
    hooked = make(kind)
    removed(hooked.place, hooked.hook)
    make_stamps(hooked.place)
    assert hooked.run("install").code == 0
    assert not hooked.stamped()


class Slow(Dpkg):
    """Its package waits when it is configured, until it is allowed to go on."""

    script = '#!/bin/sh\n: >"$DPKG_ROOT/began"\n[ -e "$DPKG_ROOT/quick" ] || exec sleep 60\n'


@Dpkg.needs
def test_a_manager_killed_half_way_goes_on_later_and_leaves_its_stamp_then(make: Make) -> None:
    hooked = make(Slow)
    running = subprocess.Popen(hooked.command("install"), env=hooked.environment(), start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS_MAX
    while not (hooked.root / "began").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not hooked.stamped()
    (hooked.root / "quick").touch()
    assert hooked.run("configure").code == 0
    assert hooked.stamped()


@Dpkg.needs
@Pacman.needs
def test_two_managers_at_once_leave_a_stamp_each(make: Make) -> None:
    dpkg, pacman = make(Dpkg, "dpkg"), make(Pacman, "pacman")
    # One spool for both, as on one host.
    shutil.rmtree(pacman.spool)
    shutil.copytree(dpkg.spool, pacman.spool)
    shutil.rmtree(dpkg.spool)
    dpkg.spool.symlink_to(pacman.spool)
    told: list[Told] = []
    threads = [threading.Thread(target=lambda managed: told.append(managed.run("install")), args=(managed,))
               for managed in (dpkg, pacman)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.code for one in told] == [0, 0]
    assert stamps.dropped(str(pacman.spool)) == ["dpkg", "pacman"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVERY)
def test_what_a_hook_adds_is_printed(make: Make, kind: type[Managed], capsys: pytest.CaptureFixture[str]) -> None:
    """Pairs of runs, one after the other, because the machine is not the same from one minute to the next."""
    plain, hooked = make(kind, "plain", hooked=False), make(kind)
    pairs = []
    for step in ("install", "upgrade", "downgrade", "reinstall", "remove") * 3:
        pairs.append(([plain.run(step)], [hooked.run(step)]))
        hooked.stamped()
    with capsys.disabled():
        print(f"\n{kind.hook}: a hook adds {added(pairs)} to a run")


@Rpm.needs
def test_the_trigger_of_the_package_can_be_fired_alone(tmp_path: Path) -> None:
    place = place_in(tmp_path / "root")._replace(spool=str(tmp_path / "spool"))
    make_stamps(place._replace(root="/", index=str(tmp_path / "index")))
    installed(place, "rpm")
    done = subprocess.run(SHOTS["rpm"](place)[0].command[-3:], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert stamps.dropped(place.spool) == ["rpm"]


@pytest.mark.slow
@Dnf4.needs
def test_the_plugin_of_dnf_can_be_fired_alone(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    installed(place, "dnf4")
    fired = fire(hook("dnf4"), place)
    assert (fired.code, fired.printed, fired.dropped) == (0, "", True)
