"""Ranges of versions as npm writes them, as relations of ours.

    ^1.2.3   ~1.2   1.x   1.2.3 - 2   >=1 <3 || 4.*   latest   npm:other@^2   github:owner/repository
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pkgindex.model.package import Relation
from pkgindex.sources.hosts.constraints import Bound, numbers, operator, relations

_PART = re.compile(r"(\^|~>?|>=|<=|>|<|=)?\s*v?([0-9xX*]+(?:\.[0-9xX*]+){0,2})(-[0-9A-Za-z.-]+)?(?:\+\S*)?")
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_ALIAS = re.compile(r"npm:(@?[^@]+)(?:@(.*))?")
_ANY = frozenset(("", "x", "X", "*"))
# Before the first release of all that begin so: what `<2.0.0` means to npm keeps 2.0.0-beta out.
_FIRST = "-0"


def wanted(dependencies: Mapping[str, str]) -> list[Relation]:
    """The relations of a `dependencies` object."""
    found: list[Relation] = []
    for name, text in dependencies.items():
        alias = _ALIAS.fullmatch(text)
        found += relations(alias[1] if alias else name, choices((alias[2] or "*") if alias else text))
    return found


def choices(text: str) -> list[list[Bound]]:
    """The bounds of each choice; none for what is no range, as an address or a tag.

    >>> choices("^1.2.3"), choices("~1.2"), choices("1.2.3 - 2.3"), choices("latest")
    ([[('>=', '1.2.3'), ('<<', '2.0.0-0')]], [[('>=', '1.2.0'), ('<<', '1.3.0-0')]], \
[[('>=', '1.2.3'), ('<<', '2.4.0-0')]], [[]])
    >>> choices("^0.2.3 || 1.x"), choices(">1.2"), choices("*")
    ([[('>=', '0.2.3'), ('<<', '0.3.0-0')], [('>=', '1.0.0'), ('<<', '2.0.0-0')]], [[('>=', '1.3.0')]], [[]])
    """
    return [_bounds(choice) for choice in text.split("||")]


def _bounds(choice: str) -> list[Bound]:
    hyphen = _HYPHEN.fullmatch(choice)
    if hyphen:
        choice = f">={hyphen[1]} <={hyphen[2]}"
    found: list[Bound] = []
    at = 0
    choice = choice.strip()
    while at < len(choice):
        match = _PART.match(choice, at)
        if match is None:
            return []
        found += _bound(match[1] or "=", match[2], match[3] or "")
        at = match.end()
        at += len(choice[at:]) - len(choice[at:].lstrip(" ,"))
    return found


def _bound(sign: str, version: str, before: str) -> list[Bound]:
    known = _known(version)
    if not known:
        return []
    low = _full(known) + before
    if sign == "^":
        place = next((place for place, number in enumerate(known) if number), len(known) - 1)
        return [(">=", low), ("<<", _after(known, place))]
    if sign.startswith("~"):
        return [(">=", low), ("<<", _after(known, min(1, len(known) - 1)))]
    if len(known) == 3:
        return [(operator(sign), low)]
    # What is left open is all of it: >1.2 begins with 1.3, <=1.2 ends before it.
    after = _after(known, len(known) - 1)
    partial: dict[str, list[Bound]] = {
        "=": [(">=", low), ("<<", after)], ">": [(">=", after.removesuffix(_FIRST))], "<=": [("<<", after)],
        "<": [("<<", low + _FIRST)], ">=": [(">=", low)],
    }
    return partial[sign]


def _known(version: str) -> list[int]:
    """The numbers up to the first that is left open."""
    parts = version.split(".")
    open_at = next((place for place, part in enumerate(parts) if part in _ANY or not part.isdecimal()), len(parts))
    return numbers(".".join(parts[:open_at])) if open_at else []


def _full(numbers: list[int]) -> str:
    return ".".join(map(str, [*numbers, 0, 0][:3]))


def _after(numbers: list[int], place: int) -> str:
    return _full([*numbers[:place], numbers[place] + 1]) + _FIRST
