"""Giving files other names, on disks that lie about it.

A server that restarts answers a repeated request anew: "no such file" for a rename, "exists" for a link, though both had
been done. So what happened is read from what is there afterwards.

Invariants:

* `move` is only asked for a *target* that no one else makes: it carries an identity, or its name was reserved before.
* `place` never replaces anything.
"""

from __future__ import annotations

import errno
import os

from pkgindex.errors import NoSpace, StoreError
from pkgindex.store import files
from pkgindex.store.faults import FULL_DISK

NO_HARD_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK))


def move(source: str, target: str) -> bool:
    """Rename *source*; False when it was not there to be moved, because someone else has taken it."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        if files.is_there(target):
            return True
        if not files.is_there(source):
            return False
        # The folder is missing: whoever took this writer for dead has tidied it away.
        folder = os.path.dirname(target)
        os.makedirs(folder, exist_ok=True)
        flush_directory(os.path.dirname(folder))
        return _move_again(source, target)
    return True


def _move_again(source: str, target: str) -> bool:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        return files.is_there(target)
    return True


def place(temporary: str, target: str) -> bool:
    """Give the finished file *temporary* the name *target*; False, and nothing is changed, when that is taken."""
    try:
        files.link(temporary, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        return _place_without_links(temporary, target)
    # Gone already is fine: the answer to removing it may have been lost too.
    discard(temporary)
    return True


def _place_without_links(temporary: str, target: str) -> bool:
    """Not in one instant, but no file is lost: for a moment *target* is there and empty."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    os.rename(temporary, target)
    return True


def discard(path: str) -> bool:
    """Remove a file; False when it is not there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def write(path: str, content: bytes) -> None:
    """Make the new file *path*, durable but for its name."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush_directory(path: str) -> None:
    """Make the names in *path* durable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        # Who may drop into it and not list it has no other way to flush its names.
        os.sync()
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no fsync of directories; there a name is durable when the call has returned.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def refusal(error: OSError, path: str) -> StoreError:
    """What the system said about *path*, as an error of ours."""
    if error.errno in FULL_DISK:
        return NoSpace(f"{path!a}: {error.strerror}: make room on the disk of the spool, nothing was lost")
    return StoreError(f"{path!a}: {error.strerror}: check who owns the spool and whether its disk is well")
