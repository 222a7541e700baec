"""What words are worth in a package, and the posting lists of a text shard.

The worth (impact) of a word in a package is BM25F's term-frequency part: occurrences weighted by column and normalised by
the column's length against a fixed average. It depends on the package alone, so a shard can store it as one byte a posting,
and a package scores the same whether it is loose, alone in a shard, or among three million. What depends on the collection,
the inverse document frequency, is worked out over the living packages when a question is asked.

Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.
"""

from __future__ import annotations

from array import array
from binascii import crc_hqx
from collections.abc import Iterable
from math import log
from sys import byteorder
from typing import NamedTuple

from pkgindex.format import frame
from pkgindex.format.tokens import bare_values
from pkgindex.format.words import name_words, words
from pkgindex.model.package import Package

K1 = 1.2
RAW_POSTINGS_MAX = 64
# So much of a posting list says how long it is.
HEAD_BYTES = 20
_RAW, _FRAME = b"\0", b"\1"
_CHECK_BYTES = 2
_POSTING_BYTES = 5


class Column(NamedTuple):
    """How a column counts: its weight, its average length in words, and how much length matters (0 to 1)."""

    name: str
    weight: float
    average_words: float
    normalisation: float


COLUMNS = (
    Column("name", 8.0, 2.0, 0.4),
    Column("summary", 4.0, 7.0, 0.5),
    Column("description", 1.0, 80.0, 0.6),
    Column("attributes", 0.5, 6.0, 0.3),
)


def columns_of(package: Package) -> tuple[list[str], list[str], list[str], list[str]]:
    """The words of each of `COLUMNS`, of all releases and languages, each text once."""
    summaries = dict.fromkeys(release.summary for release in package.releases.values())
    summaries.update(dict.fromkeys(text.summary for text in package.texts.values()))
    return (
        name_words(package.name),
        words(" ".join(summaries)),
        words(" ".join(text.description for text in package.texts.values())),
        words(" ".join(bare_values(package))),
    )


def impacts(package: Package) -> dict[str, int]:
    """The worth of each word in *package*, 1 to 255."""
    weighted: dict[str, float] = {}
    for column, found in zip(COLUMNS, columns_of(package), strict=True):
        if found:
            length = 1.0 - column.normalisation + column.normalisation * len(found) / column.average_words
            share = column.weight / length
            for word in found:
                weighted[word] = weighted.get(word, 0.0) + share
    return {word: max(1, round(255 * frequency / (K1 + frequency))) for word, frequency in weighted.items()}


def rarity(packages: int, holding: int) -> float:
    """The inverse document frequency of a word that *holding* of *packages* have: always above 0."""
    return log(1.0 + (packages - holding + 0.5) / (holding + 0.5))


def encode_postings(ids: Iterable[int], worths: Iterable[int]) -> bytes:
    """A posting list: four bytes a package number, ascending and stored as differences, then one byte a worth.

    A short one ends in a check of two bytes: one changed byte is always noticed. A long one is a frame, which has its own.
    """
    numbers = array("I")
    last = 0
    for number in ids:
        numbers.append(number - last)
        last = number
    if byteorder == "big":
        numbers.byteswap()
    content = numbers.tobytes() + bytes(worths)
    if len(numbers) <= RAW_POSTINGS_MAX:
        return _RAW + content + _check(content)
    return _FRAME + frame.pack(content)


def decode_postings(data: bytes) -> dict[int, int]:
    """Worth by package number. Raises `ValueError` when it is damaged."""
    from itertools import accumulate

    content = _content(data)
    count, rest = divmod(len(content), _POSTING_BYTES)
    if rest:
        raise ValueError("a posting list of a length that none has")
    numbers = array("I")
    numbers.frombytes(content[: 4 * count])
    if byteorder == "big":
        numbers.byteswap()
    return dict(zip(accumulate(numbers), content[4 * count :], strict=True))


def count_postings(head: bytes, size: int) -> int:
    """How many packages are in a posting list of *size* bytes that begins with *head*. Raises `ValueError`."""
    raw = size - 1 - _CHECK_BYTES if head[:1] == _RAW else frame.unpacked_bytes(head[1:])
    return raw // _POSTING_BYTES


def _content(data: bytes) -> bytes:
    if data[:1] == _FRAME:
        return frame.unpack(data[1:], 1 << 28)
    content = data[1:-_CHECK_BYTES]
    if data[:1] != _RAW or data[-_CHECK_BYTES:] != _check(content):
        raise ValueError("a posting list whose check does not fit")
    return content


def _check(content: bytes) -> bytes:
    # CRC-16: of what is that short, it notices any two changed bytes that are neighbours.
    return crc_hqx(content, 0xFFFF).to_bytes(_CHECK_BYTES, "little")
