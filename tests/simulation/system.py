"""The disk as the processes of one host see it: the calls of `os` that the store makes, through what that host remembers.

As an NFS client does, a host remembers names that it has looked up, and those that were not there, and what a file was like.
An open looks again at a file that is there; a name that was not there is not asked for again until it is forgotten, or this
host has made it. What another host has removed is gone under who reads it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from simulation.disk import Node, failure

if TYPE_CHECKING:
    from simulation.baton import World

POSITIVE_SECONDS = 30.0
NEGATIVE_SECONDS = 60.0
ATTRIBUTE_SECONDS = (3.0, 60.0)
_READ_FAULTS = {"stale": errno.ESTALE, "broken": errno.EIO, "missing": errno.ENOENT}


class Status(NamedTuple):
    """The fields of `os.stat_result` that anybody asks for."""

    st_mode: int
    st_ino: int
    st_dev: int
    st_nlink: int
    st_size: int
    st_mtime: float


class Opened:
    """An open file of one process."""

    __slots__ = ("full", "host", "node", "offset", "path", "written")

    def __init__(self, node: Node, path: str, host: Host) -> None:
        self.node, self.path, self.host = node, path, host
        self.offset = 0
        self.full = self.written = False


class Host:
    """What one host remembers. `epoch` counts its crashes; its clock is *skew_seconds* off."""

    def __init__(self, number: int, skew_seconds: float) -> None:
        self.number, self.skew_seconds = number, skew_seconds
        self.epoch = 0
        self.forget()

    def forget(self) -> None:
        self.names: dict[str, tuple[Node | None, float]] = {}
        self.statuses: dict[int, tuple[Status, float]] = {}


class System:
    """Stands where the store expects `os`; who calls is whoever has the baton."""

    O_RDONLY, O_WRONLY, O_CREAT, O_EXCL = os.O_RDONLY, os.O_WRONLY, os.O_CREAT, os.O_EXCL
    O_CLOEXEC, O_NOFOLLOW, O_DIRECTORY = os.O_CLOEXEC, os.O_NOFOLLOW, os.O_DIRECTORY
    stat_result = os.stat_result

    def __init__(self, world: World) -> None:
        self._world = world
        self._disk = world.disk
        self._handles: dict[int, Opened] = {}
        self._next_handle = 1000
        self.path = Paths(self)
        self.strerror = os.strerror
        self.getpid = os.getpid

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            return self._handle(self._create(path), path)
        fault = self._world.point("open", path)
        node = self._look_up(path)
        if node is None:
            raise failure(errno.ENOENT, path)
        if fault in _READ_FAULTS:
            # A directory is there; what it may be is broken.
            raise failure(_READ_FAULTS[fault] if node.entries is None else errno.EIO, path)
        self._refresh(node)
        self._forget_what_was_not_there(path, node)
        return self._handle(node, path)

    def read(self, handle: int, size: int) -> bytes:
        opened = self._handles[handle]
        fault = self._world.point("read", opened.path)
        if fault in _READ_FAULTS:
            raise failure(_READ_FAULTS[fault], opened.path)
        node = opened.node
        if self._disk.share and not node.links and node.remover != self._world.host.number:
            raise failure(errno.ESTALE, opened.path)
        piece = node.data[opened.offset : opened.offset + size]
        opened.offset += len(piece)
        return piece

    def write(self, handle: int, data: memoryview) -> int:
        opened = self._handles[handle]
        fault = self._world.point("write", opened.path)
        size = len(data)
        if fault == "short" and size > 1:
            size //= 2
        opened.full = opened.full or fault == "full"
        opened.node.data += bytes(data[:size])
        opened.node.mtime = self._world.now
        opened.written = True
        return size

    def close(self, handle: int) -> None:
        # No point of the schedule: finalizers close too, in whose turn it happens.
        opened = self._handles.pop(handle)
        if opened.written:
            self._refresh(opened.node, opened.host)
        if opened.full:
            opened.node.data = b""
            raise failure(errno.ENOSPC, opened.path)

    def fsync(self, handle: int) -> None:
        opened = self._handles[handle]
        if self._world.point("flush", opened.path) == "broken":
            # The pages are marked clean all the same: the next flush will say that all is well.
            opened.node.lost = opened.node.entries is None
            raise failure(errno.EIO, opened.path)
        self._disk.flush(opened.node)

    def link(self, source: str, target: str) -> None:
        fault = self._world.point("link", target)
        node = self._look_up(source)
        if node is None:
            raise failure(errno.ENOENT, source)
        directory = self._directory(target)
        self._host.names.pop(target, None)
        self._disk.enter(directory, target, node, self._host.number)
        self._world.linked(target, node.data)
        if fault == "torn" and self._is_undone(lambda: self._disk.leave(directory, target, self._host.number)):
            self._disk.enter(directory, target, node, self._host.number)
            fault = None
        if fault in ("unheard", "torn"):
            raise failure(errno.EEXIST, target)
        self._remember(target, node)
        self._refresh(node)

    def unlink(self, path: str) -> None:
        fault = self._world.point("unlink", path)
        directory = self._directory(path)
        self._host.names.pop(path, None)
        self._disk.leave(directory, path, self._host.number)
        if fault == "unheard":
            raise failure(errno.ENOENT, path)

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        fault = self._world.point("mkdir", path)
        directory = self._directory(path)
        self._host.names.pop(path, None)
        self._disk.make_directory(directory, path, self._host.number)
        if fault == "unheard":
            raise failure(errno.EEXIST, path)

    def listdir(self, path: str) -> list[str]:
        fault = self._world.point("list", path)
        node = self._look_up(path)
        if node is None:
            raise failure(errno.ENOENT, path)
        self._forget_what_was_not_there(path, node)
        return self._disk.listing(node, path, self._host.number, fault == "late")

    def stat(self, path: str, follow_symlinks: bool = True) -> Status:
        self._world.point("stat", path)
        node = self._look_up(path)
        if node is None:
            raise failure(errno.ENOENT, path)
        known, until = self._host.statuses.get(node.number, (None, 0.0))
        return known if known is not None and until > self._world.now else self._refresh(node)

    def lstat(self, path: str) -> Status:
        return self.stat(path, follow_symlinks=False)

    def fstat(self, handle: int) -> Status:
        return status_of(self._handles[handle].node)

    def utime(self, handle: int) -> None:
        self._handles[handle].node.mtime = self._world.now

    def statvfs(self, path: str) -> os.statvfs_result:
        return os.statvfs_result((4096, 4096, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 0, 255))

    def urandom(self, size: int) -> bytes:
        return self._world.random_bytes(size)

    def uname(self) -> os.uname_result:
        # Too old for one `syncfs` to stand for many flushes: each is a call of its own here, and a point of the schedule.
        return os.uname_result(("Linux", f"host{self._host.number}", "5.0", "", ""))

    # What is looked up, remembered and made

    @property
    def _host(self) -> Host:
        return self._world.host

    def _look_up(self, path: str) -> Node | None:
        """The node under *path*, as this host remembers it or else as the server says."""
        if not self._disk.share or path == "":
            return self._disk.find(path)
        known, until = self._host.names.get(path, (None, 0.0))
        if until > self._world.now and (known is None or known.links):
            return known
        above, _, name = path.rpartition("/")
        directory = self._look_up(above)
        node = None if directory is None or directory.entries is None else directory.entries.get(name)
        return self._remember(path, node)

    def _remember(self, path: str, node: Node | None) -> Node | None:
        if self._disk.share:
            self._host.names[path] = node, self._world.now + (NEGATIVE_SECONDS if node is None else POSITIVE_SECONDS)
        return node

    def _forget_what_was_not_there(self, path: str, directory: Node) -> None:
        """Who opens a directory hears that it has changed."""
        if directory.entries is not None:
            for name in directory.entries:
                known = self._host.names.get(f"{path}/{name}")
                if known is not None and known[0] is None:
                    del self._host.names[f"{path}/{name}"]

    def _refresh(self, node: Node, host: Host | None = None) -> Status:
        found = status_of(node)
        if self._disk.share:
            least, most = ATTRIBUTE_SECONDS
            until = self._world.now + min(most, max(least, self._world.now - node.mtime))
            (host or self._host).statuses[node.number] = found, until
        return found

    def _directory(self, path: str) -> Node:
        directory = self._look_up(path.rpartition("/")[0])
        if directory is None:
            raise failure(errno.ENOENT, path)
        return directory

    def _create(self, path: str) -> Node:
        self._world.point("create", path)
        directory = self._directory(path)
        node = self._disk.make_file(directory, path, self._host.number)
        self._remember(path, node)
        return node

    def _is_undone(self, undo: Callable[[], None]) -> bool:
        """The server fails between doing and answering: others may have seen it done, and it is not, unless one built on it."""
        before = self._disk.changes
        self._world.step_aside()
        if self._disk.changes != before:
            return False
        undo()
        self._world.step_aside()
        return True

    def _handle(self, node: Node, path: str) -> int:
        self._next_handle += 1
        self._handles[self._next_handle] = Opened(node, path, self._host)
        return self._next_handle


class Paths:
    """Stands where the store expects `os.path`."""

    abspath, dirname, basename = (staticmethod(found) for found in (os.path.abspath, os.path.dirname, os.path.basename))

    def __init__(self, system: System) -> None:
        self._system = system

    def isdir(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self._system.stat(path).st_mode)
        except OSError:
            return False

    def lexists(self, path: str) -> bool:
        try:
            return bool(self._system.stat(path))
        except OSError:
            return False

    def samestat(self, one: Status, other: Status) -> bool:
        return one.st_ino == other.st_ino


def status_of(node: Node) -> Status:
    mode = stat.S_IFREG if node.entries is None else stat.S_IFDIR
    return Status(mode | 0o644, node.number, 1, node.links, len(node.data), node.mtime)
