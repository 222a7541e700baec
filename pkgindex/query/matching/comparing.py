"""`size>10M`, `version>=2.0`: values compared by order."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt
from typing import Any

from pkgindex.model.package import Release
from pkgindex.query.language.amounts import is_number, size_bytes
from pkgindex.query.language.tree import Term
from pkgindex.query.matching.facts import Facts

# What one of the field's own units is, in bytes.
SIZES = {"size": 1, "installed-size": 1024}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, "=": eq, ">=": ge, ">": gt}


def compare_test(term: Term, facts: Facts, release: Release | None = None) -> Callable[[str], bool]:
    """Whether a value of the term's field is on the right side of the term's value.

    Versions are compared as *release* orders them (None: as one that does not say how). Sizes are in bytes, and a number
    without a unit is in the field's own. Others are compared as numbers where both are, and else as text without case.
    """
    if term.field == "version":
        return _version_test(term, facts.ordering(release or Release()))
    if term.field in SIZES:
        return _size_test(term)
    return _plain_test(term)


def _version_test(term: Term, ordering: str) -> Callable[[str], bool]:
    from pkgindex.model.versions.orderings import version_test

    return version_test(term.operator, term.value, ordering)


def _size_test(term: Term) -> Callable[[str], bool]:
    compare, unit = _COMPARISONS[term.operator], SIZES[term.field]
    asked = _bytes(term.value, unit)

    def test(value: str) -> bool:
        found = _bytes(value, unit)
        return asked is not None and found is not None and compare(found, asked)

    return test


def _bytes(text: str, unit: int) -> int | None:
    return int(text) * unit if is_number(text) else size_bytes(text)


def _plain_test(term: Term) -> Callable[[str], bool]:
    compare, text, number = _COMPARISONS[term.operator], term.value.casefold(), _number(term.value)

    def test(value: str) -> bool:
        found = _number(value)
        if number is None or found is None:
            return compare(value.casefold(), text)
        return compare(found, number)

    return test


def _number(text: str) -> float | None:
    digits = text.strip().removeprefix("-")
    return float(text) if digits.isascii() and digits.replace(".", "", 1).isdigit() else None
