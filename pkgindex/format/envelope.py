"""The envelope of every file but the shards: one ASCII line that says what it is, then msgpack.

    pkgindex 1 forward 42-k3q9ab 1834 9f3c2a11\n
    magic    |  kind   stamp     |    crc32 of the body, eight hex digits
             format number       bytes of the body

`head -1 FILE` tells a person what a file is. A reader checks all of it, and the body's exact name besides, because a
file in the place of another is as wrong as a damaged one.

Invariants:

* `unseal(name, seal(...))` is the body, and any other bytes are `Corrupt` or `NewerFormat`, never another answer.
* Nothing is decoded before its checksum fits.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import msgpack

from pkgindex.errors import Corrupt, NewerFormat

MAGIC = b"pkgindex"
FORMAT = 1
# Of kinds that came later, or that what came later made others: all formats in which there were such files, oldest first.
FORMATS = {"manifest": (1, 3), "delta": (3,)}
HEADER_BYTES_MAX = 160
REMEDY = "run 'pkgindex verify' to see all that is damaged and 'pkgindex pack --rebuild REPO' to mend it"


def seal(kind: str, stamp: str, content: object, number: int = FORMAT) -> bytes:
    """The bytes of a file of *kind* in format *number*, holding *content* (anything msgpack can hold), made under *stamp*."""
    body: bytes = msgpack.packb(content, use_bin_type=True, unicode_errors="surrogateescape")
    header = f"pkgindex {number} {kind} {stamp} {len(body)} {crc32(body):08x}\n"
    return header.encode("ascii") + body


def unseal(data: bytes, kind: str, stamp: str, name: str) -> Any:
    """The content of the file *name*, which must be of *kind* and made under *stamp* (empty: under any).

    Raises `Corrupt` naming the file and the remedy, `NewerFormat` when a later pkgindex wrote it.
    """
    end = data.find(b"\n", 0, HEADER_BYTES_MAX)
    fields = data[:end].split(b" ") if end > 0 else []
    if len(fields) != 6 or fields[0] != MAGIC:
        raise Corrupt(f"{name}: does not begin as a pkgindex file does ({len(data)} bytes); {REMEDY}")
    formats = FORMATS.get(kind, (FORMAT,))
    if not fields[1].isdigit() or int(fields[1]) > formats[-1]:
        shown = fields[1].decode("ascii", "replace")
        raise NewerFormat(f"format {shown} in {name}: this pkgindex reads up to {formats[-1]}; upgrade it")
    if fields[1] not in [b"%d" % number for number in formats]:
        raise Corrupt(f"{name}: format {fields[1].decode('ascii', 'replace')}, which there never was; {REMEDY}")
    if fields[2] != kind.encode() or (stamp and fields[3] != stamp.encode()):
        found = b" ".join(fields[2:4]).decode("ascii", "replace")
        raise Corrupt(f"{name}: holds '{found}' where '{kind} {stamp}' belongs; {REMEDY}")
    body = memoryview(data)[end + 1 :]
    if fields[4] != b"%d" % len(body):
        raise Corrupt(f"{name}: {len(body)} bytes where its first line says {fields[4].decode('ascii', 'replace')}; {REMEDY}")
    if fields[5] != b"%08x" % crc32(body):
        raise Corrupt(f"{name}: its checksum does not fit; {REMEDY}")
    try:
        return msgpack.unpackb(body, raw=False, unicode_errors="surrogateescape", strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Corrupt(f"{name}: not msgpack after its first line ({error}); {REMEDY}") from error


def is_cut_short(data: bytes) -> bool:
    """Whether *data* is only the beginning of a file, as far as its first line tells; of nothing nobody can tell.

    >>> sealed = seal("page", "42-k3q9ab", {})
    >>> is_cut_short(sealed), is_cut_short(sealed[:-1]), is_cut_short(sealed[:9]), is_cut_short(b""), is_cut_short(b"else")
    (False, True, True, True, False)
    """
    end = data.find(b"\n", 0, HEADER_BYTES_MAX)
    fields = data[:end].split(b" ") if end > 0 else []
    if len(fields) == 6 and fields[0] == MAGIC:
        return fields[4].isdigit() and len(data) - end - 1 < int(fields[4])
    return end < 0 and data.startswith(MAGIC[: len(data)])


def checksum(data: bytes) -> str:
    """What a manifest says of another file's bytes."""
    return f"{crc32(data):08x}"
