"""The attribute lists of one text shard: which packages carry a token in a field.

A block is found by the first token in it, and is believed when it begins with that. The blocks that were looked into last
are remembered, so that asking how long a list is and then for the list costs one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pkgindex.errors import Corrupt
from pkgindex.format import frame, lists
from pkgindex.format.envelope import REMEDY
from pkgindex.format.lists import Block
from pkgindex.format.tokens import BARE, SIMILAR, listable
from pkgindex.store.shards import ShardFile

BLOCKS_MAX = 32
# Above everything that begins so, and below all that does not.
_LAST = "\U0010ffff"

_FIND = "SELECT first, block FROM attributes WHERE field = ? AND first <= ? ORDER BY first DESC LIMIT 1"
_RANGE = """
SELECT first, frame FROM attributes LEFT JOIN lists ON lists.id = attributes.block
WHERE field = ? AND first >= coalesce((SELECT max(first) FROM attributes WHERE field = ? AND first <= ?), '') AND first < ?
ORDER BY first
"""


class Attributes:
    """Numbers here are of all packages of the shard, also of those that no longer count."""

    def __init__(self, file: ShardFile) -> None:
        self._file = file
        self._unpacker = frame.Unpacker()
        self._known: dict[int, Block] = {}

    def fields(self) -> list[str]:
        """The fields that packages carry, in order."""
        found = [field for (field,) in self._file.rows("SELECT DISTINCT field FROM attributes ORDER BY field")]
        if not all(isinstance(field, str) for field in found):
            raise Corrupt(f"{self._file.name}: {found!r} for the names of fields; {REMEDY}")
        return [field for field in found if field not in (BARE, SIMILAR)]

    def numbers(self, field: str, token: str) -> list[int]:
        """The packages that carry *token* in *field*."""
        block, place = self._find(field, token)
        return block.numbers(place) if block is not None else []

    def count(self, field: str, token: str) -> int:
        """How many they are."""
        block, place = self._find(field, token)
        return block.counts[place] if block is not None else 0

    def like(self, field: str, beginning: str, fits: Callable[[str], bool]) -> Iterator[tuple[str, list[int]]]:
        """The tokens of *field* that begin so and fit, in order, each with its packages."""
        field, beginning = listable(field), listable(beginning)
        for first, packed in self._file.rows(_RANGE, field, field, beginning, beginning + _LAST):
            block = self._decoded(packed, first)
            for place in range(block.place(beginning), len(block.tokens)):
                token = block.tokens[place]
                if not token.startswith(beginning):
                    return
                if fits(token):
                    yield token, block.numbers(place)

    def _find(self, field: str, token: str) -> tuple[Block | None, int]:
        """The block that *token* stands in, and where; None when it stands nowhere."""
        token = listable(token)
        row = self._file.row(_FIND, listable(field), token)
        if row is None:
            return None, 0
        block = self._block(*row)
        place = block.place(token)
        return (block, place) if place < len(block.tokens) and block.tokens[place] == token else (None, 0)

    def _block(self, first: str, number: int) -> Block:
        found = self._known.get(number)
        if found is None:
            row = self._file.row("SELECT frame FROM lists WHERE id = ?", number)
            found = self._decoded(row[0] if row is not None else None, first)
            if len(self._known) >= BLOCKS_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[number] = found
        return found

    def _decoded(self, packed: bytes | None, first: str) -> Block:
        try:
            if packed is None:
                raise ValueError("it is missing")
            block = lists.decode(packed, self._unpacker)
            if block.tokens[0] != first:
                raise ValueError(f"it begins with {block.tokens[0]!r}")
        except (TypeError, ValueError) as error:
            name = self._file.name
            raise Corrupt(f"{name}: the block of lists from {first!r} on is damaged ({error}); {REMEDY}") from error
        return block
