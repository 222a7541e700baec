"""Verifying what is in a text shard: that all of it is in order, and what it comes to for each package.

What a package comes to is a sum, as `facts` makes it of the forward file: of its row, its words with their worths, and the
lists it is in.
"""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.errors import Corrupt, OlderShard
from pkgindex.format import frame, lists, terms, tokens
from pkgindex.format.lists import Block
from pkgindex.format.shard import FORMATS
from pkgindex.snapshot.verify.facts import ascending, row_hash
from pkgindex.store.shards import ShardFile

_BLOCKS = "SELECT field, first, frame FROM attributes LEFT JOIN lists ON lists.id = attributes.block ORDER BY field, first"


def text_sums(file: ShardFile) -> tuple[dict[str, int], int]:
    """The sum of each package, and how many postings there are."""
    if file.format < FORMATS["text"]:
        raise OlderShard(f"written in format {file.format}, which lists no attributes")
    names, sums = _rows(file)
    postings = _add_words(file, sums)
    _add_attributes(file, sums)
    return dict(zip(names, sums, strict=True)), postings


def _rows(file: ShardFile) -> tuple[list[str], list[int]]:
    names: list[str] = []
    sums: list[int] = []
    last = ""
    for number, (found, name, summary) in enumerate(file.rows("SELECT id, name, summary FROM packages ORDER BY id"), 1):
        if found != number or name <= last:
            raise Corrupt(f"package {name!r} is out of its order")
        names.append(name)
        sums.append(row_hash(summary))
        last = name
    if not len(names) == file.shard.rows == file.shard.packages:
        raise Corrupt(f"holds {len(names)} packages where its manifest says {file.shard.rows}")
    return names, sums


def _add_words(file: ShardFile, sums: list[int]) -> int:
    count = 0
    for term, postings in file.rows("SELECT term, postings FROM terms"):
        worth_of = terms.decode_postings(postings)
        if not worth_of or min(worth_of) < 1:
            raise Corrupt(f"the postings of {term!r} are empty, or of nothing")
        weight = hash(term)
        for number, worth in worth_of.items():
            sums[number - 1] += weight * worth
        count += len(worth_of)
    return count


def _add_attributes(file: ShardFile, sums: list[int]) -> None:
    last = ""
    for field, block in _blocks(file):
        for token, numbers in block.lists():
            key = tokens.key(field, token)
            if key <= last or not ascending([0, *numbers]):
                raise Corrupt(f"the list of {token!r} in {field!r} is out of its order, or of nothing")
            last = key
            weight = hash(key)
            for number in numbers:
                sums[number - 1] += weight


def _blocks(file: ShardFile) -> Iterator[tuple[str, Block]]:
    unpacker = frame.Unpacker()
    count = 0
    for field, first, packed in file.rows(_BLOCKS):
        count += 1
        block = lists.decode(packed, unpacker)
        if block.tokens[0] != first:
            raise Corrupt(f"the block of lists from {first!r} on begins with {block.tokens[0]!r}")
        yield field, block
    if file.row("SELECT count(*) FROM lists") != (count,):
        raise Corrupt(f"holds other blocks of lists than the {count} that something leads to")
