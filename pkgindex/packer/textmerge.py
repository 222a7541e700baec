"""What several text shards come to together: rows, posting lists and attribute lists as those of one.

Packages are numbered anew, in the order of their names. A shard of a former format lacks what a new one must list; where
one is among them, all rows are made anew from forward files.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from pkgindex.errors import Corrupt, StoreError
from pkgindex.format import frame, lists, terms
from pkgindex.format.envelope import REMEDY
from pkgindex.format.lists import Listing
from pkgindex.format.manifest import Shard
from pkgindex.format.shard import FORMATS
from pkgindex.packer.forwards import row_of
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head
from pkgindex.packer.updates import Parts
from pkgindex.store.backend import Backend
from pkgindex.store.shards import ShardFile

_LISTS = "SELECT field, frame FROM attributes JOIN lists ON lists.id = attributes.block ORDER BY field, first"
_PAIR = itemgetter(0, 1)


class TextMerge:
    """A `shardfile.TextSource` of *files*, without the packages in *hidden*, which is one set a file."""

    def __init__(self, files: Sequence[ShardFile], hidden: Sequence[set[str]]) -> None:
        self._files = files
        self._hidden = hidden
        self._numbers: list[dict[int, int]] = [{} for _ in files]

    def packages(self) -> Iterator[tuple[str, str]]:
        streams = [self._rows(place) for place in range(len(self._files))]
        for number, (name, place, old, summary) in enumerate(heapq.merge(*streams), 1):
            self._numbers[place][old] = number
            yield name, summary

    def postings(self) -> Iterator[tuple[str, array[int], bytes]]:
        streams = [self._terms(file, numbers) for file, numbers in zip(self._files, self._numbers, strict=True)]
        for term, group in groupby(heapq.merge(*streams, key=itemgetter(0)), itemgetter(0)):
            found = sorted(chain.from_iterable(postings for _, postings in group))
            if found:
                yield term, array("I", [number for number, _ in found]), bytes([worth for _, worth in found])

    def attributes(self) -> Iterator[Listing]:
        streams = [self._listings(file, numbers) for file, numbers in zip(self._files, self._numbers, strict=True)]
        for (field, token), group in groupby(heapq.merge(*streams, key=_PAIR), _PAIR):
            found = sorted(chain.from_iterable(living for _, _, living in group))
            if found:
                yield Listing(field, token, array("I", found))

    def _rows(self, place: int) -> Iterator[tuple[str, int, int, str]]:
        # Python's order of texts and SQLite's are the same: by code point is by UTF-8 byte.
        for number, name, summary in self._files[place].rows("SELECT id, name, summary FROM packages ORDER BY name"):
            if name not in self._hidden[place]:
                yield name, place, number, summary

    def _terms(self, file: ShardFile, numbers: Mapping[int, int]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        for term, postings in file.rows("SELECT term, postings FROM terms ORDER BY term"):
            with _damage(file):
                found = terms.decode_postings(postings)
            yield term, [(numbers[old], worth) for old, worth in found.items() if old in numbers]

    def _listings(self, file: ShardFile, numbers: Mapping[int, int]) -> Iterator[tuple[str, str, list[int]]]:
        unpacker = frame.Unpacker()
        for field, packed in file.rows(_LISTS):
            with _damage(file):
                block = lists.decode(packed, unpacker)
            for token, found in block.lists():
                yield field, token, [numbers[old] for old in found if old in numbers]


def rows_anew(head: Head, files: Iterable[ShardFile], hidden: Iterable[set[str]]) -> Iterator[list[Any]]:
    """The rows of what lives in *files*, in the order of names, as the forward files of *head* have them."""
    names = [
        name for file, dead in zip(files, hidden, strict=True) for (name,) in file.rows("SELECT name FROM packages")
        if name not in dead
    ]
    previous = Previous(head.backend, head.manifest)
    for name in sorted(names):
        record = previous.forward(name)
        if record is not None:
            yield row_of(name, Parts(record))


def of_former_formats(backend: Backend, shards: Iterable[Shard]) -> list[Shard]:
    """Those that were written before the format of their kind became what it is."""
    found = []
    for shard in shards:
        if FORMATS[shard.kind] > 1:
            # One that cannot be opened is nobody's to merge: `verify` names it.
            with suppress(StoreError):
                file = ShardFile(backend, shard)
                if file.format < FORMATS[shard.kind]:
                    found.append(shard)
                file.close()
    return found


class _damage:
    """What a shard holds is read here: what cannot be decoded is the shard's damage."""

    def __init__(self, file: ShardFile) -> None:
        self._name = file.name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (TypeError, ValueError)):
            raise Corrupt(f"{self._name}: a damaged list ({error}); {REMEDY}") from error
