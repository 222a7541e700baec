"""Where hooks are put: this host, or an image or chroot below a directory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from pkgindex.config import Settings, scheme_of
from pkgindex.errors import BadInput
from pkgindex.hooks.hookfile import below
from pkgindex.hooks.texts import plain

PATH = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin")
NAME = "pkgindex"


class Place(NamedTuple):
    """The *root*, and what hooks are told as it is named within: spool, index, and the program of this project."""

    root: str
    spool: str
    index: str  # type: ignore[assignment]  # hides tuple.index, as in the settings
    program: str

    def below(self, path: str) -> str:
        """The absolute *path* as this process sees it. Raises `BadInput` when a link leads it out of the root."""
        found = below(self.root, path)
        top, folder = os.path.realpath(self.root), os.path.realpath(os.path.dirname(found))
        if os.path.commonpath((top, folder)) != top:
            raise BadInput(f"{found}: a link leads out of {self.root}: mend the image, nothing is written through it")
        return found


def place_of(settings: Settings, root: str | None, started_as: str) -> Place:
    """The place that *settings* and `--root` say. *started_as* is this process's own name for its program."""
    top = os.path.abspath(root or "/")
    if not os.path.isdir(top):
        raise BadInput(f"--root {root!a} is no directory: name the one that is to be / later")
    if scheme_of(settings.index):
        raise BadInput("a hook names the index in files that everybody may read, and this one has an address: hooks are for an "
                       "index in a directory; for another one run 'pkgindex sync --all' from a timer")
    spool, index = (os.path.abspath(path) for path in (settings.spool, settings.index))
    return Place(top, plain("spool", spool), plain("index", index), plain("program", _program(top, started_as)))


def program_in(root: str, names: Iterable[str]) -> str:
    """The path, within *root*, of the first of *names* that is a program there; empty when none is."""
    paths = (os.path.join(folder, name) for name in names for folder in PATH)
    return next((path for path in paths if os.access(below(root, path), os.X_OK)), "")


def _program(root: str, started_as: str) -> str:
    """What a unit or a shell is to start."""
    if root == "/" and os.path.basename(started_as) == NAME and os.access(started_as, os.X_OK):
        return os.path.abspath(started_as)
    return program_in(root, [NAME]) or f"/usr/bin/{NAME}"
