"""Values that make no sense where they stand: `orphan:maybe`, `size>banana`, `needs:` of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pkgindex.query.language import fields
from pkgindex.query.language.amounts import is_number, size_bytes
from pkgindex.query.language.mistakes import quoted
from pkgindex.query.language.tree import COMPARE, PHRASE, REGEX, WORD, Term


class Nonsense(NamedTuple):
    """What is wrong with a value, and what to write instead."""

    fault: str
    remedy: str


def checked(term: Term) -> Term | Nonsense:
    """*term* as it is judged: of a flag in lower case, of a generation without quotes; or what is wrong with it."""
    return _CHECKS.get(fields.takes(term.field), _any_text)(term)


def _any_text(term: Term) -> Term:
    return term


def _flag(term: Term) -> Term | Nonsense:
    value = term.value.lower()
    if _plain(term) and value in fields.FLAG_VALUES:
        return term._replace(value=value, kind=WORD)
    return Nonsense(f"{term.field} is yes or no, not {quoted(term.value)}", f"write {term.field}:yes or {term.field}:no")


def _generation(term: Term) -> Term | Nonsense:
    if _plain(term) and is_number(term.value):
        return term._replace(kind=WORD)
    return Nonsense(f"{quoted(term.value)} is no number of a generation",
                    f"write {term.field}:12; 'pkgindex status' says which generation is the current one")


def _package(term: Term) -> Term | Nonsense:
    if term.kind == COMPARE or term.kind == REGEX or term.value == "*":
        return Nonsense(f"{term.field} takes the name of a package", f"write one behind the colon: {term.field}:curl")
    return term


def _size(term: Term) -> Term | Nonsense:
    if term.kind != COMPARE or size_bytes(term.value) is not None:
        return term
    return Nonsense(f"{quoted(term.value)} is no size",
                    f"write a number, with K, M, G or T behind it for units of 1024: {term.field}{term.operator}10M")


def _plain(term: Term) -> bool:
    return term.kind in (WORD, PHRASE)


_CHECKS: dict[str, Callable[[Term], Term | Nonsense]] = {
    fields.FLAG: _flag, fields.GENERATION: _generation, fields.PACKAGE: _package, fields.SIZE: _size,
}
