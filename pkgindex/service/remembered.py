"""What the last sync saw of each package: its signature in the manager's database, and the digests that came of it.

It saves reading what has not changed, and decides nothing: digests are compared with the index, whatever they come from.
When it is lost, damaged or of another pkgindex, everything is read once.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import msgpack

import pkgindex
from pkgindex.errors import PkgindexError
from pkgindex.service.describing import Digests
from pkgindex.sources.hosts.files import DATABASE_BYTES_MAX, read
from pkgindex.spool import moves, names
from pkgindex.spool.identity import new_id

# What is read of a package may change with every version of this program.
MADE_BY = ["pkgindex sync", pkgindex.__version__, 1]


class Seen(NamedTuple):
    signature: bytes
    digests: Digests


class Remembered(NamedTuple):
    """`state` is that of the database when all of it was read, empty when some could not be."""

    state: bytes = b""
    packages: dict[str, Seen] = {}


def load(path: str) -> Remembered:
    """What was remembered in *path*; nothing when that cannot be read."""
    try:
        made_by, state, packages = msgpack.unpackb(read(path, DATABASE_BYTES_MAX), raw=False, strict_map_key=True)
        if made_by != MADE_BY:
            return Remembered()
        return Remembered(state, {name: Seen(signature, Digests(*found)) for name, (signature, found) in packages.items()})
    except (PkgindexError, OSError, ValueError, TypeError, AttributeError, msgpack.UnpackException):
        return Remembered()


def store(path: str, remembered: Remembered) -> None:
    """Remember for the next sync. It need not survive a power cut. Raises `OSError`."""
    # Called so that recovery finds it after a crash.
    temporary = os.path.join(os.path.dirname(path), f"{names.TEMPORARY_PREFIX}{new_id()}")
    try:
        with open(temporary, "xb") as file:
            file.write(msgpack.packb([MADE_BY, *remembered], use_bin_type=True))
        os.replace(temporary, path)
    finally:
        moves.discard(temporary)
