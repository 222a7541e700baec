"""systemd is told of units that came, and before they go."""

from __future__ import annotations

import os

from pkgindex.hooks import programs
from pkgindex.hooks.catalog import UNIT_NAMES
from pkgindex.hooks.place import Place, program_in

RUNNING = "/run/systemd/system"
# What is started by others needs not be enabled.
SYNC = "pkgindex-sync.service"
ENABLED = tuple(f"pkgindex-{name}" for name in UNIT_NAMES if f"pkgindex-{name}" != SYNC)


def enable(place: Place) -> str:
    """Enable the units, and start them where systemd runs; what was done, in words."""
    command = f"systemctl enable --now {' '.join(ENABLED)}"
    if not program_in("/", ["systemctl"]):
        return f"systemctl is not on this host; on the other: {command}"
    if not _runs(place):
        programs.run("systemctl", "--root", place.root, "enable", *ENABLED)
        return "the units are enabled, and start with systemd"
    programs.run("systemctl", "daemon-reload")
    programs.run(*command.split())
    # What is installed already is waited for by nobody.
    programs.run("systemctl", "start", "--no-block", SYNC)
    return "the units are enabled and started; what is installed is being indexed"


def disable(place: Place) -> None:
    """Stop and disable what there is of the units; a unit that is not there is none to disable."""
    if not program_in("/", ["systemctl"]):
        return
    if _runs(place):
        programs.answer("systemctl", "disable", "--now", *ENABLED, SYNC)
        programs.answer("systemctl", "reset-failed", SYNC)
    else:
        programs.answer("systemctl", "--root", place.root, "disable", *ENABLED)


def forget(place: Place) -> None:
    """Have systemd see that the files of the units are gone."""
    if program_in("/", ["systemctl"]) and _runs(place):
        programs.answer("systemctl", "daemon-reload")


def _runs(place: Place) -> bool:
    return place.root == "/" and os.path.isdir(RUNNING)
