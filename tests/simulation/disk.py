"""The shared disk itself, as its server has it: directories, files, and what of both a crash leaves.

Two kinds are modelled. On a *share* a change of names is durable when its call has returned, as an exporting server promises;
what a host wrote into a file is not before that host has flushed it. On a *local* disk nothing is durable before it is
flushed, neither content nor name, and any part of the rest may be lost: weaker than real file systems are.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

# How much later than a change some listing may still not show it.
LISTING_SECONDS = 0.5


class Node:
    """A file, or a directory when it has `entries`; *host* made it."""

    __slots__ = (
        "changed", "data", "durable", "entries", "host", "links", "lost", "mtime", "number", "past", "remover", "synced",
    )  # fmt: skip

    def __init__(self, number: int, host: int, now: float, directory: bool = False) -> None:
        self.number, self.host, self.mtime = number, host, now
        self.data = b""
        self.synced = self.lost = False
        self.links = 0
        # Whose removal of the last name made it go.
        self.remover = -1
        self.entries: dict[str, Node] | None = {} if directory else None
        self.durable: dict[str, Node] = {}
        # Of a directory: the last change by each host, and its former names with the time at which they were.
        self.changed: dict[int, float] = {}
        self.past: list[tuple[float, list[str]]] = []


class Disk:
    """*clock* is the server's."""

    def __init__(self, share: bool, clock: Callable[[], float]) -> None:
        self.share = share
        self._clock = clock
        self._numbers = 0
        # Counts the changes of names, so that one who waits can see that there was one.
        self.changes = 0
        self.root = self._made(-1, directory=True)
        # What was removed, by path, for an operator to bring back.
        self.removed: dict[str, bytes] = {}

    def find(self, path: str) -> Node | None:
        node: Node | None = self.root
        for part in path.split("/")[1:]:
            if node is None or node.entries is None:
                return None
            node = node.entries.get(part)
        return node

    def make_file(self, directory: Node, path: str, host: int) -> Node:
        node = self._made(host)
        self.enter(directory, path, node, host)
        return node

    def make_directory(self, directory: Node, path: str, host: int) -> Node:
        node = self._made(host, directory=True)
        self.enter(directory, path, node, host)
        return node

    def enter(self, directory: Node, path: str, node: Node, host: int) -> None:
        """Give *node* a name. Raises `FileExistsError`."""
        entries, name = names_of(directory, path), os.path.basename(path)
        if name in entries:
            raise failure(errno.EEXIST, path)
        self._remember(directory, host)
        entries[name] = node
        node.links += 1
        if self.share:
            directory.durable[name] = node

    def leave(self, directory: Node, path: str, host: int) -> None:
        """Take a name away. Raises `FileNotFoundError`."""
        entries, name = names_of(directory, path), os.path.basename(path)
        node = entries.get(name)
        if node is None:
            raise failure(errno.ENOENT, path)
        self._remember(directory, host)
        del entries[name]
        node.links -= 1
        if not node.links:
            node.remover = host
            self.removed[path] = node.data
        if self.share:
            directory.durable.pop(name, None)

    def flush(self, node: Node) -> None:
        if node.entries is None:
            node.synced = True
        else:
            node.durable = dict(node.entries)

    def listing(self, directory: Node, path: str, host: int, stale: bool) -> list[str]:
        """The names now; *stale*: as they were half a second ago, if *host* has changed nothing since."""
        entries = names_of(directory, path)
        since = self._clock() - LISTING_SECONDS
        if stale and directory.changed.get(host, float("-inf")) < since:
            for until, names in directory.past:
                if until >= since:
                    return names
        return list(entries)

    def crash(self, host: int, chance: Callable[[], float]) -> None:
        """What *host* had not flushed is lost, in part or whole; on a local disk names too. *chance* is below 1."""
        for directory in self._directories():
            if not self.share:
                self._lose_names(directory, chance)
            for node in (directory.entries or {}).values():
                if node.entries is None and (node.lost or not node.synced) and node.host == host:
                    _lose_content(node, chance)

    def files(self) -> dict[str, Node]:
        """Every file, by path."""
        return {path: node for path, node in _paths(self.root, "") if node.entries is None}

    def _lose_names(self, directory: Node, chance: Callable[[], float]) -> None:
        entries = directory.entries or {}
        for name in sorted(entries.keys() | directory.durable.keys()):
            now, then = entries.get(name), directory.durable.get(name)
            if now is not then and chance() < 0.5:
                for node, step in ((now, -1), (then, 1)):
                    if node is not None:
                        node.links += step
                entries.pop(name, None)
                if then is not None:
                    entries[name] = then
        directory.durable = dict(entries)

    def _directories(self) -> list[Node]:
        return [self.root, *(node for _, node in _paths(self.root, "") if node.entries is not None)]

    def _remember(self, directory: Node, host: int) -> None:
        now = self._clock()
        self.changes += 1
        directory.changed[host] = now
        directory.past = [(until, names) for until, names in directory.past if until >= now - LISTING_SECONDS]
        directory.past.append((now, list(directory.entries or ())))

    def _made(self, host: int, directory: bool = False) -> Node:
        self._numbers += 1
        return Node(self._numbers, host, self._clock(), directory)


def failure(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)


def names_of(directory: Node, path: str) -> dict[str, Node]:
    if directory.entries is None:
        raise failure(errno.ENOTDIR, path)
    return directory.entries


def _lose_content(node: Node, chance: Callable[[], float]) -> None:
    drawn = 0.0 if node.lost else chance()
    if drawn < 0.4:
        node.data = b""
    elif drawn < 0.7:
        node.data = node.data[: len(node.data) // 2]
    node.synced, node.lost = True, False


def _paths(directory: Node, path: str) -> Iterator[tuple[str, Node]]:
    for name, node in (directory.entries or {}).items():
        yield f"{path}/{name}", node
        if node.entries is not None:
            yield from _paths(node, f"{path}/{name}")
