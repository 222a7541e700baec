"""The order of semantic versions (semver.org, 2.0.0): `1.2.3-rc.1+build`.

Read leniently, because questions and registries are: a `v` in front, fewer numbers than three (those that are missing are
zero) or more, zeros in front. What does not begin so comes before all that does, by its text.
"""

from __future__ import annotations

import re

from pkgindex.model.versions.digits import Number, number

_VERSION = re.compile(r"[vV]?([0-9]+(?:\.[0-9]+)*)(?:-([^+]*))?(?:\+.*)?", re.DOTALL)


def key(version: str) -> tuple[object, ...]:
    """The sort key of *version*; what was built of it makes no difference.

    >>> key("1.0.0-alpha.2") < key("1.0.0-alpha.10") < key("1.0.0-alpha.b") < key("1.0.0") < key("1.0.1")
    True
    >>> key("v1.2") == key("1.2.0+build.7")
    True
    """
    text = version.strip()
    match = _VERSION.fullmatch(text)
    if match is None:
        return 0, text
    numbers, before = match.groups()
    return 1, _numbers(numbers), (1,) if before is None else (0, *map(_identifier, before.split(".")))


def _numbers(text: str) -> tuple[Number, ...]:
    found = [number(digits) for digits in text.split(".")]
    while found and found[-1] == number(""):
        found.pop()
    return tuple(found)


def _identifier(text: str) -> tuple[int, Number | str]:
    """Numbers come before words; words are in the order of ASCII."""
    return (0, number(text)) if text.isascii() and text.isdigit() else (1, text)
