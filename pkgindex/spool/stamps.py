"""Stamps: how a package manager's hook says that something changed, and no more than that.

    SPOOL/.stamps/dpkg              empty: dpkg changed something; what, its own database says
    SPOOL/.stamps/apt.d/NAME        a job of apt's, before the change: which packages it is about to put where

A hook drops a file and goes. Whoever syncs takes the stamp first and reads the database then: what changes meanwhile
leaves a stamp of its own, so that no change is missed and at worst one is looked for twice. A stamp that was taken lies
there under another name until the sync is done, for the next one should this one be killed.

Invariants:

* Names come from the tables here: what else lies in the folder is nobody's word.
* A stamp is a plain file; a link or a folder in its place is neither followed nor taken.
"""

from __future__ import annotations

import os
from contextlib import suppress

FOLDER = ".stamps"
JOBS = "apt.d"
_TAKEN = ".taken."
# The managers that may stamp, by the word that follows `pkgindex sync`.
MANAGERS = ("dpkg", "rpm", "pacman", "apk", "pip", "npm", "conda")
# The managers that call hooks run as root. If anybody could write there, a pipe of theirs would hold a manager up.
MODE = 0o755


def folder(root: str) -> str:
    """Where the stamps of the spool *root* lie; `hooks install` makes it."""
    return os.path.join(root, FOLDER)


def jobs(root: str) -> str:
    """Where apt's jobs lie, beside the stamps."""
    return os.path.join(root, FOLDER, JOBS)


def path(root: str, manager: str) -> str:
    """The stamp of *manager*."""
    if manager not in MANAGERS:
        raise ValueError(f"{manager!a} is none of {', '.join(MANAGERS)}")
    return os.path.join(root, FOLDER, manager)


def dropped(root: str) -> list[str]:
    """The managers whose stamps lie there, taken or not; none where hooks were never installed."""
    try:
        with os.scandir(folder(root)) as entries:
            there = {entry.name.removeprefix(_TAKEN) for entry in entries if entry.is_file(follow_symlinks=False)}
    except OSError:
        return []
    return [manager for manager in MANAGERS if manager in there]


def take(root: str, manager: str) -> None:
    """Take the stamp of *manager*, before its database is read. Raises `OSError` where that is not allowed."""
    with suppress(FileNotFoundError):
        os.rename(path(root, manager), _taken(root, manager))


def settle(root: str, manager: str) -> None:
    """Forget the stamp that was taken: what it stood for is indexed. Raises `OSError` where that is not allowed."""
    with suppress(FileNotFoundError):
        os.unlink(_taken(root, manager))


def _taken(root: str, manager: str) -> str:
    folder, name = os.path.split(path(root, manager))
    return os.path.join(folder, f"{_TAKEN}{name}")
