"""The managers there are hooks for, and the files that each is given."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from glob import glob
from typing import NamedTuple

from pkgindex.errors import BadInput
from pkgindex.hooks import owners
from pkgindex.hooks.hookfile import HookFile, below
from pkgindex.hooks.place import Place
from pkgindex.hooks.stampfolder import JOBS_MARK
from pkgindex.hooks.texts import FOLDER, text
from pkgindex.spool import stamps

SCRIPT = 0o755
# So many of apt's jobs are kept where nobody takes them.
JOBS_MAX = 64
WHICH_SECONDS = 2
OPERATIONS = ("Install", "Upgrade", "Remove")
UNITS = "/etc/systemd/system"
UNIT_NAMES = ("watch.service", "sync.service", "sync.path", "sync.timer")


class Hook(NamedTuple):
    """What *manager* is given. Of *files*, those come last that name the others, so that nothing named is missing.

    *stamp* is the manager whose database has changed when the hook fires, empty where none is dropped; *programs* are
    names of the manager's own program; *tried*: with the real manager, not only by what its documents say; *spool*: it
    needs one.
    """

    manager: str
    programs: tuple[str, ...]
    stamp: str
    files: Callable[[Place], tuple[HookFile, ...]]
    tried: bool = True
    after: str = ""
    spool: bool = True


def hook(manager: str) -> Hook:
    """Raises `BadInput` where there is no such hook, and says what there is instead."""
    if manager in WITHOUT:
        raise BadInput(f"{manager} calls no hooks: {WITHOUT[manager]}")
    found = HOOKS.get(manager)
    if found is None:
        raise BadInput(f"there is no hook for {manager!a}; there are {', '.join(HOOKS)}")
    return found


def words(place: Place, stamp: str = "") -> dict[str, str]:
    """What stands for the places of a template."""
    return {
        "SPOOL": place.spool, "INDEX": place.index, "PROGRAM": place.program, "FOLDER": FOLDER, "STAMP": stamp,
        "STAMPS": stamps.folder(place.spool), "JOBS": stamps.jobs(place.spool), "JOBS_MAX": str(JOBS_MAX),
        "JOBS_MARK": JOBS_MARK,
    }


def _dpkg(place: Place) -> tuple[HookFile, ...]:
    return (HookFile("/etc/dpkg/dpkg.cfg.d/pkgindex", text("dpkg.cfg", words(place, "dpkg"))),)


def _apt(place: Place) -> tuple[HookFile, ...]:
    known = words(place)
    return (
        *_dpkg(place),
        HookFile(f"{FOLDER}/apt-job", text("apt-job", known), SCRIPT),
        HookFile("/etc/apt/apt.conf.d/90pkgindex", text("apt.conf", known)),
    )


def _dnf4(place: Place) -> tuple[HookFile, ...]:
    found = sorted(glob(below(place.root, "/usr/lib/python3*/*-packages/dnf")))
    if not found:
        raise BadInput(f"no dnf 4 below {place.root}: it belongs to Python's packages in /usr/lib/python3*/*-packages")
    folder = os.path.dirname(found[-1]).removeprefix(place.root.rstrip("/"))
    return (HookFile(f"{folder}/dnf-plugins/pkgindex.py", text("dnf4.plugin", words(place, "rpm"))),)


def _dnf5(place: Place) -> tuple[HookFile, ...]:
    known = words(place, "rpm")
    return (
        HookFile(f"{FOLDER}/dnf5", text("dnf5", known), SCRIPT),
        HookFile("/etc/dnf/libdnf5-plugins/actions.d/pkgindex.actions", text("dnf5.actions", known)),
    )


def _zypper(place: Place) -> tuple[HookFile, ...]:
    return (HookFile("/usr/lib/zypp/plugins/commit/pkgindex", text("zypper", words(place, "rpm")), SCRIPT),)


def _pacman(place: Place) -> tuple[HookFile, ...]:
    known = words(place, "pacman")
    return tuple(
        HookFile(f"/etc/pacman.d/hooks/90-pkgindex-{operation.lower()}.hook",
                 text("pacman.hook", {**known, "OPERATION": operation}))
        for operation in OPERATIONS
    )


def _apk(place: Place) -> tuple[HookFile, ...]:
    return (HookFile("/etc/apk/commit_hooks.d/pkgindex", text("apk", words(place, "apk")), SCRIPT),)


def _rpm(place: Place) -> tuple[HookFile, ...]:
    return ()  # a package: see `package`


def _systemd(place: Place) -> tuple[HookFile, ...]:
    known = {**words(place), "USER": owners.name(below(place.root, place.spool))}
    return tuple(HookFile(f"{UNITS}/pkgindex-{name}", text(name, known)) for name in UNIT_NAMES)


def _shell(place: Place) -> tuple[HookFile, ...]:
    known = {**words(place), "WHICH": f"{place.program}-which", "WHICH_SECONDS": str(WHICH_SECONDS)}
    return (
        HookFile("/etc/profile.d/pkgindex.sh", text("command-not-found.sh", known)),
        HookFile("/etc/fish/conf.d/pkgindex.fish", text("command-not-found.fish", known)),
    )


_ALL = (
    Hook("apt", ("apt-get",), "dpkg", _apt),
    Hook("dpkg", ("dpkg",), "dpkg", _dpkg),
    Hook("rpm", ("rpm",), "rpm", _rpm),
    Hook("dnf4", ("dnf-3", "dnf4", "dnf"), "rpm", _dnf4),
    Hook("dnf5", ("dnf5",), "rpm", _dnf5, tried=False, after="dnf5 reads it when libdnf5-plugin-actions is installed"),
    Hook("zypper", ("zypper",), "rpm", _zypper, tried=False),
    Hook("pacman", ("pacman",), "pacman", _pacman),
    Hook("apk", ("apk",), "apk", _apk, tried=False),
    Hook("systemd", ("systemctl",), "", _systemd),
    Hook("shell", ("bash", "zsh", "fish"), "", _shell, spool=False,
         after="where shells are no login shells, add '. /etc/profile.d/pkgindex.sh' to /etc/bash.bashrc and /etc/zsh/zshrc"),
)
HOOKS: Mapping[str, Hook] = {found.manager: found for found in _ALL}

_WATCHED = "'pkgindex watch' looks at {} instead, of each that the settings name"
WITHOUT = {
    "pip": _WATCHED.format("site-packages"),
    "uv": _WATCHED.format("site-packages"),
    "npm": _WATCHED.format("node_modules/.package-lock.json"),
    "conda": _WATCHED.format("conda-meta"),
}
