"""Blocks of a paths shard: (path, package) pairs, sorted, cut every `LINES` and compressed together.

A pair is `path TAB package`; pairs are ordered by those bytes. A block's text is a length, the paths joined by newlines, and
the packages as runs (`COUNT NAME`, one a line), because neighbours mostly belong to one package. The zstd frame carries a
checksum. What is fed to the trigram table is the text with its repeated directories left out: a trigram inside a directory
stands in the line that first had it.

A path's newlines are swapped with NUL, so that a line is a path; the end of a line is a character that `$` may be
narrowed with.
"""

from __future__ import annotations

from itertools import groupby

from pkgindex.errors import Corrupt
from pkgindex.format import frame
from pkgindex.format.envelope import REMEDY

LINES = 128
LEVEL = 9
UNPACKED_BYTES_MAX = 1 << 24
_COUNT_DIGITS = len(str(LINES))


def pair(path: bytes, package: str) -> bytes:
    """The sortable line of a path and its package."""
    return b"%b\t%b" % (path, package.encode("utf-8", "surrogateescape"))


def encode(pairs: list[bytes]) -> tuple[bytes, str]:
    """The block's text, not yet compressed, and the text whose trigrams stand for it."""
    split = [line.rpartition(b"\t") for line in pairs]
    paths = b"\n".join([path for path, _, _ in split])
    runs = b"\n".join([b"%d %b" % (len(list(run)), owner) for owner, run in groupby([owner for _, _, owner in split])])
    return b"%b%b%b" % (len(paths).to_bytes(4, "little"), paths, runs), trigram_text(paths)


def trigram_text(paths: bytes) -> str:
    """The paths with each directory only where it first stands, every line ended.

    >>> trigram_text(b"/usr/bin/ab\\n/usr/bin/cd")
    '/usr/bin/ab\\nn/cd\\n'
    """
    lines = []
    directory = None
    for path in paths.decode("utf-8", "replace").replace("\0", "\n").split("\n"):
        cut = path.rfind("/")
        if cut > 0 and path[:cut] == directory:
            lines.append(path[cut - 1 :])
        else:
            lines.append(path)
            directory = path[:cut] if cut > 0 else None
    lines.append("")
    return "\n".join(lines)


def unpack(packed: bytes, name: str, unpacker: frame.Unpacker | None = None) -> bytes:
    """A block's text, from its frame in the shard *name*. Raises `Corrupt`."""
    try:
        return (unpacker or frame.Unpacker()).unpack(packed, UNPACKED_BYTES_MAX)
    except ValueError as error:
        raise Corrupt(f"{name}: a damaged block ({error}); {REMEDY}") from error


def paths_of(text: bytes) -> bytes:
    """The paths of a decompressed block, joined by newlines."""
    return text[4 : 4 + int.from_bytes(text[:4], "little")]


def owners_of(text: bytes) -> list[str]:
    """The package of each path, in order. Raises `ValueError`, also where a run is longer than a block."""
    owners: list[str] = []
    for run in text[4 + int.from_bytes(text[:4], "little") :].decode("utf-8", "surrogateescape").split("\n"):
        count, _, name = run.partition(" ")
        if len(count) > _COUNT_DIGITS:
            raise ValueError(f"a run of {count[:20]} paths, where a block has {LINES}")
        owners += [name] * int(count)
    return owners


def decode(text: bytes, name: str) -> list[tuple[bytes, str]]:
    """All (path, package) of a decompressed block of the shard *name*."""
    try:
        return list(zip(paths_of(text).split(b"\n"), owners_of(text), strict=True))
    except ValueError as error:
        raise Corrupt(f"{name}: a block whose paths and packages do not match ({error})") from error
