"""Attribute lists: the packages that carry a token in a field, in blocks of neighbouring tokens of one field.

Most tokens are carried by one package, and are like the one before: a row for each would be three times as large. A block
is a zstd frame with a checksum, so that one changed byte is damage and no other answer. A list that many packages are in
fills a block of its own, so that its neighbours are read without it.

    length      four little-endian bytes: of the tokens
    tokens      joined by newlines, in order
    counts      four little-endian bytes a token: how many packages are in its list
    numbers     four little-endian bytes a package, list after list, each its number less the one before in the list
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from operator import itemgetter, sub
from sys import byteorder
from typing import NamedTuple

from pkgindex.format import frame

TOKENS_MAX = 64
NUMBERS_MAX = 512
UNPACKED_BYTES_MAX = 1 << 28


class Listing(NamedTuple):
    """One list: *numbers* of packages, ascending."""

    field: str
    token: str
    numbers: array[int]


class Block(NamedTuple):
    """A block, decoded; the numbers as they are stored."""

    tokens: list[str]
    counts: array[int]
    stored: array[int]

    def place(self, token: str) -> int:
        """Where *token* is, or would be."""
        return bisect_left(self.tokens, token)

    def numbers(self, place: int) -> list[int]:
        """The list of the token at *place*."""
        start = sum(self.counts[:place])
        return list(accumulate(self.stored[start : start + self.counts[place]]))

    def lists(self) -> Iterator[tuple[str, list[int]]]:
        """All tokens with their lists."""
        end = 0
        for token, count in zip(self.tokens, self.counts, strict=True):
            start, end = end, end + count
            yield token, list(accumulate(self.stored[start:end]))


def blocks(listings: Iterable[Listing]) -> Iterator[tuple[str, list[Listing]]]:
    """The field and the lists of each block, of lists in the order of fields and tokens."""
    for field, group in groupby(listings, itemgetter(0)):
        block: list[Listing] = []
        total = 0
        for listing in group:
            more = len(listing[2])
            if len(block) == TOKENS_MAX or (block and total + more > NUMBERS_MAX):
                yield field, block
                block, total = [], 0
            block.append(listing)
            total += more
        yield field, block


def encode(listings: Sequence[Listing]) -> bytes:
    """A block, not yet compressed."""
    tokens = "\n".join([listing.token for listing in listings]).encode()
    counts = array("I", [len(listing.numbers) for listing in listings])
    stored = array("I")
    for _, _, numbers in listings:
        stored += numbers[:1]
        if len(numbers) > 1:
            stored.extend(map(sub, numbers[1:], numbers))
    return len(tokens).to_bytes(4, "little") + tokens + _bytes(counts) + _bytes(stored)


def decode(packed: bytes, unpacker: frame.Unpacker | None = None) -> Block:
    """The block in a frame. Raises `ValueError` when it is damaged."""
    data = (unpacker or frame.Unpacker()).unpack(packed, UNPACKED_BYTES_MAX)
    end = 4 + int.from_bytes(data[:4], "little")
    tokens = data[4:end].decode().split("\n")
    counts = _numbers(data[end : end + 4 * len(tokens)])
    stored = _numbers(data[end + 4 * len(tokens) :])
    if len(counts) != len(tokens) or sum(counts) != len(stored):
        raise ValueError("a block of lists whose tokens, counts and numbers do not match")
    return Block(tokens, counts, stored)


def _bytes(numbers: array[int]) -> bytes:
    if byteorder == "big":
        numbers = array("I", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data)
    if byteorder == "big":
        numbers.byteswap()
    return numbers
