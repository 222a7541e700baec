"""Whose a directory is: who packs owns the spool, and so is to own the stamps, and to run the units."""

from __future__ import annotations

import os
import pwd


def name(path: str) -> str:
    """The user whose *path* is, by name where it has one; root's where nothing is there."""
    try:
        owner = os.stat(path).st_uid
    except FileNotFoundError:
        return "root"
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def give(path: str | int, like: str) -> None:
    """Let *path*, or what is open as that descriptor, be owned as *like* is."""
    wanted, there = os.stat(like), os.stat(path)
    if (wanted.st_uid, wanted.st_gid) != (there.st_uid, there.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)
