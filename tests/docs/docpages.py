"""Reading the pages in docs/: their tables, as tests compare them with the code."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
DOCS = PROJECT / "docs"

Row = dict[str, str]


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under *heading*, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", without_fences(text(page)), re.MULTILINE | re.DOTALL)
    assert found, f"docs/{page} has no heading {heading!r}"
    return found[1]


def without_fences(markdown: str) -> str:
    """The page without its fenced blocks: a `#` in them is a comment of a shell."""
    return re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)


def tables(page: str, heading: str) -> list[list[Row]]:
    """The tables of a section; each row maps the heads of its columns to their cells."""
    found: list[list[Row]] = []
    heads: list[str] = []
    for line in section(page, heading).splitlines():
        if not line.startswith("|"):
            heads = []
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not heads:
            heads = cells
            found.append([])
        elif set(line) - set("|-: "):
            found[-1].append(dict(zip(heads, cells, strict=True)))
    return found


def column(page: str, heading: str, head: str) -> list[str]:
    """The cells of the column *head* of the first table that has it, without backticks."""
    for rows in tables(page, heading):
        if rows and head in rows[0]:
            return [row[head].strip("`") for row in rows]
    raise AssertionError(f"docs/{page}, {heading}: no table has a column {head!r}")
