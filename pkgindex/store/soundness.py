"""Whether a shard's file is, byte by byte, what its manifest says; looked at once on a host, and remembered.

A question reads 20 KB of 100 MB, and of what it reads only blocks and lists have checksums of their own: a byte that has
changed in a table's tree or among the trigrams hides answers, and nothing shows it. So the first who opens a shard on a host
reads all of it (0.04 s for 100 MB that are in memory). That it was found sound stands as the name of an empty file in a cache.

Invariants:

* A verdict is of one file as it was: device, inode, size, times of change, and the checksum that it was compared with. Whoever
  writes to the file, or puts another in its place, makes it void.
* Verdicts are a help. Where none can be kept, each process looks for itself, once.
* Only root's and the user's own verdicts are believed.
"""

from __future__ import annotations

import os
from zlib import crc32

from pkgindex.defaults import SYSTEM_CACHE

UNSOUND = "its checksum is not that which its manifest says"
FOLDER = "sound"
CHUNK_BYTES = 1 << 20
# Below it, looking costs what remembering does.
REMEMBERED_BYTES_MIN = 1 << 20
# A share of 100 MB/s is read for ten seconds, once a host. What is larger is left to `verify`.
CHECKED_BYTES_MAX = 1 << 30
VERDICTS_MAX = 1000

_found: set[str] = set()


def is_sound(path: str, checksum: str, cache: str) -> bool:
    """Whether the file at *path* has *checksum*, by what stands in *cache* (empty: none is there) or by reading it.

    Raises `OSError`. What is too large to be read for one question counts as sound.
    """
    verdict = _verdict(os.stat(path), checksum)
    folders = [os.path.join(place, FOLDER) for place in (cache, SYSTEM_CACHE) if place]
    if verdict in _found or any(_is_ours(folder) and os.path.exists(f"{folder}/{verdict}") for folder in folders):
        return True
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if status.st_size > CHECKED_BYTES_MAX:
            return True
        if _checksum(handle) != checksum:
            return False
    finally:
        os.close(handle)
    verdict = _verdict(status, checksum)
    if len(_found) >= VERDICTS_MAX:  # who merges for months opens many
        _found.clear()
    _found.add(verdict)
    if cache and status.st_size >= REMEMBERED_BYTES_MIN:
        _remember(folders[0], verdict)
    return True


def _checksum(handle: int) -> str:
    buffer, found = bytearray(CHUNK_BYTES), 0
    while length := os.readv(handle, [buffer]):
        found = crc32(memoryview(buffer)[:length], found)
    return f"{found:08x}"


def _verdict(status: os.stat_result, checksum: str) -> str:
    facts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join([*(f"{fact:x}" for fact in facts), checksum])


def _is_ours(folder: str) -> bool:
    """Whether nobody but root and this user can have put anything there."""
    try:
        status = os.stat(folder)
    except OSError:
        return False
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022


def _remember(folder: str, verdict: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        os.close(os.open(f"{folder}/{verdict}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        names = os.listdir(folder)
        if len(names) > VERDICTS_MAX:
            for name in names:
                if name != verdict:
                    os.unlink(f"{folder}/{name}")
    except OSError:
        return
