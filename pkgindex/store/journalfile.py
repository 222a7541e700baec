"""The file of a journal: appended to, flushed, cut back, replaced by a shorter one.

Invariants:

* What was flushed is never written again; a record that could not be written whole is cut off before the next.
* A flush that failed is final: the kernel may have dropped what it was for, and a second one would claim success. From
  then on nothing is written; whoever opens the file anew reads what is there.
* A shorter journal takes the place of the longer by one rename, when it is durable.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterable, Iterator

from pkgindex.errors import StoreError
from pkgindex.format.journal import HEAD, Record, records
from pkgindex.store import files
from pkgindex.store.faults import rootless, unread, unwritten

NEW = ".new"


class JournalFile:
    """The journal at *path*, made where it is missing. Its one writer has seen to it that there is no other."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._handle = _opened(path, os.O_RDWR | os.O_CREAT)
        self._close = weakref.finalize(self, os.close, self._handle)
        self.size = os.fstat(self._handle).st_size
        self.durable = 0
        self._failed = False

    def records(self) -> Iterator[Record]:
        """What it holds. Read to the end before anything else is done: the tail that is none is cut off then."""
        end = 0
        if self.size == len(HEAD) and os.pread(self._handle, self.size, 0) == bytes(self.size):
            # The power went before anything was flushed: its length was kept, and the content was not.
            self.size = 0
        if self.size:
            with mmap.mmap(self._handle, 0, access=mmap.ACCESS_READ) as content:
                for record in records(content, self.path):
                    yield record
                    end = record.end
        self._begin_at(max(end, len(HEAD)))

    def append(self, record: bytes) -> None:
        """Not durable yet. Raises `NoSpace`, `StoreError`; then nothing was appended."""
        self._require_unfailed()
        try:
            files.write_all(self._handle, record)
        except OSError as error:
            self._cut_back(self.size)
            raise unwritten(error, self.path) from None
        self.size += len(record)

    def flush(self) -> None:
        """Make all durable that was appended."""
        self._require_unfailed()
        if self.durable == self.size:
            return
        try:
            os.fsync(self._handle)
        except OSError as error:
            self._failed = True
            raise unwritten(error, self.path) from None
        self.durable = self.size

    def replace(self, wanted: Iterable[bytes]) -> None:
        """Hold the records *wanted* and nothing else, durable. Raises `NoSpace`, `StoreError`; then it is as it was."""
        self._require_unfailed()
        new = self.path + NEW
        files.discard(new)
        handle = _opened(new, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            size = _write(handle, (HEAD, *wanted))
            os.fsync(handle)
            os.rename(new, self.path)
        except OSError as error:
            os.close(handle)
            files.discard(new)
            raise unwritten(error, self.path) from None
        self._close()
        self._handle, self._close = handle, weakref.finalize(self, os.close, handle)
        self._flush_name()
        self.size = self.durable = size

    def close(self) -> None:
        self._failed = True
        self._close()

    def _begin_at(self, size: int) -> None:
        """Go on after *size* bytes. What is read from here on counts, so it is made durable."""
        if self.size < len(HEAD):
            self._cut_back(0)
            _write(self._handle, [HEAD])
        self._cut_back(size)
        self.size = size
        self.flush()
        self._flush_name()

    def _cut_back(self, size: int) -> None:
        try:
            os.ftruncate(self._handle, size)
            os.lseek(self._handle, size, os.SEEK_SET)
        except OSError:
            # Whatever stands there now, no record may follow it.
            self._failed = True

    def _flush_name(self) -> None:
        try:
            directory = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            self._failed = True
            raise unwritten(error, self.path) from None

    def _require_unfailed(self) -> None:
        if self._failed:
            raise StoreError(f"{self.path} is closed, or a write to it failed: open it anew, and go on with what is there")


def _opened(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except FileNotFoundError:
        raise rootless(os.path.dirname(path)) from None
    except OSError as error:
        raise unread(error, path) from None


def _write(handle: int, pieces: Iterable[bytes]) -> int:
    size = 0
    for piece in pieces:
        files.write_all(handle, piece)
        size += len(piece)
    return size
