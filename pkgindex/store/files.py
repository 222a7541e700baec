"""What one system call may leave half-done, or say wrongly, finished: whole reads and writes, links that judge for themselves,
and questions that are asked again.

Everything here raises `OSError`, but for `remove` and `discard`; what it means is said in `faults`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TypeVar

from pkgindex.store.faults import unwritten

T = TypeVar("T")

_READ_BYTES_MAX = 1 << 24


def write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def read_all(handle: int) -> bytes:
    size = os.fstat(handle).st_size
    data = os.read(handle, size)
    if size and len(data) == size:
        return data
    # One call reads 2 GiB at most, and a share may answer with less.
    pieces = [data]
    while piece := os.read(handle, _READ_BYTES_MAX):
        pieces.append(piece)
    return b"".join(pieces)


def link(file: str, path: str) -> None:
    """Give *file*, which has one name, a second one; judged by what is there afterwards, not by the call alone."""
    try:
        os.link(file, path)
    except OSError:
        if not _is_linked(file, path):
            raise


def _is_linked(file: str, path: str) -> bool:
    """Whether *path* is the second name of *file*, whatever a call that may have lost its answer said.

    Where that cannot be seen it raises: "no" would be a guess, and the work be done a second time.
    """
    # Opened, because a plain stat may be answered from this host's cache.
    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        ours = os.fstat(handle)
    finally:
        os.close(handle)
    if ours.st_nlink != 2:
        return False
    try:
        # The second name may be that of a backup that links all files; then another writer's file stands here.
        return os.path.samestat(ours, os.stat(path, follow_symlinks=False))
    except OSError:
        return True


def is_there(path: str) -> bool:
    """Whether *path* has the name. Raises `OSError` where that cannot be seen: a disk that does not answer says no "no"."""
    try:
        os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return is_listed(path)
    return True


def is_listed(path: str) -> bool:
    """Whether the directory above says that *path* is there, which a share may have forgotten when it is asked for by name."""
    try:
        return os.path.basename(path) in os.listdir(os.path.dirname(path))
    except (FileNotFoundError, PermissionError):  # where this user may not list, what was asked for by name is all there is
        return False


def asked(ask: Callable[[str], T], path: str) -> T | None:
    """What *ask* says of *path*, None when that is not there. Raises `OSError`.

    Asked again when the directory has it all the same: it has come since, or a share had forgotten it.
    """
    try:
        return ask(path)
    except FileNotFoundError:
        return ask(path) if is_listed(path) else None


def is_gone(error: OSError, path: str) -> bool:
    """Whether *error* was met because somebody else has taken *path* away meanwhile."""
    try:
        return error.errno in (errno.ENOENT, errno.ESTALE) and not is_there(path)
    except OSError:
        return False


def remove(path: str) -> None:
    """Take the name away; gone already is fine. Raises `StoreError`."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritten(error, path) from None


def discard(path: str) -> None:
    """Remove what is of no use; a leftover is found by its age later, and the error that led here matters more."""
    try:
        os.unlink(path)
    except OSError:
        return
