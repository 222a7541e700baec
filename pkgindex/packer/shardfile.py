"""Building shards: an SQLite file in the scratch directory, finished before anyone sees it.

`build_*` write the content; `seal` writes what the file says of itself, which is known when it is published, and hands
out what the manifest says of it.
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from pkgindex.errors import NoSpace, StoreError
from pkgindex.format import block, frame, lists, terms, tokens
from pkgindex.format.lists import Listing
from pkgindex.format.manifest import Shard
from pkgindex.format.shard import FORMATS, SCHEMA, WRITE_PRAGMAS, separator, storable
from pkgindex.packer.inverter import Inverter

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
    """Rows and lists that a text shard is made of."""

    def packages(self) -> Iterator[tuple[str, str]]:
        """(name, summary), in the order of names; they are numbered from 1. Read to its end before the others."""

    def postings(self) -> Iterator[tuple[str, array[int], bytes]]:
        """(term, ascending package numbers, worths), in the order of terms."""

    def attributes(self) -> Iterator[Listing]:
        """The lists, in the order of fields and tokens."""


def build_text(file: str, rows: Iterable[list[Any]]) -> Built | None:
    """A text shard of `[name, summary, impacts, keys]`, in the order of names; None when there are none."""
    inverted = _Inverted(file, rows)
    try:
        return build_text_from(file, inverted)
    finally:
        inverted.close()


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
        packer = frame.Packer()
        for number, (field, listings) in enumerate(lists.blocks(source.attributes()), 1):
            connection.execute("INSERT INTO lists VALUES (?, ?)", (number, packer.pack(lists.encode(listings))))
            connection.execute("INSERT INTO attributes VALUES (?, ?, ?)", (field, listings[0].token, number))
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


class _Inverted:
    """Rows as they come, and the lists that they make together."""

    def __init__(self, file: str, rows: Iterable[list[Any]]) -> None:
        self._rows = rows
        self._words = Inverter(f"{file}.words", "Q")
        self._keys = Inverter(f"{file}.keys", "I")

    def packages(self) -> Iterator[tuple[str, str]]:
        for number, (name, summary, impacts, keys) in enumerate(self._rows, 1):
            # The worth below the number, so that they go the same way together.
            self._words.add_each((word, number << 8 | worth) for word, worth in impacts.items())
            self._keys.add(number, keys)
            self._keys.add(number, tokens.name_keys(name))
            yield name, summary

    def postings(self) -> Iterator[tuple[str, array[int], bytes]]:
        for word, entries in self._words.lists():
            yield word, array("I", [entry >> 8 for entry in entries]), bytes([entry & 255 for entry in entries])

    def attributes(self) -> Iterator[Listing]:
        for key, numbers in self._keys.lists():
            yield Listing(*tokens.split(key), numbers)

    def close(self) -> None:
        self._words.close()
        self._keys.close()


class _writing:
    """A new SQLite file with the schema of its kind, in one transaction; removed again when anything goes wrong."""

    def __init__(self, file: str, kind: str) -> None:
        self._file = file
        self._guard = _failing_as_ours(file)
        with self._guard:
            self._connection = sqlite3.connect(file, isolation_level=None)
            self._connection.executescript(f"{WRITE_PRAGMAS} PRAGMA user_version = {FORMATS[kind]}; {SCHEMA[kind]}")
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
    # The first eight bits say what it is, the others how it came to that.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    refused = code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)
    if code == sqlite3.SQLITE_FULL or (refused and _is_full(os.path.dirname(file))):
        return NoSpace(f"{file}: the disk is full ({error}): free some space, and run it again; nothing was lost")
    return StoreError(f"{file}: a shard cannot be built ({error}): see whether its disk is well and the quota not used up, "
                      "and run it again")


def _is_full(directory: str) -> bool:
    """Whether a file more has no room there: SQLite says then that it cannot open it, and not why."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return False
    return (found.f_blocks > 0 and found.f_bavail == 0) or (found.f_files > 0 and found.f_favail == 0)


def _compact(draft: str, file: str) -> None:
    """Without the pages that FTS5 left behind while it merged (40 % of them), and with what belongs together in a row."""
    with _failing_as_ours(file):
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("VACUUM INTO ?", (file,))
        finally:
            connection.close()
