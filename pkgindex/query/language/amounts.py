"""Numbers as people write them, for what is compared by size."""

from __future__ import annotations

# More than any disk holds, and few enough that reading them costs nothing.
DIGITS_MAX = 18
_LETTERS = "KMGTIBkmgtib "
_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_UNITS |= {f"{sign}{tail}": _UNITS[sign] for sign in "KMGT" for tail in ("B", "IB")}


def size_bytes(text: str) -> int | None:
    """How many bytes *text* says, in units of 1024; None when it is no size.

    >>> [size_bytes(text) for text in ("10", "1.5k", "2 MiB", "3GB", "banana", "-1", "10iB")]
    [10, 1536, 2097152, 3221225472, None, None, None]
    """
    number = text.rstrip(_LETTERS)
    unit = _UNITS.get(text[len(number) :].strip().upper())
    whole, point, fraction = number.partition(".")
    if unit is None or not is_number(whole) or (point and not is_number(fraction)):
        return None
    tenths: int = 10 ** len(fraction)
    return int(whole + fraction) * unit // tenths


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
