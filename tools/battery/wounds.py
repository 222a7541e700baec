"""The ways in which a file can be damaged: bytes flipped, zeroed, cut off or added, the file gone, or another in its place."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

SECTOR_BYTES = 512
# Of what is longer, cut at so many lengths and zeroed at so many places.
PLACES_MAX = 64
SWAPS_LEAST = 3


class Wound(NamedTuple):
    """The file *name* damaged: all files as they are then."""

    name: str
    how: str
    blobs: Mapping[str, bytes]

    def __str__(self) -> str:
        return f"{self.name}, {self.how}"


def exhaustive(blobs: Mapping[str, bytes], older: Mapping[str, bytes], name: str, tries: int) -> Iterator[Wound]:
    """The bytes of the file flipped, at most *tries* of them, and what else can happen to it."""
    for how, data in _changed(blobs[name], tries):
        if data != blobs[name]:
            yield Wound(name, how, {**blobs, name: data})
    yield Wound(name, "gone", {other: data for other, data in blobs.items() if other != name})
    for other, data in islice(_others(blobs, older, name), max(SWAPS_LEAST, tries)):
        yield Wound(name, f"replaced by {other}", {**blobs, name: data})


def _changed(data: bytes, tries: int) -> Iterator[tuple[str, bytes]]:
    for place in range(0, len(data), max(1, len(data) // tries)):
        # One bit, another at each place; at every third place all of them.
        yield f"byte {place} flipped", flipped(data, place, 0xFF if place % 3 == 0 else 1 << place % 8)
    step = max(1, len(data) // min(tries, PLACES_MAX))
    for length in sorted({0, 1, *range(0, len(data), step), len(data) - 1} - {len(data)}):
        yield f"cut to {length}", data[:length]
    size = min(SECTOR_BYTES, max(1, len(data) // 4))
    for place in range(0, len(data), max(size, step)):
        yield f"{size} bytes zeroed at {place}", zeroed(data, place, size)
    yield "a byte more", data + b"\0"


def flipped(data: bytes, place: int, bits: int) -> bytes:
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


def zeroed(data: bytes, place: int, size: int) -> bytes:
    return data[:place] + bytes(len(data[place : place + size])) + data[place + size :]


def _others(blobs: Mapping[str, bytes], older: Mapping[str, bytes], name: str) -> Iterator[tuple[str, bytes]]:
    """Files of the same kind, of other packages and of generations before."""
    folder = name.split("/")[0]
    for other, data in {**older, **blobs}.items():
        if other != name and other.split("/")[0] == folder:
            yield other, data


def drawn(data: bytes, dice: random.Random) -> tuple[str, bytes]:
    """One damage drawn by lot."""
    place = dice.randrange(len(data))
    how = dice.randrange(4)
    if how == 0:
        return f"cut to {place}", data[:place]
    if how == 1:
        return f"{SECTOR_BYTES} bytes zeroed at {place}", zeroed(data, place, SECTOR_BYTES)
    return f"byte {place} flipped", flipped(data, place, dice.randrange(1, 256))
