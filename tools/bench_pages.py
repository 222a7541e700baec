"""Pages of which a part is measured: what stands between two marks is written by the benchmark, the rest by people."""

from __future__ import annotations

import os

from environment import PROJECT

BEGIN, END = "<!-- measured by `dev.py bench {name}` -->", "<!-- end of what was measured -->"


def write(page: str, name: str, measured: str) -> None:
    """Put *measured* between the marks of *name* in *page*."""
    path = os.path.join(PROJECT, "docs", page)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(replaced(text, name, measured))


def marked(name: str, measured: str) -> str:
    """*measured* between its marks.

    >>> print(marked("tree", "figures"))
    <!-- measured by `dev.py bench tree` -->
    figures
    <!-- end of what was measured -->
    """
    return f"{BEGIN.format(name=name)}\n{measured}\n{END}"


def replaced(text: str, name: str, measured: str) -> str:
    """*text* with *measured* between the marks of *name*; it ends with them where there are none."""
    before, mark, rest = text.partition(BEGIN.format(name=name))
    if not mark:
        return f"{text.rstrip()}\n\n{marked(name, measured)}\n"
    return f"{before}{marked(name, measured)}{rest.partition(END)[2]}"
