"""Reverse files: who names a package, and how. Names and kinds only, so that a new version with the same needs rewrites none.

A record is `[names, masks]`: the dependants' names, sorted, joined by newlines, and for each two bytes, little-endian, of
which bit N says that it names the package in a relation of kind `KINDS[N]`.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from sys import byteorder

import msgpack

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import REMEDY
from pkgindex.model.package import KINDS

BIT = {kind: 1 << number for number, kind in enumerate(KINDS)}


def kinds_of(mask: int) -> list[str]:
    """
    >>> kinds_of(5)
    ['depends', 'recommends']
    """
    return [kind for number, kind in enumerate(KINDS) if mask >> number & 1]


def encode(dependants: Mapping[str, int]) -> bytes:
    """A record, from the mask of each dependant."""
    names = sorted(dependants)
    masks = array("H", [dependants[name] for name in names])
    if byteorder == "big":
        masks.byteswap()
    data: bytes = msgpack.packb(["\n".join(names), masks.tobytes()], use_bin_type=True, unicode_errors="surrogateescape")
    return data


def decode(record: bytes, package: str, name: str) -> dict[str, int]:
    """Mask by dependant, in the order of names."""
    return dict(zip(*decode_columns(record, package, name), strict=True))


def decode_columns(record: bytes, package: str, name: str) -> tuple[list[str], list[int]]:
    """The dependants and the mask of each. Raises `Corrupt` naming the file *name*."""
    try:
        text, data = msgpack.unpackb(record, raw=False, unicode_errors="surrogateescape")
        masks = array("H")
        masks.frombytes(data)
        if byteorder == "big":
            masks.byteswap()
        names = text.split("\n") if text else []
    except (ValueError, TypeError, AttributeError, msgpack.UnpackException) as error:
        raise Corrupt(f"{name}: not a record of {package!r} ({error!r}); {REMEDY}") from error
    if len(names) != len(masks):
        raise Corrupt(f"{name}: {len(names)} names and {len(masks)} masks for {package!r}; {REMEDY}")
    return names, masks.tolist()
