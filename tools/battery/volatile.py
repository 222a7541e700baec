"""A disk that keeps apart what is seen and what would outlast a power cut, and records each change that is made to it.

The model is POSIX at its strictest; nothing more is given than was asked for:

* The content of a file is durable by an fsync of that file, and no name is made so by it.
* Names (made, linked, moved, removed) are durable by an fsync of their directory; that of the directory itself by one of
  the directory above it. Of a move from one directory into another each half is made durable by its own.
* A `syncfs` makes all durable.

What was not asked for may be kept all the same: see `CUTS`. What belongs to one call (a move) is then kept as a whole.

A record can be played again, change by change, on a disk that began like the first one; so one run of a program shows what a
cut at each of its changes would leave.
"""

from __future__ import annotations

import errno
import hashlib
import os
import random
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ROOT = 1
Change = tuple[Any, ...]


class Refused(Exception):
    """The answer is an error: *code*."""

    def __init__(self, code: int) -> None:
        super().__init__(os.strerror(code))
        self.code = code


class Inode:
    """A file or a directory: as it is seen (`data`, `children`), and what of it is durable."""

    def __init__(self, number: int, mode: int, mtime_ns: int) -> None:
        self.number, self.mode, self.mtime_ns = number, mode, mtime_ns
        self.data, self.durable = b"", b""
        self.children: dict[str, int] = {}
        self.named: dict[str, int] = {}
        self.links = 2 if stat.S_ISDIR(mode) else 1

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)


class File(NamedTuple):
    """What a cut leaves of one; `data` is None of a directory."""

    data: bytes | None
    mode: int
    mtime_ns: int
    number: int


Left = dict[str, File]


class Disk:
    """What *place* holds, all of it durable; `record` is what was changed since."""

    def __init__(self, place: str) -> None:
        self.record: list[Change] = []
        self._inodes: dict[int, Inode] = {}
        # Names that were given or taken and are not durable: one list for each call, of directory, name, and whose it is then.
        self._pending: list[list[tuple[int, str, int | None]]] = []
        self._load(place, self._new(os.stat(place)))

    def inode(self, number: int) -> Inode:
        try:
            return self._inodes[number]
        except KeyError:
            raise Refused(errno.ESTALE) from None

    def look_up(self, directory: int, name: str) -> Inode:
        try:
            return self._inodes[self.inode(directory).children[name]]
        except KeyError:
            raise Refused(errno.ENOENT) from None

    def make(self, directory: int, name: str, mode: int) -> Inode:
        """A new file or directory."""
        self.do("make", directory, name, mode, len(self._inodes) + 1)
        return self.look_up(directory, name)

    def do(self, verb: str, *arguments: Any) -> None:
        """Change something, and record it. Raises `Refused`, and then nothing was changed."""
        now = time.time_ns()
        self.play((verb, now, *arguments))
        self.record.append((verb, now, *arguments))

    def play(self, change: Change) -> None:
        """Do again what was recorded."""
        verb, now, *arguments = change
        act: Callable[..., None] = getattr(self, f"_{verb}")
        act(now, *arguments)

    # Changes

    def _make(self, now: int, directory: int, name: str, mode: int, number: int) -> None:
        above = self.inode(directory)
        if name in above.children:
            raise Refused(errno.EEXIST)
        self._inodes[number] = Inode(number, mode, now)
        self._give(now, above, name, number)
        above.links += self._inodes[number].is_directory

    def _link(self, now: int, number: int, directory: int, name: str) -> None:
        if name in self.inode(directory).children:
            raise Refused(errno.EEXIST)
        self.inode(number).links += 1
        self._give(now, self.inode(directory), name, number)

    def _unlink(self, now: int, directory: int, name: str) -> None:
        inode = self.look_up(directory, name)
        if inode.children:
            raise Refused(errno.ENOTEMPTY)
        self._lessen(self.inode(directory), inode)
        self._give(now, self.inode(directory), name, None)

    def _rename(self, now: int, directory: int, name: str, target: int, new: str) -> None:
        inode, replaced = self.look_up(directory, name), self.inode(target).children.get(new)
        if replaced == inode.number:
            return
        if replaced is not None:
            if self._inodes[replaced].children:
                raise Refused(errno.ENOTEMPTY)
            self._lessen(self.inode(target), self._inodes[replaced])
        if inode.is_directory:
            self.inode(directory).links -= 1
            self.inode(target).links += 1
        self._give(now, self.inode(directory), name, None)
        self._give(now, self.inode(target), new, inode.number)
        self._pending[-2:] = [self._pending[-2] + self._pending[-1]]

    def _write(self, now: int, number: int, offset: int, data: bytes) -> None:
        inode = self.inode(number)
        before = inode.data[:offset].ljust(offset, b"\0")
        inode.data = before + data + inode.data[offset + len(data):]
        inode.mtime_ns = now

    def _truncate(self, now: int, number: int, size: int) -> None:
        inode = self.inode(number)
        inode.data = inode.data[:size].ljust(size, b"\0")
        inode.mtime_ns = now

    def _chmod(self, now: int, number: int, mode: int) -> None:
        inode = self.inode(number)
        inode.mode = stat.S_IFMT(inode.mode) | stat.S_IMODE(mode)

    def _utime(self, now: int, number: int, mtime_ns: int | None) -> None:
        self.inode(number).mtime_ns = now if mtime_ns is None else mtime_ns

    def _fsync(self, now: int, number: int) -> None:
        inode = self.inode(number)
        if not inode.is_directory:
            inode.durable = inode.data
            return
        inode.named = dict(inode.children)
        for group in self._pending:
            group[:] = [name for name in group if name[0] != number]
        self._pending = [group for group in self._pending if group]

    def _syncfs(self, now: int) -> None:
        for inode in self._inodes.values():
            inode.durable, inode.named = inode.data, dict(inode.children)
        self._pending.clear()

    def _mark(self, now: int, text: str) -> None:
        """Nothing is changed: somebody was told something, by now."""

    def _give(self, now: int, directory: Inode, name: str, number: int | None) -> None:
        """Let *name* be that of *number*, or of nobody."""
        if number is None:
            del directory.children[name]
        else:
            directory.children[name] = number
        directory.mtime_ns = now
        self._pending.append([(directory.number, name, number)])

    def _lessen(self, directory: Inode, inode: Inode) -> None:
        inode.links -= 1
        directory.links -= inode.is_directory

    # What is left

    def left(self, names: Callable[[int], bool], content: Callable[[Inode], bytes]) -> Left:
        """What a cut leaves by which of the *names* that are not durable, and what of *content*, happen to be kept."""
        found = {inode.number: dict(inode.named) for inode in self._inodes.values() if inode.is_directory}
        # Directories whose making was not kept: then nothing that was moved into them was.
        unmade: set[int | None] = set()
        for place, group in enumerate(self._pending):
            kept = names(place) and not any(directory in unmade for directory, _, _ in group)
            for directory, name, number in group:
                if not kept:
                    unmade |= {number} if len(group) == 1 and number is not None else set()
                elif number is None:
                    found[directory].pop(name, None)
                else:
                    found[directory][name] = number
        return dict(self._walk("", ROOT, found, content))

    def _walk(self, path: str, number: int, found: dict[int, dict[str, int]], content: Callable[[Inode], bytes]
              ) -> Iterator[tuple[str, File]]:
        for name, child in sorted(found[number].items()):
            inode = self._inodes[child]
            data = None if inode.is_directory else content(inode)
            yield f"{path}{name}", File(data, inode.mode, inode.mtime_ns, child)
            if inode.is_directory:
                yield from self._walk(f"{path}{name}/", child, found, content)

    # What there was

    def _new(self, status: os.stat_result) -> Inode:
        number = len(self._inodes) + 1
        return self._inodes.setdefault(number, Inode(number, status.st_mode, status.st_mtime_ns))

    def _load(self, place: str, directory: Inode) -> None:
        for entry in sorted(os.scandir(place), key=lambda entry: entry.name):
            inode = self._new(entry.stat(follow_symlinks=False))
            directory.children[entry.name] = directory.named[entry.name] = inode.number
            if inode.is_directory:
                directory.links += 1
                self._load(entry.path, inode)
            else:
                with open(entry.path, "rb") as file:
                    inode.data = inode.durable = file.read()


