"""Names out of a tar stream (ustar, GNU and pax headers), in bounded memory.

`tarfile` is not used: it takes what a header promises (a pax header of gigabytes, a chain of a thousand long names) at
its word, and is four times slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pkgindex.errors import Incomplete, Rejected
from pkgindex.sources.limits import MIB, Limits

_BLOCK = 512
_END = bytes(_BLOCK)
_SKIP_BYTES = MIB
DIRECTORY = b"5"
_WITHOUT_DATA = b"123456"  # links, devices, directories, FIFOs: whatever size their header says
_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_LINK, _GNU_SPARSE, _GNU_LABELS = b"x", b"g", b"L", b"K", b"S", b"MNV"


class Entry(NamedTuple):
    """`kind` is the type flag; `content` is read only for entries that were asked for; `target` is where a link leads."""

    path: bytes
    kind: bytes
    content: bytes
    target: bytes = b""


def entries(stream: BinaryIO, what: str, limits: Limits, wanted: tuple[bytes, ...] = ()) -> Iterator[Entry]:
    """Every file, link and directory. Raises `Rejected` with the offset, `Incomplete`; reads *stream* to its end."""
    reader = _Reader(stream, what)
    long_name, long_target, pax = b"", b"", _NO_PAX
    count = 0
    while (header := reader.header()) is not None:
        kind, size = header[156:157], _number(header[124:136], reader)
        if kind in (_GNU_NAME, _PAX):
            data = reader.content(size, limits.line_bytes_max)
            if kind == _PAX:
                pax = _pax(data, reader)
            else:
                long_name = data.rstrip(b"\0")
            continue
        if kind == _GNU_LINK and size <= limits.line_bytes_max:
            long_target = reader.content(size, limits.line_bytes_max).rstrip(b"\0")
            continue
        if kind in (_GNU_LINK, _PAX_GLOBAL) or kind in _GNU_LABELS:
            reader.skip(size)
            continue
        count += 1
        if count > limits.members_max:
            raise Rejected(f"{what}: more than {limits.members_max} entries")
        path = pax.path or long_name or _name(header)
        target = pax.target or long_target or header[157:257].partition(b"\0")[0]
        size = size if pax.size < 0 else pax.size
        long_name, long_target, pax = b"", b"", _NO_PAX
        if kind == _GNU_SPARSE:
            reader.skip_sparse_map(header)
        content = b""
        if path in wanted:
            content = reader.content(size, limits.stanza_bytes_max)
        elif kind not in _WITHOUT_DATA:
            reader.skip(size)
        # Before ustar a directory was a file whose name ends with a slash.
        yield Entry(path, DIRECTORY if path.endswith(b"/") else kind, content, target)
    while stream.read(_SKIP_BYTES):  # so that a checksum at the end of what it is packed in is looked at
        pass


class _Reader:
    def __init__(self, stream: BinaryIO, what: str) -> None:
        self._stream, self._what, self._offset = stream, what, 0

    def reject(self, why: str) -> Rejected:
        return Rejected(f"{self._what}: offset {self._offset}: {why}: build the package again")

    def _exactly(self, count: int) -> bytes:
        data = self._stream.read(count)
        self._offset += len(data)
        if len(data) < count:
            raise Incomplete(f"{self._what}: ends too early, at byte {self._offset}: copy the file again")
        return data

    def header(self) -> bytes | None:
        """The next header; None at the end of the archive."""
        data = self._stream.read(_BLOCK)
        if not data or data == _END:
            return None
        if len(data) < _BLOCK:
            raise Incomplete(f"{self._what}: ends inside a header, at byte {self._offset}: copy the file again")
        if sum(data) - sum(data[148:156]) + 8 * ord(" ") != _number(data[148:156], self):
            raise self.reject("a tar header with a wrong checksum")
        self._offset += _BLOCK
        return data

    def content(self, size: int, bytes_max: int) -> bytes:
        if size > bytes_max:
            raise self.reject(f"a header or control file of {size} bytes, more than {bytes_max}")
        return self._exactly(_padded(size))[:size]

    def skip(self, size: int) -> None:
        left = _padded(size)
        while left:
            left -= len(self._exactly(min(left, _SKIP_BYTES)))

    def skip_sparse_map(self, header: bytes) -> None:
        more = header[482]
        while more:
            more = self._exactly(_BLOCK)[504]


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    # GNU's own format ("ustar  ") keeps times where ustar keeps the first part of a long name.
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _number(field: bytes, reader: _Reader) -> int:
    """Octal digits, or base 256 when the highest bit is set."""
    if field[0] & 0x80:
        number = int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
        if number >> 62:
            raise reader.reject("a tar header with an impossible number")
        return number
    digits = field.strip(b" \0") or b"0"
    if digits.strip(b"01234567"):
        raise reader.reject("a tar header with a damaged number")
    return int(digits, 8)


class _Pax(NamedTuple):
    """What a pax header says in place of the fields that it stands before; empty and -1 where it says nothing."""

    path: bytes
    target: bytes
    size: int


_NO_PAX = _Pax(b"", b"", -1)


def _pax(data: bytes, reader: _Reader) -> _Pax:
    """A pax header: `LENGTH KEY=VALUE\\n` each."""
    path, target, size, at = b"", b"", -1, 0
    while at < len(data):
        digits = data[at : at + 20].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = data[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not equals or length <= len(digits):
            raise reader.reject("a damaged pax header")
        if key in (b"path", b"GNU.sparse.name"):
            path = value
        elif key == b"linkpath":
            target = value
        elif key == b"size":
            if not value.isdigit() or len(value) > 18:
                raise reader.reject("a pax header with a damaged size")
            size = int(value)
        at += length
    return _Pax(path, target, size)
