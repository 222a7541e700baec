"""The same question in a plainer tree, or as one about packages."""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.query.language.tree import And, Not, Or, Packages, Query, Term, With


def flat(query: Query) -> Query:
    """The normal form: no part of its own kind within And, Or, With and Packages, no double Not, nothing joined alone."""
    if isinstance(query, Term):
        return query
    if isinstance(query, Not):
        part = flat(query.part)
        return part.part if isinstance(part, Not) else Not(part)
    if isinstance(query, Packages):
        return as_packages(query.part)
    parts = tuple(_parts(query))
    return type(query)(parts) if len(parts) > 1 else parts[0]


def as_packages(query: Query) -> Query:
    """The packages that answer *query*, in place of what of them does."""
    query = flat(query)
    return query if isinstance(query, Packages) else Packages(query)


def terms(query: Query) -> Iterator[Term]:
    """The terms of *query*, from left to right."""
    if isinstance(query, Term):
        yield query
    elif isinstance(query, (Not, Packages)):
        yield from terms(query.part)
    else:
        for part in query.parts:
            yield from terms(part)


def positive(query: Query) -> Iterator[Term]:
    """Those that speak for an answer: not what stands under NOT."""
    if isinstance(query, Term):
        yield query
    elif isinstance(query, Packages):
        yield from positive(query.part)
    elif not isinstance(query, Not):
        for part in query.parts:
            yield from positive(part)


def _parts(query: And | Or | With) -> Iterator[Query]:
    for part in map(flat, query.parts):
        if isinstance(part, type(query)):
            yield from part.parts
        else:
            yield part
