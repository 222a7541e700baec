"""The table: what was measured, what it must reach, and what others took in the same run. Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

YES, NO, NOT_MEASURED = "yes", "**NO**", "not measured"
# The units of which more is better.
RANK = "rank"
RATE = "a second"


class Beside(NamedTuple):
    """Another tool on the same question: what it took, or why it was not asked, and how its answer compares."""

    name: str
    measured: float | None
    unit: str = "s"
    missing: str = ""
    answers: str = ""


class Row(NamedTuple):
    """A line of the table. `measured` and `target` are in `unit`: seconds, bytes, KiB, `x` for a ratio, `RANK`, or `RATE`.

    `reached` overrules the comparison of the two where a row promises more than one figure.
    """

    what: str
    measured: float | None
    target: float | None = None
    unit: str = "s"
    beside: tuple[Beside, ...] = ()
    answers: str = ""
    shown: str = ""
    wanted: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        if self.measured is None and self.reached is None:
            return NOT_MEASURED
        if self.reached is not None:
            return YES if self.reached else NO
        if self.target is None or self.measured is None:
            return "-"
        return YES if self.measured < self.target else NO


HEAD = ("what", "pkgindex", "reach", "reached", "beside it", "took", "ratio", "answers")


def figure(value: float, unit: str) -> str:
    """A measured value, to three digits.

    >>> figure(0.0000441, "s"), figure(0.0123, "s"), figure(43.7, "s"), figure(98578432, "bytes"), figure(170.2, "KiB")
    ('0.044 ms', '12.3 ms', '43.7 s', '98.6 MB', '170 KiB')
    >>> figure(3.14159, "x"), figure(0.6123, "s"), figure(0.5, RANK), figure(61234.5, RATE)
    ('3.1x', '612 ms', '0.50', '61,234 a second')
    """
    if unit == "s":
        return f"{value:.1f} s" if value >= 1 else _milliseconds(value * 1000)
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if unit == "KiB":
        return f"{value:,.0f} KiB"
    if unit == RANK:
        return f"{value:.2f}"
    if unit == RATE:
        return f"{value:,.0f} a second"
    return f"{value:.1f}x"


def _milliseconds(value: float) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:.{digits}f} ms"


def ratio(row: Row, beside: Beside) -> str:
    """How many times more the other one took; nothing where it is no matter of taking."""
    if row.measured is None or beside.measured is None or row.measured <= 0 or RANK in (row.unit, beside.unit):
        return "-"
    if row.unit != beside.unit:
        return "-"
    if row.unit == RATE:
        return f"{row.measured / beside.measured:.2g}x"
    return f"{beside.measured / row.measured:.2g}x" if beside.measured < 10 * row.measured else (
        f"{beside.measured / row.measured:,.0f}x")


def cells(row: Row) -> list[tuple[str, ...]]:
    """The lines of the table for *row*: one for each tool beside it."""
    measured = row.shown or (NOT_MEASURED if row.measured is None else figure(row.measured, row.unit))
    wanted = row.wanted or ("-" if row.target is None else f"under {figure(row.target, row.unit)}")
    own = (row.what, measured, wanted, row.verdict)
    if not row.beside:
        return [(*own, "-", "-", "-", row.answers or "-")]
    found: list[tuple[str, ...]] = []
    for place, other in enumerate(row.beside):
        took = other.missing or figure(other.measured or 0.0, other.unit)
        answers = "; ".join(text for text in (row.answers if place == 0 else "", other.answers) if text)
        found.append((*(own if place == 0 else ("", "", "", "")), other.name, took, ratio(row, other), answers or "-"))
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table that also reads well as plain text.

    >>> print(table(("a", "what"), [("1", "x|y")]))
    | a | what |
    |---|------|
    | 1 | x\\|y |
    """
    body = [[cell.replace("|", "\\|") for cell in row] for row in [head, *rows]]
    widths = [max(len(row[place]) for row in body) for place in range(len(head))]
    written = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in body]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([written[0], rule, *written[1:]])


def short_of(rows: Iterable[Row]) -> list[Row]:
    """The rows that do not reach what they must."""
    return [row for row in rows if row.verdict in (NO, NOT_MEASURED)]
