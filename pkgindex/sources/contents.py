"""Debian `Contents-ARCH`: every path of an archive and the packages that ship it.

    usr/bin/a path with spaces                              section/area/name,section/name

7.3 million lines make this the hottest loop of all: per line it does one split, one look-up and one concatenation
(0.4 us, 0.7 us with everything around). Whatever is rare is looked for once a block, and only a block that has it goes
the slow way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.sources import names
from pkgindex.sources.facts import Covers, Fact, Fault, Paths
from pkgindex.sources.limits import DEFAULT, MIB, Limits
from pkgindex.sources.lines import blocks
from pkgindex.sources.names import Unreadable, shown

_NAME = re.compile(r"(?:^|.*[^A-Za-z0-9])Contents(?:-udeb)?(?:-([a-z0-9][a-z0-9-]*))?$")
_HEADER = re.compile(rb"^FILE[ \t]+LOCATION[ \t\r]*$", re.MULTILINE)
_HEADER_BYTES_MAX = 64 * 1024
_LOCATION = re.compile(rb"[A-Za-z0-9][\w.+-]*(/[\w.+-]+)+(,[A-Za-z0-9][\w.+-]*(/[\w.+-]+)+)*")
_LINES_LOOKED_AT = 20

# `.` and `..` components. One expression for "//" too would look at every slash: 0.48 us a line where this takes 0.06.
_DOTS = re.compile(rb"\.\.?[/\s]")
_SLASH = ord("/")
_LOCATIONS_BYTES_MAX = 64 * MIB


class _Locations(dict[bytes, tuple[bytes, ...]]):
    """The last column -> `TAB package` for each package in it; a few ten thousand distinct ones in a distribution."""

    _bytes = 0

    def __missing__(self, location: bytes) -> tuple[bytes, ...]:
        self._bytes += 2 * len(location) + 200
        if self._bytes > _LOCATIONS_BYTES_MAX:
            self.clear()
            self._bytes = 0
        packages = tuple(dict.fromkeys(_suffix(part) for part in location.split(b",")))
        self[location] = packages
        return packages


def _suffix(part: bytes) -> bytes:
    """`area/section/name` -> `TAB name`; raises `Unreadable`."""
    name = part.rpartition(b"/")[2]
    names.package_name(name.decode("utf-8", "replace"))
    return b"\t" + name


class Contents:
    name = "contents"
    full = True

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        if _NAME.match(filename):
            return True
        if _HEADER.search(head):
            return True
        lines = head.split(b"\n")
        if len(lines) > 1:
            lines.pop()  # empty, or cut short where the head ends
        return b"\0" not in head and all(map(_is_listing, lines[:_LINES_LOOKED_AT]))

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        match = _NAME.match(filename)
        architecture = (match.group(1) if match else "") or ""
        yield Covers("files", architecture)
        locations = _Locations()
        number = 1
        for block in blocks(stream, filename, self._limits.line_bytes_max):
            lines = block.split(b"\n")
            skipped = _header_lines(block) if number == 1 else 0
            read = self._read_carefully if self._is_odd(block, lines) else _read_fast
            pairs, bad = read(lines[skipped:], locations)
            if pairs:
                yield Paths(architecture, pairs)
            for index in bad:
                yield self._fault(lines[skipped + index], number + skipped + index)
            number += len(lines)

    def _is_odd(self, block: bytes, lines: list[bytes]) -> bool:
        if b"\0" in block or b"//" in block or _DOTS.search(block):
            return True
        return max(map(len, lines)) > self._limits.path_bytes_max

    def _read_carefully(self, lines: list[bytes], locations: _Locations) -> tuple[list[bytes], list[int]]:
        pairs: list[bytes] = []
        bad: list[int] = []
        for index, line in enumerate(lines):
            try:
                pairs.extend(self._pairs(line, locations))
            except Unreadable:
                bad.append(index)
        return pairs, bad

    def _pairs(self, line: bytes, locations: _Locations) -> list[bytes]:
        columns = line.rsplit(None, 1)
        if not columns:
            return []
        if len(columns) < 2:
            raise Unreadable(f"{shown(line)} is not a path and its packages")
        path = names.path(columns[0], self._limits.path_bytes_max)
        return [path + package for package in locations[columns[1]]]

    def _fault(self, line: bytes, number: int) -> Fault:
        """Read a bad line again, for what is wrong with it: too rare to be kept in the hot loop."""
        try:
            self._pairs(line, _Locations())
        except Unreadable as error:
            return Fault(f"line {number}", str(error))
        raise AssertionError(f"line {number} was bad and is not")  # pragma: no cover


def _read_fast(lines: list[bytes], locations: _Locations) -> tuple[list[bytes], list[int]]:
    """Pairs, and the indices of bad lines."""
    pairs: list[bytes] = []
    bad: list[int] = []
    append = pairs.append
    for index, line in enumerate(lines):
        try:
            path, location = line.rsplit(None, 1)
            packages = locations[location]
        except (ValueError, Unreadable):
            if line.strip():
                bad.append(index)
            continue
        if path[0] == _SLASH or path[-1] == _SLASH:
            path = path.strip(b"/")
            if not path:
                bad.append(index)
                continue
        if len(packages) == 1:
            append(b"/" + path + packages[0])
        else:
            pairs += [b"/" + path + package for package in packages]
    return pairs, bad


def _is_listing(line: bytes) -> bool:
    columns = line.rsplit(None, 1)
    return len(columns) == 2 and _LOCATION.fullmatch(columns[1]) is not None


def _header_lines(block: bytes) -> int:
    """How many lines of free text old archives put before the listing."""
    match = _HEADER.search(block, 0, _HEADER_BYTES_MAX)
    return block.count(b"\n", 0, match.end()) + 1 if match else 0
