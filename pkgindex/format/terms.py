"""Words, what each is worth in a package, and the posting lists of a text shard.

The worth (impact) of a word in a package is BM25F's term-frequency part: occurrences weighted by column and normalised by
the column's length against a fixed average. It depends on the package alone, so a shard can store it as one byte a posting,
and a package scores the same whether it is loose, alone in a shard, or among three million. What depends on the collection,
the inverse document frequency, is worked out over the living packages when a question is asked.

Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from math import log
from sys import byteorder
from typing import NamedTuple

from pkgindex.format import frame
from pkgindex.model.package import Package

TERM_CHARACTERS_MAX = 64
K1 = 1.2
RAW_POSTINGS_MAX = 64

# The signs all or not at all: `libstdc++6` is found by `libstdc`.
_WORD = re.compile(r"[^\W_]+(?:[+#]++(?!\w))?")


class Column(NamedTuple):
    """How a column counts: its weight, its average length in words, and how much length matters (0 to 1)."""

    name: str
    weight: float
    average_words: float
    normalisation: float


COLUMNS = (
    Column("name", 8.0, 2.0, 0.4),
    Column("summary", 4.0, 7.0, 0.5),
    Column("keywords", 2.0, 6.0, 0.3),
    Column("description", 1.0, 80.0, 0.6),
)


def words(text: str) -> list[str]:
    """The words of a text, folded: letters and digits, with the plus or sharp signs of a language's name.

    >>> words("A C++ library, don't panic: x86_64")
    ['a', 'c++', 'library', 'don', 't', 'panic', 'x86', '64']
    """
    return [word[:TERM_CHARACTERS_MAX] for word in _WORD.findall(text.casefold())]


def name_words(name: str) -> list[str]:
    """The words a package is found under by its name: the whole, its parts, and parts without `lib` and numbers.

    >>> name_words("libssl3"), name_words("python3-numpy"), name_words("g++")
    (['libssl3', 'libssl', 'ssl'], ['python3-numpy', 'python3', 'numpy', 'python'], ['g++'])
    """
    folded = name.casefold()
    found = {folded[:TERM_CHARACTERS_MAX]: None}
    parts = words(folded)
    found.update(dict.fromkeys(parts))
    for part in parts:
        stem = part.rstrip("0123456789")
        if len(stem) > 1 and stem != part:
            found[stem] = None
        if stem.startswith("lib") and len(stem) > 5:
            found[stem[3:]] = None
    return list(found)


def columns_of(package: Package) -> tuple[list[str], list[str], list[str], list[str]]:
    """The words of each of `COLUMNS`, of all releases and languages, each text once."""
    summaries = dict.fromkeys(release.summary for release in package.releases.values())
    summaries.update(dict.fromkeys(text.summary for text in package.texts.values()))
    keywords = dict.fromkeys(
        release.fields.get(field, "") for release in package.releases.values() for field in ("section", "tag", "keywords")
    )
    return (
        name_words(package.name),
        words(" ".join(summaries)),
        words(" ".join(keywords)),
        words(" ".join(text.description for text in package.texts.values())),
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
    """A posting list: four bytes a package number, ascending and stored as differences, then one byte a worth."""
    numbers = array("I")
    last = 0
    for number in ids:
        numbers.append(number - last)
        last = number
    if byteorder == "big":
        numbers.byteswap()
    raw = numbers.tobytes() + bytes(worths)
    if len(numbers) <= RAW_POSTINGS_MAX:
        return b"\0" + raw
    return b"\1" + frame.pack(raw)


def decode_postings(data: bytes) -> dict[int, int]:
    """Worth by package number. Raises `ValueError` when it is damaged."""
    from itertools import accumulate

    raw = data[1:]
    if data[:1] == b"\1":
        raw = frame.unpack(raw, 1 << 28)
    count, rest = divmod(len(raw), 5)
    if rest or data[:1] not in (b"\0", b"\1"):
        raise ValueError("a posting list of a length that none has")
    numbers = array("I")
    numbers.frombytes(raw[: 4 * count])
    if byteorder == "big":
        numbers.byteswap()
    return dict(zip(accumulate(numbers), raw[4 * count :], strict=True))
