"""Where stamps are dropped, and what the units may write to: made with the first hook, taken away with the last.

Invariants:

* It lies on a disk of this host: a manager must not wait for a share whose server is away.
* Only root and whoever packs can write there: a pipe that somebody else put there would hold a manager up.
* Jobs lie in a directory of root's that holds a mark of root's: a hook that runs as root and deletes the oldest is not led
  to another by whoever owns the spool.
"""

from __future__ import annotations

import os
from contextlib import suppress
from shutil import rmtree

from pkgindex.errors import BadInput
from pkgindex.hooks import owners
from pkgindex.hooks.place import Place
from pkgindex.spool import stamps
from pkgindex.spool.names import SENTINEL
from pkgindex.spool.spool import Spool
from pkgindex.store.filesystem import is_remote

JOBS_MARK = ".pkgindex-jobs"


def make(place: Place) -> None:
    """Make it, and spool and index where these are missing.

    Raises `BadInput` for a spool on a share, and `NoIndex` where the disk of one is not mounted.
    """
    spool = Spool(place.below(place.spool))
    if is_remote(spool.root):
        raise BadInput(f"the spool {spool.root} lies on a share, and a package manager must never wait for a server: "
                       "name one on a disk of this host by --spool")
    if not os.path.lexists(spool.root):
        spool.create()
    spool.require()
    _make_folder(stamps.folder(spool.root), like=spool.root)
    jobs = stamps.jobs(spool.root)
    _make_folder(jobs, like="")
    with open(os.path.join(jobs, JOBS_MARK), "ab"):
        pass
    index = place.below(place.index)
    if not os.path.isdir(index):
        os.makedirs(index)
        owners.give(index, spool.root)


def _make_folder(path: str, like: str) -> None:
    """Make *path*, of the owner of *like*, if that is given. Raises `BadInput` where something else has its name."""
    with suppress(FileExistsError):
        os.mkdir(path)
    try:
        # Not by its name again: whoever owns the spool could put a link to another directory there.
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise BadInput(f"{path} is no directory ({error.strerror}): remove it, it is where hooks leave stamps") from None
    try:
        os.fchmod(folder, stamps.MODE)
        if like:
            owners.give(folder, like)
    finally:
        os.close(folder)


def take_away(place: Place) -> None:
    """Remove it, with what lies in it; spool and index too, where nothing but a sentinel is left."""
    root = place.below(place.spool)
    with suppress(FileNotFoundError):
        rmtree(stamps.folder(root))
    if os.path.isdir(root) and os.listdir(root) == [SENTINEL]:
        os.unlink(os.path.join(root, SENTINEL))
        os.rmdir(root)
    with suppress(OSError):
        os.rmdir(place.below(place.index))
