"""A journal: one line that says what the file is, then records, each a change to blobs by name.

    pkgindex journal 1\n
    PkgJ  crc32  verb  name bytes  data bytes  written  durable   name  data
          of all that follows it               |        bytes of this file that were durable before the record came
                                               seconds since 1970

Invariants:

* A record that was cut short or damaged anywhere is none. What `records` gives before it is what was written.
* A record says how much of the file was durable when it was written. So damage that a power cut may leave, which is past
  all that was durable, is told from damage that nothing excuses: there a later record vouches for what is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zlib import crc32

from pkgindex.errors import Corrupt, NewerFormat, StoreError

if TYPE_CHECKING:
    from mmap import mmap

Bytes: TypeAlias = "bytes | mmap"

FORMAT = 1
HEAD = b"pkgindex journal %d\n" % FORMAT
MAKE, REMOVE = 1, 2
MARK = b"PkgJ"
_FIXED = Struct("<4sIBHQdQ")
_CHECKED = 8  # where the part begins that the checksum is of
FIXED_BYTES = _FIXED.size
NAME_BYTES_MAX = 0xFFFF


class Record(NamedTuple):
    """*verb* is `MAKE` or `REMOVE`; *begin* and *end* are its place in the file."""

    verb: int
    name: str
    data: bytes
    written: float
    durable: int
    begin: int
    end: int


def encode(verb: int, name: str, data: bytes, written: float, durable: int) -> bytes:
    """One record. Raises `StoreError` for a *name* that is too long."""
    raw = name.encode("utf-8", "surrogateescape")
    if len(raw) > NAME_BYTES_MAX:
        raise StoreError(f"a name of {len(raw)} bytes, and a journal takes {NAME_BYTES_MAX} at most: {name[:40]!r}...")
    rest = _FIXED.pack(MARK, 0, verb, len(raw), len(data), written, durable)[_CHECKED:] + raw + data
    return MARK + crc32(rest).to_bytes(4, "little") + rest


def records(file: Bytes, name: str) -> Iterator[Record]:
    """The records of the journal *file*, up to its end or to a tail that was never durable.

    Raises `Corrupt` when something is broken that was durable, `NewerFormat` for a journal of a later pkgindex.
    """
    _check_head(file, name)
    place = min(len(HEAD), len(file))
    while found := _record(file, place):
        yield found
        place = found.end
    if _vouched(file, place):
        raise Corrupt(
            f"{name}: damaged at byte {place}, and what comes after says that it was on the disk: put back a copy of it, "
            f"or cut it there ('truncate -s {place}') and lose what came since"
        )


def _check_head(file: Bytes, name: str) -> None:
    line = file[: len(HEAD)]
    if HEAD.startswith(line):
        return
    before, newer = HEAD[: HEAD.rindex(b" ") + 1], line.rstrip(b"\n").rpartition(b" ")
    if line.startswith(before) and newer[2].isdigit():
        raise NewerFormat(f"format {newer[2].decode()} in {name}: this pkgindex reads up to {FORMAT}; upgrade it")
    raise Corrupt(f"{name}: does not begin as a journal does; name another file, or put back a copy of it")


def _record(file: Bytes, place: int) -> Record | None:
    """The record at *place*, unless it is cut short or damaged."""
    if place + FIXED_BYTES > len(file):
        return None
    mark, checksum, verb, name_bytes, data_bytes, written, durable = _FIXED.unpack_from(file, place)
    begin = place + FIXED_BYTES
    end = begin + name_bytes + data_bytes
    if mark != MARK or end > len(file) or crc32(memoryview(file)[place + _CHECKED : end]) != checksum:
        return None
    name = file[begin : begin + name_bytes].decode("utf-8", "surrogateescape")
    return Record(verb, name, file[begin + name_bytes : end], written, durable, place, end)


def _vouched(file: Bytes, place: int) -> bool:
    """Whether a whole record after *place* says that what is there had been durable."""
    later = file.find(MARK, place + 1)
    while later >= 0:
        found = _record(file, later)
        if found and found.durable > place:
            return True
        later = file.find(MARK, later + 1)
    return False
