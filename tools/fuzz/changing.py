"""Sound examples, changed: what a fuzzer without coverage tries, and what a test draws."""

from __future__ import annotations

import random
from collections.abc import Sequence

# What readers stumble over: ends, signs, numbers that are none, halves of characters, ways out.
ODD = (
    b"\xff", b"\0", b"\n", b"\n\n", b"\t", b":", b"(", b")", b"[", b"{", b'"', b"'", b"\\", b"|", b"-1", b"9" * 20, b"9" * 5000,
    b"1e999", b"null", b"NaN", b"[]", b"(" * 300, b"[" * 300, b"\\ud800", b"\\u0000", b"/../", b"\xc2\xb2", b"\xd9\xa1",
    b"\xe2\x80\xae", b"\xed\xa0\x80", b"\x1b[2J", b"\x80\x80\x80\x80\x10",
)


def changed(data: bytes, dice: random.Random) -> bytes:
    """*data* with a few changes."""
    found = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        _change(found, dice)
    return bytes(found)


def _change(found: bytearray, dice: random.Random) -> None:
    place, how = dice.randrange(len(found) + 1), dice.randrange(6)
    if how == 0 and place < len(found):
        found[place] ^= 1 << dice.randrange(8)
    elif how == 1 and place < len(found):
        found[place] = dice.randrange(256)
    elif how == 2:
        del found[place : place + dice.randrange(1, 9)]
    elif how == 3:
        found[place:place] = dice.choice(ODD)
    elif how == 4:
        copied = dice.randrange(len(found) + 1)
        found[place:place] = found[copied : copied + dice.randrange(20)]
    else:
        del found[place:]


def drawn(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    return changed(dice.choice(seeds), dice)
