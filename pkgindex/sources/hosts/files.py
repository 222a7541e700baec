"""The files of a manager's database: told apart by what `stat` says, read whole, within a limit."""

from __future__ import annotations

import errno
import glob
import os
import re
from collections.abc import Iterable

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources import names
from pkgindex.sources.limits import DEFAULT, GIB
from pkgindex.sources.stream import open_regular

# What is said of one package, and of all in one file.
FILE_BYTES_MAX = DEFAULT.value_bytes_max
DATABASE_BYTES_MAX = GIB

# Errors of a look that say "no"; any other says that it could not be seen.
NOTHING = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG))
# What a path may hold that is not stored as it stands.
_ODD = re.compile(rb"/(?:[/\n]|\.[/\n]|\.\.[/\n])")


def mark(status: os.stat_result) -> bytes:
    """What changes when a file is written, replaced or touched; also by who sets its times, as installers do."""
    return b"%d %d %d %d" % (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def mark_of(path: str) -> bytes:
    """The mark of *path*, empty where there is nothing. Raises `OSError` where that cannot be seen."""
    try:
        return mark(os.stat(path))
    except OSError as error:
        if error.errno in NOTHING:
            return b""
        raise


def changed_at(path: str) -> float | None:
    """When *path* was last written; None where there is nothing."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def read(path: str, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """The whole of *path*, a regular file. Raises `NotFound`, `Rejected`, `OSError`, all naming it."""
    try:
        descriptor, size = open_regular(path)
        with open(descriptor, "rb", buffering=0) as file:
            if size > bytes_max:
                raise Rejected(f"{path}: {size} bytes, more than {bytes_max}")
            return file.readall()
    except OSError as error:
        error.filename = path
        raise


def read_if_there(path: str, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """The whole of *path*, or nothing."""
    try:
        return read(path, bytes_max)
    except NotFound:
        return b""


def matching(root: str, places: Iterable[str]) -> list[str]:
    """What there is of *places*, paths below *root* with `*` in them."""
    return [found for place in places for found in sorted(glob.glob(os.path.join(glob.escape(root), place.lstrip("/"))))]


def stored(paths: list[bytes], path_bytes_max: int = DEFAULT.path_bytes_max) -> list[bytes]:
    """Absolute *paths* as they are stored: sorted, each once, without directories. Raises `Unreadable`.

    Lists are as tidy as their manager left them, and seen to be so as a whole: looking at each of 100,000 paths takes
    0.28 s.
    """
    lines = without_directories(paths)
    if not _are_tidy(lines, path_bytes_max):
        lines = [names.path(line, path_bytes_max) for line in lines]
    found = set(lines)
    return sorted(found)


def _are_tidy(paths: list[bytes], path_bytes_max: int) -> bool:
    """Whether every one is a path as it is stored."""
    raw = b"\n".join([*paths, b""])
    begun = not paths or (raw.startswith(b"/") and raw.count(b"\n/") == len(paths) - 1 == raw.count(b"\n") - 1)
    return begun and b"\0" not in raw and _ODD.search(raw) is None and max(map(len, paths), default=0) <= path_bytes_max


def without_directories(paths: list[bytes]) -> list[bytes]:
    """The paths that no other path lies below; a list does not say which are directories.

    >>> without_directories([b"/.", b"/usr", b"/usr/bin", b"/usr/bin/a", b"/usr/bin/a.b", b"/var/empty"])
    [b'/usr/bin/a', b'/usr/bin/a.b', b'/var/empty']
    """
    parents = {path.rpartition(b"/")[0] for path in paths}
    above: set[bytes] = {b"/.", b""}
    for parent in parents:
        while parent not in above:
            above.add(parent)
            parent = parent.rpartition(b"/")[0]
    return [path for path in paths if path not in above]
