"""The table of what was fuzzed, in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import marked

HEADS = ("reader", "bytes at most", "guided by coverage", "of them a second", "changed at random", "of these a second",
         "findings")
MARK = "fuzz"


class Row(NamedTuple):
    """Rates are of the processor's seconds, with what the start took; 0 where nothing was tried in that way."""

    target: str
    bytes_max: int
    guided: int
    guided_rate: int
    changed: int
    changed_rate: int
    findings: int

    def cells(self) -> list[str]:
        return [self.target, *(f"{number:,}" for number in self[1:])]


def write(row: Row, order: Sequence[str]) -> None:
    """*row* in the place of the one that was there; the others stay, those of targets that are no more go."""
    rows = {cells[0]: cells for cells in (*marked.read(MARK), row.cells())}
    marked.write(MARK, [HEADS, *(rows[name] for name in order if name in rows)])
