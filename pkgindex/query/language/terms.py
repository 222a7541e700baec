"""A term out of its parts: `package:type:key:value`, where shorter forms fill from the right and what is empty is any."""

from __future__ import annotations

from collections.abc import Sequence

from pkgindex.query.language.fields import field_of
from pkgindex.query.language.tree import COMPARE, GLOB, Term

# A field with nothing behind its colon has any value.
ANY_VALUE = ("*", GLOB)


def term_of(pieces: Sequence[str], value: str, kind: str) -> Term:
    """The term whose value comes after *pieces*. More than three: the first of them had colons of their own.

    >>> term_of(["curl", "set", "Tag"], "x", "word")
    Term(value='x', field='tag', kind='word', operator='', package='curl', type='set')
    """
    before = ":".join(pieces[:-2]) if any(pieces[:-2]) else ""
    kind_of_thing, key = ("", "", *pieces)[-2:]
    return Term(value, key.lower(), kind, package=before, type=kind_of_thing.lower())


def field_term(pieces: Sequence[str], value: str, kind: str) -> Term:
    """As `term_of`, but that `field:value` may name the field as users do. Longer forms name the key as it is."""
    term = term_of(pieces, value, kind)
    return term._replace(field=field_of(term.field)) if len(pieces) == 1 else term


def comparison(name: str, operator: str, value: str) -> Term:
    return Term(value, field_of(name), COMPARE, operator)
