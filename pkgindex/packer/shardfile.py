"""Building shards: an SQLite file in the scratch directory, finished before anyone sees it.

`build_*` write the content; `seal` writes what the file says of itself, which is known when it is published, and hands
out what the manifest says of it.
"""

from __future__ import annotations

import heapq
import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple, Protocol
from zlib import crc32

import msgpack

from pkgindex.errors import NoSpace, StoreError
from pkgindex.format import block, frame, terms
from pkgindex.format.manifest import Shard
from pkgindex.format.shard import SCHEMA, WRITE_PRAGMAS, separator, storable
from pkgindex.packer.collect import read_items

POSTINGS_IN_MEMORY_MAX = 4_000_000
HASH_BYTES = 1 << 20


class Built(NamedTuple):
    """A shard's file without its name."""

    file: str
    kind: str
    packages: int
    rows: int
    first: bytes = b""
    last: bytes = b""


class TextSource(Protocol):
    """Rows and posting lists that a text shard is made of."""

    def packages(self) -> Iterator[tuple[str, str]]:
        """(name, summary), in the order of names; they are numbered from 1. Read to its end before `postings`."""

    def postings(self) -> Iterator[tuple[str, array[int], bytes]]:
        """(term, ascending package numbers, worths), in the order of terms."""


def build_text(file: str, rows: Iterable[list[Any]]) -> Built | None:
    """A text shard of `[name, summary, impacts]`, in the order of names; None when there are none."""
    inverter = _Inverter(file, rows)
    try:
        return build_text_from(file, inverter)
    finally:
        inverter.close()


def build_text_from(file: str, source: TextSource) -> Built | None:
    """A text shard of *source*; None when it has no packages."""
    count = 0
    with _writing(file, "text") as connection:
        for count, (name, summary) in enumerate(source.packages(), 1):
            connection.execute("INSERT INTO packages VALUES (?, ?, ?)", (count, storable(name), storable(summary)))
        connection.executemany(
            "INSERT INTO terms (term, postings) VALUES (?, ?)",
            ((storable(term), terms.encode_postings(ids, worths)) for term, ids, worths in source.postings()),
        )
    if count:
        return Built(file, "text", count, count)
    os.unlink(file)
    return None


def build_paths(file: str, chunks: Iterable[list[bytes]]) -> Built | None:
    """A paths shard of pairs in order, given in lists of any length; None when there are none."""
    packer = frame.Packer(block.LEVEL)
    owners: set[bytes] = set()
    count = number = 0
    first = last = b""
    draft = f"{file}.draft"
    with _writing(draft, "paths") as connection:
        connection.execute("INSERT INTO trigrams (trigrams, rank) VALUES ('hashsize', ?)", (HASH_BYTES,))
        for number, pairs in enumerate(_cut(chunks), 1):
            text, trigrams = block.encode(pairs)
            connection.execute("INSERT INTO blocks VALUES (?, ?)", (number, packer.pack(text)))
            connection.execute("INSERT INTO trigrams (rowid, text) VALUES (?, ?)", (number, trigrams))
            connection.execute("INSERT INTO keys VALUES (?, ?)", (separator(last, pairs[0]), number))
            owners.update([pair[pair.rindex(b"\t") + 1 :] for pair in pairs])
            first = first or pairs[0]
            last = pairs[-1]
            count += len(pairs)
        connection.execute("INSERT INTO trigrams (trigrams) VALUES ('optimize')")
    if number:
        _compact(draft, file)
    os.unlink(draft)
    return Built(file, "paths", len(owners), count, first, last) if number else None


def seal(built: Built, number: int, stamp: str) -> Shard:
    """Write into the file what it is, and say what the manifest must know of it."""
    with _failing_as_ours(built.file):
        connection = sqlite3.connect(built.file, isolation_level=None)
        try:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            connection.executemany(
                "INSERT OR REPLACE INTO facts VALUES (?, ?)",
                [("kind", built.kind), ("number", number), ("stamp", stamp),
                 ("packages", built.packages), ("rows", built.rows)],
            )
        finally:
            connection.close()
    size, checksum = measure(built.file)
    return Shard(built.kind, number, stamp, size, checksum, built.packages, built.rows, built.first, built.last)


