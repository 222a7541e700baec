"""Runs of digits as numbers of any length: Python refuses to read more than some thousand digits, and versions have them."""

from __future__ import annotations

Number = tuple[int, str]


def number(digits: str) -> Number:
    """*digits* (ASCII, none at all is zero) as a pair that compares as the number does.

    >>> number("007") == number("7") < number("10") < number("9" * 5000)
    True
    """
    digits = digits.lstrip("0")
    return len(digits), digits
