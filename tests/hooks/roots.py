"""Roots of their own for hooks, and what a tree holds."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pkgindex.hooks.catalog import HOOKS, hook
from pkgindex.hooks.install import Step, install, remove
from pkgindex.hooks.place import Place
from pkgindex.spool import stamps

SPOOL = "/var/spool/pkgindex"
FILES = [manager for manager in HOOKS if manager != "rpm"]


def place_in(root: Path) -> Place:
    """An image with Python's packages of dnf 4, which say where its plugins belong."""
    (root / "usr/lib/python3/dist-packages/dnf").mkdir(parents=True, exist_ok=True)
    for folder in ("var/spool", "var/lib"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    return Place(str(root), SPOOL, "/var/lib/pkgindex", "/usr/bin/pkgindex")


def installed(place: Place, *managers: str, **how: bool) -> list[Step]:
    return [step for manager in managers for step in install(hook(manager), place, **how)]


def removed(place: Place, *managers: str, **how: bool) -> list[Step]:
    return [step for manager in managers for step in remove(hook(manager), place, **how)]


def tree(root: Path) -> dict[str, Any]:
    """Everything below *root*: directories, links, and files with their mode and content."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(root))
        if stat.S_ISLNK(status.st_mode):
            found[name] = os.readlink(path)
        else:
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
            found[name] = (oct(status.st_mode), content)
    return found


def stamp(root: Path, manager: str) -> Path:
    return Path(stamps.path(str(root) + SPOOL, manager))


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip where one of *programs* is missing, and say which."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}: see tools/debian_packages.py")


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: package managers change owners and roots")


def may_mount() -> bool:
    """Whether a file system can be mounted in a name space of one's own."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(probe, capture_output=True).returncode == 0


needs_mount = pytest.mark.skipif(not may_mount(), reason="needs a user who may mount (unshare --mount)")


def with_shell(root: Path) -> None:
    """Put a shell into *root* that needs nothing else there."""
    (root / "bin").mkdir(exist_ok=True)
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, root / "bin/busybox")
    for name in ("sh", "sed", "mv", "rm", "date"):
        (root / "bin" / name).symlink_to("busybox")
