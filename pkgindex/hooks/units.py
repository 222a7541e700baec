"""systemd is told of units that came, and before they go."""

from __future__ import annotations

import os

from pkgindex.hooks import programs
from pkgindex.hooks.catalog import UNIT_NAMES
from pkgindex.hooks.place import Place, program_in

RUNNING = "/run/systemd/system"
# What is started by others needs not be enabled.
ENABLED = tuple(f"pkgindex-{name}" for name in UNIT_NAMES if name != "sync.service")


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
    return "the units are enabled and started"


def disable(place: Place) -> None:
    """Stop and disable what there is of the units; a unit that is not there is none to disable."""
    if not program_in("/", ["systemctl"]):
        return
    if _runs(place):
        programs.answer("systemctl", "disable", "--now", *ENABLED, "pkgindex-sync.service")
    else:
        programs.answer("systemctl", "--root", place.root, "disable", *ENABLED)


def _runs(place: Place) -> bool:
    return place.root == "/" and os.path.isdir(RUNNING)
