"""Debian's order of versions (deb-version(7)), as plain bytes.

A key is epoch, upstream version and revision, each written so that none is a prefix of another of its kind; bytes
then compare as versions do. Every text has a key: what is no valid version is ordered by the same rules, so a
mirror with one odd version in it still sorts.
"""

from __future__ import annotations

import re

# What a run of non-digits sorts by: `~` before the end of the run, letters before everything else.
_TILDE, _END = 1, 2
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANKED = b"~" + _LETTERS + bytes(byte for byte in range(256) if byte not in _LETTERS and byte not in b"~0123456789")
_RANKS = bytearray(256)
for _rank, _byte in enumerate(_RANKED):
    _RANKS[_byte] = _TILDE if _rank == 0 else _END + _rank
_ORDER = bytes(_RANKS)

_PARTS = re.compile(rb"([^0-9]*)([0-9]*)")
_LONG_NUMBER = 255


def _number(digits: bytes) -> bytes:
    """A number of any length, so that shorter (smaller) ones sort first."""
    digits = digits.lstrip(b"0")
    if len(digits) < _LONG_NUMBER:
        return bytes((len(digits),)) + digits
    return bytes((_LONG_NUMBER,)) + len(digits).to_bytes(8, "big") + digits


def _part(text: bytes) -> bytes:
    """Pairs of a run of non-digits and a number; pairs that add nothing at the end (`1.a0` is `1.a`) are no part of it."""
    pairs = _PARTS.findall(text)
    while len(pairs) > 1 and pairs[-1] == (b"", b""):
        pairs.pop()
    runs = [run.translate(_ORDER) + b"\x02" + _number(digits) for run, digits in pairs]
    # As if an empty run followed: a `~` still sorts before the end, anything else after it.
    return b"".join(runs) + b"\x02"


def key(version: str) -> bytes:
    """The sort key of *version*; equal exactly when dpkg calls the versions equal. Never raises.

    >>> key("1.0~rc1") < key("1.0") < key("1.0-1") < key("1:0.1")
    True
    >>> key("1.0") == key("0:1.00-0")
    True
    """
    text = version.strip().encode("utf-8", "surrogatepass")
    epoch, colon, rest = text.partition(b":")
    if not colon or not epoch.isdigit():
        epoch, rest = b"", text
    upstream, dash, revision = rest.rpartition(b"-")
    if not dash:
        upstream, revision = rest, b""
    return _number(epoch) + _part(upstream) + _part(revision)
