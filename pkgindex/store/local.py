"""A backend that is a directory, on a local disk or on a share that several hosts mount.

Invariants:

* A file that could not be written whole has no name: it is removed before the error leaves here.
* Success of link and mkdir is judged by what is there, not by what the call returned: a server that restarts in between
  answers "exists" or "no such file" to what it has done.
* The root itself is never made: where it is missing, a share may not be mounted.
* Reading writes nothing, and imports nothing that only a writer needs.
* What another host has finished is read whole, also where this host remembers it as shorter.

Of the root, `tmp/` belongs to this module: unfinished files, and what a crash left of them.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pkgindex.errors import Corrupt, Gone, StoreError
from pkgindex.format.envelope import REMEDY, is_cut_short
from pkgindex.store import files
from pkgindex.store.faults import rootless, unlinked, unread, unwritten
from pkgindex.store.names import checked

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pkgindex.store.flushing import Flushing

T = TypeVar("T")

TEMPORARY = "tmp"
# How long one look at the storage's clock is carried on by this host's monotonic one.
PROBE_SECONDS = 1.0
# For how long a share in user space may be wrong about the length of a file, and how often it is asked again meanwhile.
REMEMBERED_SECONDS = 3.0
REMEMBERED_LOOK_SECONDS = 0.1
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class LocalBackend:
    """The directory *root*, which must exist; *remote* overrules what the type of its file system says.

    In *cache* it is remembered which shards are sound (empty: only by this process).
    """

    def __init__(self, root: str, remote: bool | None = None, cache: str = "") -> None:
        self.root = os.path.abspath(root)
        self._cache = cache
        # The storage's clock, and this host's monotonic one when it was looked at.
        self._clock = (0.0, float("-inf"))
        if remote is not None:
            self.remote = remote

    @cached_property
    def remote(self) -> bool:
        from pkgindex.store.filesystem import is_remote

        return is_remote(self.root)

    def create(self, name: str, data: bytes) -> None:
        path = self._path(name)
        with self._flushing.making(path):
            self._write_new(path, data, durable=False)

    def adopt(self, file: str, name: str) -> None:
        path = self._path(name)
        with self._flushing.making(path):
            self._link(file, path)
        files.remove(file)

    def helped(self) -> AbstractContextManager[None]:
        return self._flushing.helped()

    def __reduce__(self) -> tuple[type[LocalBackend], tuple[str, bool, str]]:
        """A copy in another process knows the directory, and nothing of what is pending here."""
        return LocalBackend, (self.root, self.remote, self._cache)

    def flush(self, names: Iterable[str]) -> None:
        self._flushing.flush(self._path(name) for name in names)

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        path = self._path(name)
        temporary = self._temporary("link")
        self._write_new(temporary, data, durable=True)
        try:
            if ready is not None:
                ready()
            self._link(temporary, path)
            self._flushing.flush_name(path)
        finally:
            files.discard(temporary)

    def read(self, name: str) -> bytes:
        path = self._path(name)
        data = self._content(path)
        return self._grown(path, data) if is_cut_short(data) else data

    def _grown(self, path: str, data: bytes) -> bytes:
        """What *path* holds by the time that this host knows how long it is, if *data* is only its beginning.

        A share in user space remembers for a second what it was told of a file, and it may have been asked (by a `gc` that
        lists names, say) while another host was writing it. Measured on GlusterFS, where such a file seemed to be empty.
        """
        deadline = time.monotonic() + REMEMBERED_SECONDS
        while self._remembers_lengths and is_cut_short(data) and time.monotonic() < deadline:
            time.sleep(REMEMBERED_LOOK_SECONDS)
            data = self._content(path)
        return data

    @cached_property
    def _remembers_lengths(self) -> bool:
        from pkgindex.store.filesystem import file_system

        return file_system(self.root).startswith("fuse.")

    def _content(self, path: str) -> bytes:
        try:
            handle = self._asked_anew(_open_old, path)
            try:
                return files.read_all(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise unread(error, path) from None

    def size(self, name: str) -> int:
        return self._status(name).st_size

    def age_seconds(self, name: str) -> float:
        """Needs permission to write: the storage's clock is the time stamp of a file that is made for it."""
        written = self._status(name).st_mtime
        return max(0.0, self._now() - written)

    def names(self, directory: str) -> list[str]:
        path = self._path(directory) if directory else self.root
        try:
            return self._asked_anew(os.listdir, path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise unread(error, path) from None

    def remove(self, name: str) -> None:
        path = self._path(name)
        files.remove(path)
        self._flushing.removed(path)

    def local_file(self, name: str, checksum: str = "") -> str | None:
        path = self._path(name)
        if checksum:
            from pkgindex.store.soundness import UNSOUND, is_sound

            try:
                sound = self._asked_anew(lambda path: is_sound(path, checksum, self._cache), path)
            except OSError as error:
                raise unread(error, path) from None
            if not sound:
                raise Corrupt(f"{name}: {UNSOUND}; {REMEDY}")
        return path

    def scratch(self) -> str:
        """Make files in it with `open`: what `tempfile` makes only its owner may read, and so it stays when adopted."""
        directory = f"{self.root}/{TEMPORARY}"
        self._make_directory(directory)
        return directory

    def free_bytes(self) -> int:
        try:
            status = os.statvfs(self.root)
        except FileNotFoundError:
            raise rootless(self.root) from None
        except OSError as error:
            raise unread(error, self.root) from None
        return status.f_bavail * status.f_frsize

    @cached_property
    def _flushing(self) -> Flushing:
        from pkgindex.store.flushing import Flushing

        return Flushing(self.root, self.remote)

    def _path(self, name: str) -> str:
        return f"{self.root}/{checked(name)}"

    def _temporary(self, purpose: str) -> str:
        return f"{self.root}/{TEMPORARY}/{purpose}-{os.urandom(12).hex()}"

    def _status(self, name: str) -> os.stat_result:
        path = self._path(name)
        try:
            status = self._asked_anew(_status, path)
        except OSError as error:
            raise unread(error, path) from None
        if stat.S_ISDIR(status.st_mode):
            raise Gone(f"{path} is a directory: begin again from the newest generation")
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path} is no ordinary file, and an index holds no others: remove it")
        return status

    def _now(self) -> float:
        """The time by the clock that stamps this storage's files."""
        then, looked = self._clock
        passed = time.monotonic() - looked
        if passed <= PROBE_SECONDS:
            return then + passed
        now = self._probe()
        self._clock = (now, time.monotonic())
        return now

    def _probe(self) -> float:
        path = self._temporary("clock")
        handle = self._open_new(path)
        try:
            try:
                # Without a time of its own utime(2) means the server's; that of a new file may be the client's.
                os.utime(handle)
                return os.fstat(handle).st_mtime
            finally:
                os.close(handle)
        except OSError as error:
            raise unwritten(error, path) from None
        finally:
            files.discard(path)

    def _write_new(self, path: str, data: bytes, *, durable: bool) -> None:
        handle = self._open_new(path)
        try:
            try:
                files.write_all(handle, data)
                if durable:
                    os.fsync(handle)
            finally:
                # On a share this is where a full disk is first heard of.
                os.close(handle)
        except OSError as error:
            files.discard(path)
            raise unwritten(error, path) from None
        except BaseException:
            files.discard(path)
            raise

    def _asked_anew(self, ask: Callable[[str], T], path: str) -> T:
        """What *ask* says of *path*; where that is not there, asked again after a look at the directories above.

        A client of a share remembers for a minute that a name was not there, whoever on its host asked for it; a look at the
        directory makes it forget.
        """
        try:
            return ask(path)
        except FileNotFoundError:
            if not self.remote and not files.is_listed(path):
                raise
        for place in [place for place, character in enumerate(path) if character == "/" and place >= len(self.root)]:
            os.close(os.open(path[:place], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return ask(path)

    # A missing directory is met, not asked for: the two that follow cost no `stat` where all is there.

    def _open_new(self, path: str) -> int:
        try:
            try:
                return os.open(path, _NEW, 0o666)
            except FileNotFoundError:
                self._make_directory(os.path.dirname(path))
                return os.open(path, _NEW, 0o666)
        except OSError as error:
            raise unwritten(error, path) from None

    def _link(self, file: str, path: str) -> None:
        """Give *file* a second name, *path*, unless that is taken."""
        try:
            try:
                files.link(file, path)
            except FileNotFoundError:
                self._make_directory(os.path.dirname(path))
                files.link(file, path)
        except OSError as error:
            raise unlinked(error, path) from None

    def _make_directory(self, directory: str) -> None:
        if os.path.isdir(directory):
            return
        if directory == self.root:
            raise rootless(self.root)
        self._make_directory(os.path.dirname(directory))
        try:
            os.mkdir(directory)
        except OSError as error:
            if not os.path.isdir(directory):
                raise unwritten(error, directory) from None
        self._flushing.directory_made(directory)


def _open_old(path: str) -> int:
    return os.open(path, _OLD)


def _status(path: str) -> os.stat_result:
    return os.stat(path, follow_symlinks=False)
