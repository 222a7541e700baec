"""The spool: where submissions are dropped, and what lies there.

    ROOT/.pkgindex-spool            the sentinel
    ROOT/REPO/incoming/             drop here
    ROOT/REPO/claimed/WRITER/       see `claims`
    ROOT/REPO/rejected/             see `rejected`

Invariants:

* Without the sentinel nothing is read or written: the disk is not mounted, and what is seen is the empty place for it.
* A submission appears in `incoming` whole and durable, under a name that nobody has.
* What lies in `incoming` is never opened here; everything but a regular file is listed as unfit.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from pkgindex.errors import BadInput, NoIndex, StoreError
from pkgindex.model.names import REPOSITORY_NAME, is_repository_name
from pkgindex.spool import moves, names
from pkgindex.spool.identity import new_id
from pkgindex.store import files

SENTINEL_TEXT = b"This is a pkgindex spool. Drop submissions into REPO/incoming/; without this file nothing is packed.\n"
COPY_BYTES = 1 << 20
UNFINISHED_SUFFIX = ".new"

# What whoever names a file can mend.
REMEDIES = {
    errno.ENOENT: "see how it is spelled",
    errno.ENOTDIR: "see how it is spelled",
    errno.EACCES: "make it readable for this user",
    errno.EPERM: "make it readable for this user",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}

UNFIT = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Entry(NamedTuple):
    """What lies in `incoming`: its name there, its bytes, and the time by the storage's clock of its last change.

    `unfit` is empty for a regular file and else says what it is.
    """

    name: str
    size: int
    mtime_ns: int
    unfit: str = ""


class Spool:
    """The spool below *root*. Every method but `create` raises `NoIndex` when the sentinel is missing."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def folder(self, repo: str, *parts: str) -> str:
        """The path of a part of *repo*. Raises `BadInput` for a name that cannot be one."""
        if not is_repository_name(repo):
            raise BadInput(f"{repo!a} cannot be the name of a repository: it must match {REPOSITORY_NAME}")
        return os.path.join(self.root, repo, *parts)

    def create(self) -> None:
        """Make the directory a spool; fine when it is one."""
        try:
            if os.path.lexists(self.root):
                self._mark(self.root)
            else:
                self._make()
        except OSError as error:
            raise moves.refusal(error, self.root) from error

    def _make(self) -> None:
        """Beside its place, and then moved there: without the sentinel it would look like a disk that is not mounted.

        What a crash leaves of it is finished by the next call.
        """
        unfinished = f"{self.root}{UNFINISHED_SUFFIX}"
        above = _missing_above(self.root)
        try:
            os.makedirs(unfinished, exist_ok=True)
            self._mark(unfinished)
            moves.move(unfinished, self.root)
        except OSError:
            # Somebody else makes it too, and has it where it belongs.
            if not os.path.lexists(os.path.join(self.root, names.SENTINEL)):
                raise
            shutil.rmtree(unfinished, ignore_errors=True)
        for made in (self.root, *above):
            moves.flush_directory(os.path.dirname(made))

    def _mark(self, folder: str) -> None:
        sentinel = os.path.join(folder, names.SENTINEL)
        if not os.path.lexists(sentinel):
            with self._temporary(folder) as temporary:
                moves.write(temporary, SENTINEL_TEXT)
                moves.place(temporary, sentinel)
            moves.flush_directory(folder)

    def require(self) -> None:
        """Raises `NoIndex` unless the sentinel is there, `StoreError` where that cannot be seen."""
        sentinel = os.path.join(self.root, names.SENTINEL)
        try:
            marked = files.is_there(sentinel)
        except OSError as error:
            if error.errno != errno.ENOTDIR:
                raise moves.refusal(error, sentinel) from error
            marked = False
        if not marked:
            raise NoIndex(
                f"{self.root!a} holds no {names.SENTINEL}: mount the disk of the spool, "
                "or make the directory a spool with 'pkgindex init REPO'"
            )

    def repositories(self) -> list[str]:
        """Sorted names of the repositories that have a folder here."""
        self.require()
        try:
            with os.scandir(self.root) as entries:
                return sorted(entry.name for entry in entries if is_repository_name(entry.name) and entry.is_dir())
        except OSError as error:
            raise moves.refusal(error, self.root) from error

    def add(self, repo: str) -> None:
        """Make the folders of *repo*; fine when they are there. Raises `BadInput` for a name that cannot be one."""
        self.require()
        folder = self.folder(repo)
        try:
            for part in (names.INCOMING, names.CLAIMED, names.REJECTED):
                os.makedirs(os.path.join(folder, part), exist_ok=True)
            moves.flush_directory(folder)
            moves.flush_directory(self.root)
        except OSError as error:
            raise moves.refusal(error, folder) from error

    def incoming(self, repo: str) -> list[Entry]:
        """What waits for *repo*, in no order; nothing when the repository has no `incoming`."""
        self.require()
        folder = self.folder(repo, names.INCOMING)
        try:
            with os.scandir(folder) as found:
                listed = [_entry(item) for item in found if not names.is_ignored(item.name)]
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not files.is_listed(folder):
                return []
            raise moves.refusal(error, folder) from error
        return [entry for entry in listed if entry is not None]

    def rejected(self, repo: str) -> list[str]:
        """Sorted names of what was rejected and still lies there beside its reason."""
        self.require()
        folder = self.folder(repo, names.REJECTED)
        try:
            found = set(os.listdir(folder))
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not files.is_listed(folder):
                return []
            raise moves.refusal(error, folder) from error
        return sorted(name for name in found if name + names.REASON_SUFFIX in found)

    def submit(self, repo: str, path: str, mode: str | None = None, filename: str | None = None) -> str:
        """Copy the file *path* into `incoming` and return its name there. Raises `BadInput`, `NoSpace`.

        *mode* is `full`, `incremental`, or None to leave it to the source; *filename* replaces the file's own name.
        """
        drop = names.submitted(os.path.basename(path) if filename is None else filename, mode)
        with _opened(path) as source:
            return self._drop(repo, drop, _chunks(source, path))

    def submit_bytes(self, repo: str, filename: str, data: bytes, mode: str | None = None) -> str:
        """Put *data* into `incoming`, as `submit` does."""
        return self._drop(repo, names.submitted(filename, mode), iter((data,)))

    def full_marked(self, repo: str) -> bool:
        self.require()
        marker = self.folder(repo, names.INCOMING, names.FULL_MARKER)
        try:
            return files.is_there(marker)
        except OSError as error:
            raise moves.refusal(error, marker) from error

    def clear_full(self, repo: str) -> None:
        folder = self._incoming_folder(repo)
        try:
            if moves.discard(os.path.join(folder, names.FULL_MARKER)):
                moves.flush_directory(folder)
        except OSError as error:
            raise moves.refusal(error, folder) from error

    def _incoming_folder(self, repo: str) -> str:
        """Raises `BadInput` when there is no such repository."""
        self.require()
        folder = self.folder(repo, names.INCOMING)
        try:
            if not files.is_there(self.folder(repo)):
                raise BadInput(f"no repository {repo!a} in the spool {self.root!a}: make it with 'pkgindex init REPO'")
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise moves.refusal(error, folder) from error
        return folder

    def _drop(self, repo: str, drop: names.Drop, content: Iterator[bytes]) -> str:
        folder = self._incoming_folder(repo)
        try:
            with self._temporary(folder) as temporary:
                with open(temporary, "xb") as file:
                    file.writelines(content)
                    file.flush()
                    os.fsync(file.fileno())
                name = _place_numbered(temporary, folder, drop)
            moves.flush_directory(folder)
        except OSError as error:
            raise moves.refusal(error, folder) from error
        return name

    @contextmanager
    def _temporary(self, folder: str) -> Iterator[str]:
        """A hidden path in *folder*, beside its target because names are only given within one file system."""
        path = os.path.join(folder, f"{names.TEMPORARY_PREFIX}{new_id()}")
        try:
            yield path
        finally:
            moves.discard(path)


