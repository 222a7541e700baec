"""Copies of shards that lie in no file: kept in a directory of this host, so that each is fetched once.

Invariants:

* A copy has its name when it is whole, on the disk, and has the checksum that its manifest says.
* Copies are a help. Where none can be kept there is none, and whoever wants the shard reads it into memory.
* Those that were used least lately go when there are too many bytes; who has one open keeps it.
* The directory is its user's own: what lies in it is believed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from zlib import crc32

PART = ".part"


class Copies:
    """Copies in *directory*, of *bytes_max* together; the newest stays however large it is."""

    def __init__(self, directory: str, bytes_max: int) -> None:
        self._directory = directory
        self._bytes_max = bytes_max

    def file(self, name: str, checksum: str, pieces: Callable[[], Iterable[bytes]]) -> str | None:
        """A copy of the shard *name*, whose content *pieces* fetches; None where it cannot be kept, or has another checksum."""
        path = os.path.join(self._directory, f"{os.path.basename(name)}.{checksum}")
        try:
            if self._touched(path):
                return path
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            return path if self._is_ours() and self._fetched(path, checksum, pieces()) else None
        except OSError:
            return None

    def _touched(self, path: str) -> bool:
        """Whether the copy is there; from now on it is the one that was used last."""
        if not self._is_ours():
            return False
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _is_ours(self) -> bool:
        """Whether nobody else can put anything into the directory."""
        try:
            status = os.stat(self._directory)
        except FileNotFoundError:
            return False
        return status.st_uid == os.geteuid() and not status.st_mode & 0o022

    def _fetched(self, path: str, checksum: str, pieces: Iterable[bytes]) -> bool:
        part = f"{path}.{os.urandom(8).hex()}{PART}"
        found = 0
        try:
            with open(part, "xb") as file:
                for piece in pieces:
                    file.write(piece)
                    found = crc32(piece, found)
                file.flush()
                os.fsync(file.fileno())
            if f"{found:08x}" != checksum:
                return False
            os.rename(part, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)
        # What is gone by now another process took away, to make room as well.
        with suppress(FileNotFoundError):
            self._make_room(path)
        return True

    def _make_room(self, newest: str) -> None:
        with os.scandir(self._directory) as entries:
            kept = sorted((entry.stat().st_mtime, entry.path, entry.stat().st_size) for entry in entries)
        size = sum(entry[2] for entry in kept)
        for _, path, length in kept:
            if size <= self._bytes_max:
                return
            if path != newest:
                os.unlink(path)
                size -= length
