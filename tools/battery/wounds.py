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
    yield _gone(blobs, name)
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


def drawn(blobs: Mapping[str, bytes], name: str, dice: random.Random) -> Wound:
    """One damage of the file drawn by lot."""
    data, place = blobs[name], dice.randrange(len(blobs[name]))
    others = sorted(other for other in blobs if other != name and other.split("/")[0] == name.split("/")[0])
    found = [
        (f"byte {place} flipped", flipped(data, place, dice.randrange(1, 256))),
        (f"cut to {place}", data[:place]),
        (f"{SECTOR_BYTES} bytes zeroed at {place}", zeroed(data, place, SECTOR_BYTES)),
        ("a byte more", data + b"\0"),
    ]
    how, changed = dice.choice(found)
    what = dice.randrange(12)
    if what == 0:
        return _gone(blobs, name)
    if what == 1 and others:
        other = dice.choice(others)
        how, changed = f"replaced by {other}", blobs[other]
    return Wound(name, how, {**blobs, name: changed}) if changed != data else _gone(blobs, name)


def _gone(blobs: Mapping[str, bytes], name: str) -> Wound:
    return Wound(name, "gone", {other: data for other, data in blobs.items() if other != name})