def measure(file: str) -> tuple[int, str]:
    """Size and checksum of a file."""
    size = checksum = 0
    with open(file, "rb") as opened:
        while chunk := opened.read(1 << 20):
            size += len(chunk)
            checksum = crc32(chunk, checksum)
    return size, f"{checksum:08x}"


def _cut(chunks: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
    """Lists of `block.LINES` pairs, of which none is like the one before."""
    rest: list[bytes] = []
    for chunk in chunks:
        pairs = rest + chunk
        end = len(pairs) - len(pairs) % block.LINES
        for start in range(0, end, block.LINES):
            yield pairs[start : start + block.LINES]
        rest = pairs[end:]
    if rest:
        yield rest


class _Inverter:
    """Turns words by package into packages by word, in bounded memory: what is too much goes to sorted runs."""

    def __init__(self, file: str, rows: Iterable[list[Any]]) -> None:
        self._file = file
        self._rows = rows
        self._runs = 0
        self._count = 0
        self._lists: dict[str, tuple[array[int], bytearray]] = {}

    def packages(self) -> Iterator[tuple[str, str]]:
        for number, (name, summary, impacts) in enumerate(self._rows, 1):
            self._add(number, impacts)
            yield name, summary

    def _add(self, number: int, impacts: dict[str, int]) -> None:
        lists = self._lists
        for word, worth in impacts.items():
            try:
                ids, worths = lists[word]
            except KeyError:
                ids, worths = lists[word] = (array("I"), bytearray())
            ids.append(number)
            worths.append(worth)
        self._count += len(impacts)
        if self._count > POSTINGS_IN_MEMORY_MAX:
            self._spill()

    def postings(self) -> Iterator[tuple[str, array[int], bytes]]:
        """All lists, in the order of words."""
        if not self._runs:
            for word in sorted(self._lists):
                ids, worths = self._lists[word]
                yield word, ids, bytes(worths)
            return
        self._spill()
        runs = [read_items(self._run(number)) for number in range(self._runs)]
        current, ids, worths = "", array("I"), bytearray()
        for word, more, values in heapq.merge(*runs, key=itemgetter(0)):
            if word != current:
                if ids:
                    yield current, ids, bytes(worths)
                current, ids, worths = word, array("I"), bytearray()
            ids.frombytes(more)
            worths += values
        if ids:
            yield current, ids, bytes(worths)

    def close(self) -> None:
        for number in range(self._runs):
            os.unlink(self._run(number))

    def _spill(self) -> None:
        packer = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape")
        with open(self._run(self._runs), "wb") as file:
            for word in sorted(self._lists):
                ids, worths = self._lists[word]
                file.write(packer.pack([word, ids.tobytes(), bytes(worths)]))
        self._runs += 1
        self._lists, self._count = {}, 0

    def _run(self, number: int) -> str:
        return f"{self._file}.run{number}"


class _writing:
    """A new SQLite file with the schema of its kind, in one transaction; removed again when anything goes wrong."""

    def __init__(self, file: str, kind: str) -> None:
        self._file = file
        self._guard = _failing_as_ours(file)
        with self._guard:
            self._connection = sqlite3.connect(file, isolation_level=None)
            self._connection.executescript(WRITE_PRAGMAS + SCHEMA[kind])
            self._connection.execute("BEGIN")

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                with self._guard:
                    self._connection.execute("COMMIT")
        finally:
            self._connection.close()
        if isinstance(error, sqlite3.Error):
            raise _ours(error, self._file) from error


class _failing_as_ours:
    def __init__(self, file: str) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise _ours(error, self._file) from error


def _ours(error: sqlite3.Error, file: str) -> StoreError:
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
        return NoSpace(f"{file}: the disk is full ({error}); free some space: what was submitted is still in the spool")
    return StoreError(f"{file}: a shard cannot be built ({error})")


def _compact(draft: str, file: str) -> None:
    """Without the pages that FTS5 left behind while it merged (40 % of them), and with what belongs together in a row."""
    with _failing_as_ours(file):
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("VACUUM INTO ?", (file,))
        finally:
            connection.close()
