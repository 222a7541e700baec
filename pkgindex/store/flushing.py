"""Flushing: what of a directory's new files is durable, and how it gets there.

Invariants:

* A file is durable when its content was flushed, and then its directory, and the name of each directory above it up to
  the root: the latter once in the life of this object, for another process may have made them and never flushed.
* A flush that failed is never tried again on the same file: the kernel marks the pages clean, and the second fsync
  reports success. Such a file is lost for good, and every later flush that names it is refused.
* One `syncfs` stands for many flushes only where it is sound: a local disk, one device, and a kernel that reports errors.

Files are opened anew to be flushed. Linux (since 4.16) hands an error of an earlier write-back to the first handle that
asks, unless the file was evicted from memory in between; the manifest's checksums are what finds that rest. For
`syncfs` a handle on the root is held from the first file of a batch on, so that it reports every error since then.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from pkgindex.errors import Gone, StoreError
from pkgindex.store.faults import rootless, unread, unwritten

# Beyond this many files one `syncfs` is cheaper than an fsync each, although it also writes what others left dirty: on ext4
# 20 new files took 63 ms one after the other, and 5 to 17 together.
FILES_EACH_MAX = 8
# On a share a flush is waiting, not work.
THREADS_MAX = 16
_SYNCFS_REPORTS_SINCE = (5, 8)


class Flushing:
    """The files below *root* that were made and are not durable yet. All paths are absolute; any thread may call."""

    def __init__(self, root: str, remote: bool) -> None:
        self._root = root
        self._remote = remote
        self._lock = threading.Lock()
        self._pending: set[str] = set()
        self._lost: set[str] = set()
        # Directories whose own name is durable.
        self._rooted = {root}
        self._close_witness: Callable[[], object] | None = None
        self._witness = -1
        self._helped = False

    @contextmanager
    def making(self, path: str) -> Iterator[None]:
        """The time in which *path* is made; noted beforehand, so that the witness is there before the first write."""
        with self._lock:
            if not self._pending and not self._helped and not self._remote:
                self._open_witness()
            known = path in self._pending
            self._pending.add(path)
        try:
            yield
        except BaseException:
            # What this object made earlier under the same name is still to be flushed.
            if not known:
                with self._lock:
                    self._done({path})
            raise

    @contextmanager
    def helped(self) -> Iterator[None]:
        """While it lasts, other processes make files too, and `flush` here answers for theirs: the witness is there first."""
        with self._lock:
            if not self._pending and not self._remote:
                self._open_witness()
            self._helped = True
        try:
            yield
        finally:
            with self._lock:
                self._helped = False
                self._done(set())

    def removed(self, path: str) -> None:
        with self._lock:
            self._lost.discard(path)
            self._done({path})

    def directory_made(self, path: str) -> None:
        self._rooted.discard(path)

    def flush(self, paths: Iterable[str]) -> None:
        """Make *paths* durable, content and names. Raises `Gone` for one that is not there, `NoSpace`, `StoreError`."""
        wanted = set(paths)
        if not wanted:
            return
        # One at a time: of two `syncfs` at once only one would be told of an error.
        with self._lock:
            self._refuse_lost(wanted)
            directories, rooted = self._directories(wanted)
            together = self._may_sync_together(wanted, directories)
            try:
                if together:
                    self._sync_file_system()
                else:
                    self._sync_each(sorted(wanted))
                    self._sync_each(sorted(directories))
            except Gone:
                raise
            except StoreError:
                self._lose(wanted | self._pending if together else wanted)
                raise
            self._rooted |= rooted
            self._done(wanted)

    def flush_name(self, path: str) -> None:
        """Make the name *path* durable; its content is already."""
        with self._lock:
            directories, rooted = self._directories({path})
            self._sync_each(sorted(directories))
            self._rooted |= rooted

    def _refuse_lost(self, wanted: set[str]) -> None:
        lost = sorted(wanted & self._lost)
        if lost:
            raise StoreError(
                f"{lost[0]} is lost: an earlier flush of it failed, and a second one would claim success; "
                "remove it, and write the content again under a new name"
            )

    def _lose(self, paths: set[str]) -> None:
        self._lost |= paths
        self._done(paths)

    def _done(self, paths: set[str]) -> None:
        """They are pending no more; an idle writer holds no handle, which would keep the disk from being unmounted."""
        self._pending -= paths
        if not self._pending and not self._helped and self._close_witness is not None:
            # It was only listened to: what its close says concerns no file.
            with suppress(OSError):
                self._close_witness()
            self._close_witness = None

    def _directories(self, paths: set[str]) -> tuple[set[str], set[str]]:
        """What to flush so that *paths* can be found, and the directories that are rooted by it."""
        wanted, rooted = set(), set()
        for directory in {os.path.dirname(path) for path in paths}:
            wanted.add(directory)
            while directory not in self._rooted and directory not in rooted:
                rooted.add(directory)
                directory = os.path.dirname(directory)
                wanted.add(directory)
        return wanted, rooted

    def _sync_each(self, paths: list[str]) -> None:
        if not self._remote or len(paths) == 1:
            for path in paths:
                _sync(path)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(THREADS_MAX, len(paths)), "pkgindex-flush") as threads:
            for _ in threads.map(_sync, paths):
                pass

    def _may_sync_together(self, wanted: set[str], directories: set[str]) -> bool:
        if self._remote or len(wanted) <= FILES_EACH_MAX or not _syncfs_reports():
            return False
        if not self._helped and not wanted <= self._pending:
            return False
        try:
            device = os.stat(self._root).st_dev
            return all(os.stat(directory).st_dev == device for directory in directories)
        except OSError:
            return False

    def _sync_file_system(self) -> None:
        import ctypes

        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
        if syncfs(self._witness) != 0:
            code = ctypes.get_errno()
            raise unwritten(OSError(code, os.strerror(code)), self._root)

    def _open_witness(self) -> None:
        try:
            witness = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise rootless(self._root) from None
            raise unwritten(error, self._root) from None
        self._witness = witness
        self._close_witness = weakref.finalize(self, os.close, witness)


def _sync(path: str) -> None:
    """fsync(2) of a file or a directory; a read-only handle will do, it flushes the file and not the handle."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise unread(error, path) from None
        raise unwritten(error, path) from None
    try:
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise unwritten(error, path) from None


def flush_above(path: str) -> None:
    """Make the names durable by which the directory *path* is found on its disk.

    What this user may not read others have made, and long ago.
    """
    try:
        device = os.stat(path).st_dev
        while (above := os.path.dirname(path)) != path and os.stat(above).st_dev == device and os.access(above, os.R_OK):
            _sync(above)
            path = above
    except OSError as error:
        raise unread(error, path) from None


def _syncfs_reports() -> bool:
    """Whether this is Linux, and new enough that syncfs(2) tells of failed writes."""
    release = os.uname()
    number = re.match(r"(\d+)\.(\d+)", release.release)
    return release.sysname == "Linux" and number is not None and (int(number[1]), int(number[2])) >= _SYNCFS_REPORTS_SINCE
