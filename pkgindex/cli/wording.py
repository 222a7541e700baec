"""Lists, sizes and progress as people read them."""

from __future__ import annotations

from collections.abc import Iterable

BAR_CHARACTERS = 20


def describe(words: Iterable[str], most: int = 20) -> str:
    """A list in a sentence, cut where it is long."""
    found = list(words)
    return ", ".join(found[:most]) + (f" and {len(found) - most:,} more" if len(found) > most else "")


def size(count: float) -> str:
    """Bytes for people.

    >>> size(999), size(104_857_600)
    ('999 B', '100.0 MiB')
    """
    if count < 1 << 10:
        return f"{count:.0f} B"
    unit, shift = ("KiB", 10) if count < 1 << 20 else ("MiB", 20) if count < 1 << 30 else ("GiB", 30)
    return f"{count / (1 << shift):,.1f} {unit}"


def with_bar(words: str) -> str:
    """Words that end in `3 of 4`, with a bar that shows how far that is.

    >>> with_bar("writing packages, 3 of 4"), with_bar("reading Packages.xz")
    ('writing packages, 3 of 4  [###############.....]', 'reading Packages.xz')
    """
    rest, _, total = words.rpartition(" of ")
    done = rest.rpartition(" ")[2]
    if not (done.isdigit() and total.isdigit() and int(total) > 0 and int(done) <= int(total)):
        return words
    filled = BAR_CHARACTERS * int(done) // int(total)
    return f"{words}  [{'#' * filled}{'.' * (BAR_CHARACTERS - filled)}]"