def _missing_above(path: str) -> list[str]:
    """The directories that *path* will lie in and that are to be made."""
    above = os.path.dirname(path)
    return [] if os.path.lexists(above) else [above, *_missing_above(above)]


def _entry(item: os.DirEntry[str]) -> Entry | None:
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        if files.is_listed(item.path):
            raise
        return None  # someone took it since it was listed
    kind = stat.S_IFMT(status.st_mode)
    unfit = "" if kind == stat.S_IFREG else UNFIT.get(kind, "no regular file")
    return Entry(item.name, status.st_size, status.st_mtime_ns, unfit)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    try:
        # Without waiting, because a FIFO that nobody writes to would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _unread(error, path) from error
    try:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    except OSError as error:
        os.close(descriptor)
        raise _unread(error, path) from error
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise BadInput(f"{path!a} is {UNFIT.get(kind, 'no regular file')}: only regular files can be submitted")
    file = open(descriptor, "rb")  # noqa: SIM115 - closed below
    try:
        yield file
    finally:
        # All of it was read: what its close says concerns nobody.
        with suppress(OSError):
            file.close()


def _chunks(source: BinaryIO, path: str) -> Iterator[bytes]:
    try:
        while chunk := source.read(COPY_BYTES):
            yield chunk
    except OSError as error:
        raise _unread(error, path) from error


def _unread(error: OSError, path: str) -> BadInput | StoreError:
    """Why the file *path* that is to be submitted cannot be read: what was asked for, or the disk that it is on."""
    remedy = REMEDIES.get(error.errno or 0)
    if remedy:
        return BadInput(f"{path!a}: {error.strerror}: {remedy}")
    return StoreError(f"{path!a} cannot be read to its end ({error.strerror}), and nothing was submitted: "
                      "see whether its disk is well, and submit it again")


def _listed(folder: str) -> frozenset[str]:
    """The names in *folder*; none where this user may drop, but not look."""
    try:
        return frozenset(os.listdir(folder))
    except PermissionError:
        return frozenset()


def _place_numbered(temporary: str, folder: str, drop: names.Drop) -> str:
    if moves.place(temporary, os.path.join(folder, drop.name)):
        return drop.name
    # Only now listed, since a listing costs more than a try. A number that is taken meanwhile is skipped.
    candidates = names.numbered(drop, _listed(folder))
    return next(free.name for free in candidates if moves.place(temporary, os.path.join(folder, free.name)))
