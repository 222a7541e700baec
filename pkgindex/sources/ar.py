"""The ar archive around a .deb (deb(5)), read as a stream: members one after the other, none kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from pkgindex.errors import Incomplete, Rejected
from pkgindex.sources.compression import MAGIC_BYTES
from pkgindex.sources.limits import MIB
from pkgindex.sources.names import shown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60
_SKIP_BYTES = MIB


class Member(NamedTuple):
    """`stream` is good until the next member is asked for; it raises `Incomplete` where the archive is cut short.

    `first` are the next bytes that it will give; empty only when there are none.
    """

    name: str
    size: int
    first: bytes
    stream: BinaryIO


class _Span(io.RawIOBase):
    """The next *size* bytes of a stream."""

    def __init__(self, stream: BinaryIO, size: int, what: str) -> None:
        self._stream, self._left, self._what = stream, size, what

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        data = self._stream.read(min(len(target), self._left))
        if not data and self._left and len(target):
            raise Incomplete(f"{self._what}: {self._left} bytes are missing at its end: copy the file again")
        self._left -= len(data)
        target[: len(data)] = data
        return len(data)


def members(stream: BinaryIO, filename: str) -> Iterator[Member]:
    """Raises `Rejected` with the offset of what is no ar archive, `Incomplete` where it is cut short."""
    magic = stream.read(len(MAGIC))
    if magic != MAGIC:
        raise (Incomplete if MAGIC.startswith(magic) else Rejected)(f"{filename}: offset 0: not the start of a .deb")
    offset = len(MAGIC)
    while header := stream.read(_HEADER_BYTES):
        if len(header) < _HEADER_BYTES:
            raise Incomplete(f"{filename}: offset {offset}: cut short in a member header: copy the file again")
        name, size = _parse(header, f"{filename}: offset {offset}")
        span = io.BufferedReader(_Span(stream, size, f"{filename}: {name}"), buffer_size=MIB)
        first = span.peek()
        if len(first) < min(size, MAGIC_BYTES):
            raise Incomplete(f"{filename}: {name}: ends after {len(first)} of {size} bytes: copy the file again")
        yield Member(name, size, first, span)
        while span.read(_SKIP_BYTES):
            pass
        stream.read(size % 2)  # members begin at even offsets
        offset += _HEADER_BYTES + size + size % 2


def _parse(header: bytes, where: str) -> tuple[str, int]:
    digits = header[48:58].rstrip(b" ")
    if header[58:] != b"`\n" or not digits.isdigit():
        raise Rejected(f"{where}: {shown(header)} is no ar member header: copy the file again")
    return header[:16].rstrip(b" ").rstrip(b"/").decode("ascii", "backslashreplace"), int(digits)
