"""Where stamps are dropped, and what the units may write to: made with the first hook, taken away with the last.

Invariants:

* It lies on a disk of this host: a manager must not wait for a share whose server is away.
* Only root and whoever packs can write there: a pipe that somebody else put there would hold a manager up.
"""

from __future__ import annotations

import os
from contextlib import suppress

from pkgindex.errors import BadInput
from pkgindex.hooks import owners
from pkgindex.hooks.place import Place
from pkgindex.spool import stamps
from pkgindex.spool.names import SENTINEL
from pkgindex.spool.spool import Spool
from pkgindex.store.filesystem import is_remote


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
    for path in (stamps.folder(spool.root), stamps.jobs(spool.root)):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, stamps.MODE)
        owners.give(path, spool.root)
    index = place.below(place.index)
    if not os.path.isdir(index):
        os.makedirs(index)
        owners.give(index, spool.root)


def take_away(place: Place) -> None:
    """Remove it, with what lies in it; spool and index too, where nothing but a sentinel is left."""
    root = place.below(place.spool)
    for folder in (stamps.jobs(root), stamps.folder(root)):
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)
    if os.path.isdir(root) and os.listdir(root) == [SENTINEL]:
        os.unlink(os.path.join(root, SENTINEL))
        os.rmdir(root)
    with suppress(OSError):
        os.rmdir(place.below(place.index))
