"""A hook fired once, as its manager would: the command is read from the installed file, and given what the manager gives."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pkgindex.errors import BadInput, NotFound
from pkgindex.hooks import install, package
from pkgindex.hooks.catalog import HOOKS, Hook
from pkgindex.hooks.hookfile import ABSENT, FOREIGN
from pkgindex.hooks.place import Place
from pkgindex.spool import stamps

SECONDS_MAX = 30
# What apt writes before it installs a package of no name that is in use.
APT_JOB = b"VERSION 3\nAPT::Architecture=amd64\n\npkgindex-test - - none < 1.0 all none **CONFIGURE**\n"
ZYPPER_FRAMES = b"PLUGINBEGIN\n\n\0COMMITBEGIN\n\n{}\0COMMITEND\n\n{}\0PLUGINEND\n\n\0"
# A plugin of dnf's wants dnf; what it is asked for is little enough to be given by hand.
DNF = """
import importlib.util, sys, types
spec = importlib.util.spec_from_file_location("pkgindex_plugin", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
plugin = module.Pkgindex.__new__(module.Pkgindex)
plugin.base = types.SimpleNamespace(conf=types.SimpleNamespace(installroot=sys.argv[2]))
plugin.transaction()
"""


class Shot(NamedTuple):
    """One command as a manager runs it, with what it gives on stdin."""

    command: tuple[str, ...]
    stdin: bytes = b""
    environment: Mapping[str, str] = {}


class Fired(NamedTuple):
    """How the hook ended, what it printed, and whether a stamp was dropped."""

    seconds: float
    code: int
    printed: str
    dropped: bool


def fire(hook: Hook, place: Place) -> Fired:
    """Fire *hook*. Raises `NotFound` when it is not installed, `BadInput` when there is nothing to fire."""
    if hook.manager not in SHOTS:
        raise BadInput(f"{hook.manager} has no hook that could be fired: 'pkgindex hooks status' says what there is of it")
    if any(state in (ABSENT, FOREIGN) for state in install.states(hook, place)):
        raise NotFound(f"the hook of {hook.manager} is not installed: pkgindex hooks install {hook.manager}")
    shots = SHOTS[hook.manager](place)
    spool = place.below(place.spool)
    before = _changed(spool)
    began = time.monotonic()
    done = [_run(shot) for shot in shots]
    seconds = time.monotonic() - began
    printed = b"".join(found.stdout + found.stderr for found in done).decode("utf-8", "replace")
    dropped = hook.stamp in stamps.dropped(spool) or _changed(spool) != before
    return Fired(seconds, max(found.returncode for found in done), printed, dropped)


def _run(shot: Shot) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(shot.command, input=shot.stdin, capture_output=True, timeout=SECONDS_MAX,
                          env={**os.environ, **shot.environment})


def _changed(spool: str) -> int:
    """When a stamp last came or went: one that was dropped may be taken before we look for it."""
    try:
        return os.stat(stamps.folder(spool)).st_mtime_ns
    except FileNotFoundError:
        return 0


def _line(place: Place, path: str, begin: str) -> str:
    """What follows *begin* in the line of the installed file *path* that begins so."""
    with open(place.below(path), encoding="utf-8") as file:
        for line in file:
            if line.startswith(begin):
                return line.removeprefix(begin).strip()
    raise NotFound(f"{path} has no line {begin!r}: pkgindex hooks install --force writes it anew")


def _within(place: Place, *command: str) -> tuple[str, ...]:
    """*command*, run where the root is /."""
    return command if place.root == "/" else ("chroot", place.root, *command)


def _dpkg(place: Place) -> list[Shot]:
    command = _line(place, "/etc/dpkg/dpkg.cfg.d/pkgindex", "post-invoke=")
    # dpkg does not change its root for hooks, and says which it works on.
    return [Shot(("sh", "-c", command), environment={"DPKG_HOOK_ACTION": "install", "DPKG_ROOT": place.root.rstrip("/")})]


def _apt(place: Place) -> list[Shot]:
    command = _line(place, "/etc/apt/apt.conf.d/90pkgindex", "DPkg::Pre-Install-Pkgs").split('"')[1]
    return [Shot(_within(place, "/bin/sh", "-c", command), APT_JOB), *_dpkg(place)]


def _pacman(place: Place) -> list[Shot]:
    command = _line(place, "/etc/pacman.d/hooks/90-pkgindex-install.hook", "Exec = ")
    return [Shot(_within(place, *shlex.split(command)))]


def _apk(place: Place) -> list[Shot]:
    return [Shot(_within(place, "/etc/apk/commit_hooks.d/pkgindex", "post-commit"))]


def _dnf4(place: Place) -> list[Shot]:
    plugin = HOOKS["dnf4"].files(place)[0].path
    return [Shot(("/usr/bin/python3", "-c", DNF, place.below(plugin), place.root))]


def _dnf5(place: Place) -> list[Shot]:
    command = _line(place, "/etc/dnf/libdnf5-plugins/actions.d/pkgindex.actions", "post_transaction::::")
    return [Shot(_within(place, *shlex.split(command)))]


def _zypper(place: Place) -> list[Shot]:
    return [Shot(_within(place, "/usr/lib/zypp/plugins/commit/pkgindex"), ZYPPER_FRAMES)]


def _rpm(place: Place) -> list[Shot]:
    # Both triggers do the same, and one of them is enough.
    return [Shot(_within(place, "rpm", "--eval", f"%{{lua:{package.triggers(place)[0]}}}"))]


SHOTS: Mapping[str, Callable[[Place], list[Shot]]] = {
    "apt": _apt, "dpkg": _dpkg, "rpm": _rpm, "dnf4": _dnf4, "dnf5": _dnf5, "zypper": _zypper, "pacman": _pacman, "apk": _apk,
}
