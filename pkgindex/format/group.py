"""The shape that forward and reverse files share: the encoded records of a group of packages, by name."""

from __future__ import annotations

from collections.abc import Mapping

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import REMEDY, seal, unseal


def encode(kind: str, records: Mapping[str, bytes], stamp: str) -> bytes:
    """A file of *kind* `forward` or `reverse`."""
    return seal(kind, stamp, dict(records))


def decode(kind: str, data: bytes, stamp: str, name: str) -> dict[str, bytes]:
    """The records of the file *name*. Raises `Corrupt`, `NewerFormat`."""
    content = unseal(data, kind, stamp, name)
    if not isinstance(content, dict):
        raise Corrupt(f"{name}: not a {kind} file; {REMEDY}")
    return content
