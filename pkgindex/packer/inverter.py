"""Inverting: what each package holds becomes, for each thing held, the packages that hold it.

In bounded memory: what is too much goes to sorted runs beside the shard, and is merged when it is asked for.
"""

from __future__ import annotations

import heapq
import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from operator import itemgetter

import msgpack

from pkgindex.packer.collect import read_items

# Of Debian 12: 1.6 million words, 3.5 million attributes of which 390,000 differ.
ENTRIES_IN_MEMORY_MAX = 4_000_000
KEYS_IN_MEMORY_MAX = 1_000_000


class Inverter:
    """Lists of unsigned numbers of array type *typecode* by key, filled in ascending order; runs lie at *file*.runN."""

    def __init__(self, file: str, typecode: str) -> None:
        self._file, self._typecode = file, typecode
        self._runs = 0
        self._count = 0
        self._lists = self._empty()

    def add(self, number: int, keys: Iterable[str]) -> None:
        """Enter *number* under each of *keys*."""
        lists = self._lists
        before = self._count
        for key in keys:
            lists[key].append(number)
            before += 1
        self._grown(before)

    def add_each(self, numbers: Iterable[tuple[str, int]]) -> None:
        """Enter each number under its key."""
        lists = self._lists
        count = self._count
        for key, number in numbers:
            lists[key].append(number)
            count += 1
        self._grown(count)

    def lists(self) -> Iterator[tuple[str, array[int]]]:
        """All keys in order, each with its numbers."""
        if not self._runs:
            for key in sorted(self._lists):
                yield key, self._lists[key]
            return
        self._spill()
        runs = [read_items(self._run(number)) for number in range(self._runs)]
        current, numbers = "", array(self._typecode)
        for key, more in heapq.merge(*runs, key=itemgetter(0)):
            if key != current:
                if numbers:
                    yield current, numbers
                current, numbers = key, array(self._typecode)
            numbers.frombytes(more)
        if numbers:
            yield current, numbers

    def close(self) -> None:
        """Forget everything; to be called whatever happened."""
        for number in range(self._runs):
            os.unlink(self._run(number))
        self._runs, self._lists = 0, self._empty()

    def _grown(self, count: int) -> None:
        self._count = count
        if count > ENTRIES_IN_MEMORY_MAX or len(self._lists) > KEYS_IN_MEMORY_MAX:
            self._spill()

    def _spill(self) -> None:
        packer = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape")
        with open(self._run(self._runs), "wb") as file:
            for key in sorted(self._lists):
                file.write(packer.pack([key, self._lists[key].tobytes()]))
        self._runs += 1
        self._lists, self._count = self._empty(), 0

    def _empty(self) -> defaultdict[str, array[int]]:
        return defaultdict(partial(array, self._typecode))

    def _run(self, number: int) -> str:
        return f"{self._file}.run{number}"
