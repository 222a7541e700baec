"""The tables of docs/reliability.md, each between two marks, as its battery prints it."""

from __future__ import annotations

import os
from collections.abc import Sequence

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(PROJECT, "docs", "reliability.md")


def read(name: str) -> list[list[str]]:
    """The rows between the marks of *name*, without the heads."""
    with open(PAGE, encoding="utf-8") as file:
        marked = file.read().partition(f"<!-- {name}: begin -->\n")[2].partition(f"<!-- {name}: end -->")[0]
    lines = [line for line in marked.splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def write(name: str, rows: Sequence[Sequence[str]]) -> None:
    """Put *rows*, of which the first are the heads, between the marks of *name*."""
    heads, *rest = rows
    table = "".join(f"| {' | '.join(row)} |\n" for row in (heads, ["---"] * len(heads), *rest))
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    with open(PAGE, encoding="utf-8") as file:
        before, marked, rest_of_page = file.read().partition(begin)
    if not marked:
        raise ValueError(f"{PAGE} has no place for {name!r}: it needs a line {begin.strip()!r}")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(before + begin + table + end + rest_of_page.partition(end)[2])
