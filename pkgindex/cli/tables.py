"""Rows under heads: a whole table, and one that begins before its last row is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from pkgindex.cli.templates import value

if TYPE_CHECKING:
    from pkgindex.cli.output import Output

# The widths are those of so many rows: what follows may be a whole distribution, and is not kept.
WIDTH_ROWS = 1000


def table(output: Output, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], right: frozenset[int]) -> Iterator[str]:
    """Rows under their heads, as wide as they need; columns in *right* end at the same place."""
    cells = [heads, *[tuple([output.safe(cell) for cell in row]) for row in rows]]
    line = _liner(cells, right)
    for number, row in enumerate(cells):
        yield output.paint(line(row), "faint") if number == 0 else line(row)


def columns(output: Output, fields: Sequence[str], header: bool, records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The *fields* of each record side by side, numbers to the right, as wide as the first rows need.

    Raises `BadInput` for a field that a record has not.
    """
    iterator = iter(records)
    first = list(islice(iterator, WIDTH_ROWS))
    right = frozenset(place for place, field in enumerate(fields) if first and _is_number(first[0].get(field)))
    heads = tuple(field.upper() for field in fields)
    rows = [tuple([output.safe(value(record, field)) for field in fields]) for record in first]
    line = _liner([heads, *rows] if header else rows, right)
    if header and first:
        yield output.paint(line(heads), "faint")
    further = (tuple([output.safe(value(record, field)) for field in fields]) for record in iterator)
    yield from map(line, chain(rows, further))


def _liner(cells: Sequence[tuple[str, ...]], right: frozenset[int]) -> Callable[[tuple[str, ...]], str]:
    """What makes a line of a row, the columns as wide as in *cells*."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: tuple[str, ...]) -> str:
        padded = [cell.rjust(width) if place in right else cell.ljust(width)
                  for place, (cell, width) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(padded).rstrip()

    return line


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool)