# Cuts: what happens to be kept of what nobody asked to be durable

def _zeroed(inode: Inode) -> bytes:
    """As long as it was, and what was not flushed is zeros."""
    return inode.durable[:len(inode.data)].ljust(len(inode.data), b"\0")


def _some(disk: Disk, chance: random.Random) -> Left:
    def content(inode: Inode) -> bytes:
        half = inode.data[:(len(inode.durable) + len(inode.data)) // 2]
        return chance.choice((inode.durable, inode.data, half))

    return disk.left(lambda place: chance.random() < 0.5, content)


DRAWN = "some"
CUTS: dict[str, Callable[[Disk, random.Random], Left]] = {
    "nothing": lambda disk, chance: disk.left(lambda place: False, lambda inode: inode.durable),
    "names": lambda disk, chance: disk.left(lambda place: True, lambda inode: inode.durable),
    "names, and zeros": lambda disk, chance: disk.left(lambda place: True, _zeroed),
    "contents": lambda disk, chance: disk.left(lambda place: False, lambda inode: inode.data),
    DRAWN: _some,
    "all": lambda disk, chance: disk.left(lambda place: True, lambda inode: inode.data),
}


def lay_out(left: Left, place: str) -> None:
    """Make *left* of the empty directory *place*. A file of two names is one there, too."""
    first: dict[int, str] = {}
    for path, file in left.items():
        target = f"{place}/{path}"
        known = first.setdefault(file.number, target)
        if file.data is None:
            os.mkdir(target)
        elif known != target:
            os.link(known, target)
        else:
            with open(target, "wb") as made:
                made.write(file.data)
        os.chmod(target, stat.S_IMODE(file.mode))
    for path, file in reversed(left.items()):
        os.utime(f"{place}/{path}", ns=(file.mtime_ns, file.mtime_ns))


def fingerprint(left: Left) -> str:
    """The same for what is the same but for its times."""
    found = hashlib.sha256()
    for path, file in left.items():
        found.update(repr((path, file.mode, file.data)).encode("utf-8", "surrogateescape"))
    return found.hexdigest()
