"""Versions that a relation asks for, in the spellings of several managers, as relations of ours.

A range is a conjunction, a relation one of several alternatives with one bound each: `a >=1,<2` is two relations, and
`a 1.* || 2.*` is what must hold of every such choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product
from math import prod

from pkgindex.model.package import Alternative, Relation

# An operator of ours and a version.
Bound = tuple[str, str]

_OPERATORS = {"<": "<<", ">": ">>", "<=": "<=", ">=": ">=", "=": "=", "==": "=", "===": "="}
_BOUND = re.compile(r"(?P<name>[^<>=~\s]+?)\s*(?:(?P<operator>[<>=~]{1,3})\s*(?P<version>\S+))?")
# Of more choices only the name is kept: what they come to grows with each, and with the bounds of each.
CHOICES_MAX = 3
ALTERNATIVES_MAX = 256
_DIGITS_MAX = 18


def operator(text: str) -> str:
    """Ours for `<`, `==` and the like; empty for one that says nothing alone."""
    return _OPERATORS.get(text, "")


def bound(text: str) -> Alternative | None:
    """`name>=1.2`, as pacman and apk write it; None for what is no such text.

    >>> bound("glibc>=2.38"), bound("so:libc.musl-x86_64.so.1"), bound("a b")
    (Alternative(name='glibc', qualifier='', operator='>=', version='2.38', architectures='', profiles=''), \
Alternative(name='so:libc.musl-x86_64.so.1', qualifier='', operator='', version='', architectures='', profiles=''), None)
    """
    match = _BOUND.fullmatch(text)
    if match is None:
        return None
    name, sign, version = match.groups()
    if "~" in (sign or ""):  # apk: of that version, however much of it is said
        return Alternative(name, operator=">=", version=version)
    return Alternative(name, operator=operator(sign or ""), version=version) if operator(sign or "") else Alternative(name)


def relations(name: str, choices: Iterable[Sequence[Bound]], profiles: str = "") -> list[Relation]:
    """What *name* must be, by one of *choices*, each of several bounds that hold together.

    >>> [[found.written for found in relation] for relation in relations("a", [[(">=", "1"), ("<<", "2")]])]
    [['a (>= 1)'], ['a (<< 2)']]
    >>> [[found.written for found in relation] for relation in relations("a", [[("=", "1")], [(">=", "2"), ("<<", "3")]])]
    [['a (= 1)', 'a (>= 2)'], ['a (= 1)', 'a (<< 3)']]
    """
    listed = list(choices)
    if len(listed) > CHOICES_MAX or not all(listed) or prod(map(len, listed)) > ALTERNATIVES_MAX:
        return [(Alternative(name, profiles=profiles),)]
    found: dict[Relation, None] = {}
    for chosen in product(*listed):
        alternatives = dict.fromkeys(Alternative(name, "", sign, version, "", profiles) for sign, version in chosen)
        found[tuple(alternatives)] = None
    return list(found)


def numbers(release: str) -> list[int]:
    """The numbers of *release*, digits with dots between them; up to the first of so many digits that nobody counts so far.

    >>> numbers("1.04.2"), numbers("1." + "9" * 5000)
    ([1, 4, 2], [1])
    """
    parts = release.split(".")
    known = next((place for place, part in enumerate(parts) if len(part) > _DIGITS_MAX), len(parts))
    return [int(part) for part in parts[:known]]


def following(release: Sequence[int], place: int) -> str:
    """The first version after all that begin as *release* does up to *place*.

    >>> following((1, 4, 2), 1), following((1,), 0)
    ('1.5', '2')
    """
    return ".".join(map(str, (*release[:place], release[place] + 1)))
