"""Questions about files, over the paths shards of one generation.

A batch is a list of paths and the list of their packages; paths are text, with undecodable bytes as surrogates, and
begin with `/`. Two lists and not one of pairs: a common word has 400,000 hits, and each object is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pkgindex.errors import Corrupt
from pkgindex.format import block
from pkgindex.format.envelope import REMEDY
from pkgindex.format.frame import Unpacker
from pkgindex.store.shards import ShardFile

Batch = tuple[list[str], list[str]]
Select = Callable[[list[str]], list[int]]


class PathsShard:
    """One paths shard; of the packages in *hidden* it says nothing."""

    def __init__(self, file: ShardFile, hidden: frozenset[str]) -> None:
        self.shard = file.shard
        self.name = file.name
        self.hidden = hidden
        self._file = file
        self._unpacker = Unpacker()
        self._last: tuple[int, list[bytes], list[str]] = (0, [], [])

    def owners(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
        """(path, package) for each of *paths*, sorted and with newlines swapped, that is in the shard."""
        for path in paths:
            if self._is_within_last(path + b"\t"):
                yield from self._equal(path, *self._last[1:])
                continue
            for number in self._blocks_from(path + b"\t"):
                listed, owners = self._block(number)
                yield from self._equal(path, listed, owners)
                if block.pair(listed[-1], owners[-1]) > path + b"\t\xff":
                    break

    def below(self, beginning: bytes) -> Iterator[tuple[bytes, str]]:
        """(path, package) of all paths that begin so, in order."""
        for number in self._blocks_from(beginning):
            listed, owners = self._block(number)
            for path, owner in zip(listed, owners, strict=True):
                if path.startswith(beginning) and owner not in self.hidden:
                    yield path, owner
            if listed[-1][: len(beginning)] > beginning:
                break

    def matching(self, narrow: str, may: Callable[[str], bool], select: Select) -> Iterator[Batch]:
        """Batches of what *select* takes, in order: of a block's paths, the places of those that match.

        *narrow* is a full-text expression over trigrams that every block with a match fits (empty: there is none, all
        blocks are read); *may* says of a block's whole text whether a match is possible.
        """
        hidden = self.hidden
        for frame in self._frames(narrow):
            text = block.unpack(frame, self.name, self._unpacker)
            lines = block.paths_of(text).decode("utf-8", "surrogateescape")
            if not may(lines):
                continue
            paths = lines.split("\n")
            passed = select(paths)
            if not passed:
                continue
            owners = self._owners(text)
            if hidden:
                passed = [number for number in passed if owners[number] not in hidden]
            if len(passed) < len(paths):
                paths, owners = [paths[number] for number in passed], [owners[number] for number in passed]
            yield [path.replace("\0", "\n") for path in paths] if "\0" in lines else paths, owners

    def pairs(self) -> Iterator[tuple[bytes, str]]:
        """Every pair, dead ones too, in order."""
        for frame in self._frames(""):
            yield from block.decode(block.unpack(frame, self.name, self._unpacker), self.name)

    def cost(self, narrow: str, most: int) -> int:
        """How many blocks fit *narrow*, counted up to *most*."""
        counted = "SELECT count(*) FROM (SELECT 1 FROM trigrams WHERE trigrams MATCH ? LIMIT ?)"
        row = self._file.row(counted, narrow, most)
        return row[0] if row is not None else 0

    def _equal(self, path: bytes, listed: list[bytes], owners: list[str]) -> Iterator[tuple[bytes, str]]:
        if path in listed:
            # Not always side by side: pairs of a path with a tab in it may stand between.
            for number in range(listed.index(path), len(listed)):
                if listed[number] == path and owners[number] not in self.hidden:
                    yield path, owners[number]

    def _is_within_last(self, key: bytes) -> bool:
        """Whether all pairs that begin so stand in the block that was read last: many paths are asked in order.

        Keys that begin alike are of paths with tabs in them, whose pairs are not side by side.
        """
        if not self._last[1]:
            return False
        first, last = self._last[1][0] + b"\t", self._last[1][-1] + b"\t"
        return first < key < last and not key.startswith(first) and not last.startswith(key)

    def _blocks_from(self, key: bytes) -> Iterator[int]:
        found = self._file.row("SELECT block FROM keys WHERE first <= ? ORDER BY first DESC LIMIT 1", key)
        first = found[0] if found else 1
        if not isinstance(first, int):
            raise Corrupt(f"{self.name}: {first!r} for the number of a block; {REMEDY}")
        blocks = (self.shard.rows + block.LINES - 1) // block.LINES
        return iter(range(first, blocks + 1))

    def _block(self, number: int) -> tuple[list[bytes], list[str]]:
        if self._last[0] != number:
            row = self._file.row("SELECT frame FROM blocks WHERE id = ?", number)
            if row is None:
                raise Corrupt(f"{self.name}: block {number} is missing; {REMEDY}")
            text = block.unpack(row[0], self.name, self._unpacker)
            self._last = (number, block.paths_of(text).split(b"\n"), self._owners(text))
        return self._last[1], self._last[2]

    def _frames(self, narrow: str) -> Iterator[bytes]:
        if narrow:
            rows = self._file.rows(
                "SELECT frame FROM trigrams JOIN blocks ON id = trigrams.rowid WHERE trigrams MATCH ? ORDER BY trigrams.rowid",
                narrow,
            )
            return (row[0] for row in rows)
        return self._all_frames()

    def _all_frames(self) -> Iterator[bytes]:
        self._file.expect_whole_read()
        try:
            for (frame,) in self._file.rows("SELECT frame FROM blocks ORDER BY id"):
                yield frame
        finally:
            self._file.expect_scattered_reads()

    def _owners(self, text: bytes) -> list[str]:
        try:
            return block.owners_of(text)
        except ValueError as error:
            raise Corrupt(f"{self.name}: a block whose packages cannot be read ({error}); {REMEDY}") from error
