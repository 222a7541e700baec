"""Moments as people write them: so long ago, a day, or the number of a generation."""

from __future__ import annotations

from typing import NamedTuple

from pkgindex.cli.declare import DIGITS_MAX
from pkgindex.errors import BadInput

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
WAYS = "so long ago (90m, 12h, 7d, 2w), or a day (2026-11-01)"


class Moment(NamedTuple):
    """Seconds since 1970; or the generation whose publish is meant."""

    seconds: float = 0.0
    generation: int = 0


def since(text: str, now: float, generations: bool = False) -> Moment:
    """The moment that `--since` names, with *generations* also by a number. Raises `BadInput`.

    >>> since("2h", 10_000.0), since("42", 0.0, True)
    (Moment(seconds=2800.0, generation=0), Moment(seconds=0.0, generation=42))
    """
    number, unit = text[:-1], text[-1:]
    if unit in UNITS and number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX:
        return Moment(now - int(number) * UNITS[unit])
    if generations and text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and int(text):
        return Moment(generation=int(text))
    from datetime import datetime

    try:
        if not text.isdigit():
            return Moment(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        pass
    raise BadInput(f"--since {text!r}: {WAYS}{', or the number of a generation' if generations else ''}")
