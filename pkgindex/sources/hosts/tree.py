"""The files below a root, which may be another system's: its links are read as that system would read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pkgindex.errors import NotFound

_LINKS_FOLLOWED_MAX = 40


class File(NamedTuple):
    """Something that is no directory, by its real path below the root. `changed` is when it was last written, moved, or given
    other rights, in seconds since 1970."""

    path: str
    link: bool
    bytes: int
    changed: float


class Tree:
    """What lies below *root*. `unread` is what could not be read so far."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self.unread: list[str] = []

    def files(self, path: str) -> Iterator[File]:
        """*path*, or all files below it on its file system, in order. Raises `NotFound` when it is not there."""
        real = self.resolved(path)
        try:
            status = os.lstat(self._at(real))
        except OSError as error:
            raise NotFound(f"{self._at(path)}: {error.strerror}") from None
        if os.path.isdir(self._at(real)):
            yield from self._below(real, status.st_dev)
        else:
            yield _file(real, status)

    def has(self, path: str) -> bool:
        return os.path.lexists(self._at(path))

    def resolved(self, path: str) -> str:
        """The real path of *path*, with no link in it. Raises `NotFound` for links that lead nowhere but to each other."""
        return resolved(path, self.target)

    def linked_directories(self, directory: str) -> Iterator[tuple[str, str]]:
        """The links right in *directory* that lead to directories, and the real paths of these."""
        try:
            names = sorted(os.listdir(self._at(directory)))
        except OSError:
            return
        for name in names:
            link = f"{directory.rstrip('/')}/{name}"
            if self.target(link) is not None and os.path.isdir(self._at(self.resolved(link))):
                yield link, self.resolved(link)

    def _below(self, directory: str, device: int) -> Iterator[File]:
        waiting = self._entries(directory)
        while waiting:
            entry, path = waiting.pop()
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone since
                continue
            except OSError:
                self.unread.append(path)
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield _file(path, status)
            elif status.st_dev == device:
                waiting += self._entries(path)

    def _entries(self, directory: str) -> list[tuple[os.DirEntry[str], str]]:
        """What is in *directory*, the last first."""
        try:
            with os.scandir(self._at(directory)) as entries:
                found = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except FileNotFoundError:
            return []
        except OSError:
            self.unread.append(directory)
            return []
        return [(entry, f"{directory.rstrip('/')}/{entry.name}") for entry in found]

    def target(self, path: str) -> str | None:
        """Where the link *path* leads; None when it is none."""
        try:
            return os.readlink(self._at(path))
        except OSError:
            return None

    def _at(self, path: str) -> str:
        return f"{self.root}{path}" or "/"


def resolved(path: str, target: Callable[[str], str | None]) -> str:
    """The real path of *path*, where *target* says of each part where it leads, None when it is no link."""
    parts, done, links = path.split("/"), "", 0
    while parts:
        part = parts.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        aimed = target(f"{done}/{part}")
        if aimed is None:
            done = f"{done}/{part}"
            continue
        links += 1
        if links > _LINKS_FOLLOWED_MAX:
            raise NotFound(f"{path}: its links lead nowhere but to each other")
        parts = aimed.split("/") + parts
        done = "" if aimed.startswith("/") else done
    return done or "/"


def _file(path: str, status: os.stat_result) -> File:
    link = stat.S_ISLNK(status.st_mode)
    return File(path, link, status.st_size, max(status.st_mtime, status.st_ctime))
