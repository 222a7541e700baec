"""Whether a package manager holds its lock, seen without touching the lock: a manager that found it taken would fail."""

from __future__ import annotations

import fcntl
import os
import struct

_LOCKS = "/proc/locks"


def locked(path: str, flocked: bool = True) -> bool:
    """Whether somebody holds a lock of fcntl(2), or if *flocked* of flock(2), on *path*; False where that cannot be seen."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return _is_listed(path)
    try:
        # The list of all locks of a host may take milliseconds.
        return _is_asked_for(descriptor) or (flocked and _is_listed(path))
    finally:
        os.close(descriptor)


def _is_asked_for(descriptor: int) -> bool:
    """Whether a lock for reading would have to wait; it is asked after, not taken."""
    question = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
    except OSError:
        return False
    return bool(struct.unpack("hhqqi4x", answer)[0] != fcntl.F_UNLCK)


def _is_listed(path: str) -> bool:
    """flock(2) has no such question, but the system lists who holds what: `1: FLOCK ADVISORY WRITE 42 08:01:4711 0 EOF`."""
    try:
        status = os.stat(path)
        with open(_LOCKS, encoding="ascii") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    held = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    return any(words[3] == "WRITE" and words[5] == held for words in map(str.split, lines) if len(words) > 5)
