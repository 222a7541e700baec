"""What to say when nothing was found: names that are spelled much alike, and colons that were taken for fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pkgindex.errors import PkgindexError

if TYPE_CHECKING:
    from pkgindex.query.index import Index
    from pkgindex.query.language.tree import Query, Term

NAMES = 3
# Fields whose values are names of packages, beside the kinds of relation.
NAMING = ("", "name", "requires", "relation", "needs", "neededby")


def did_you_mean(index: Index, names: Iterable[str]) -> str:
    """The end of a sentence that says that nobody ships *names*; empty when nothing is spelled like them."""
    for name in names:
        similar = _similar(index, name)
        if similar:
            return f"; did you mean: {', '.join(similar)}"
    return ""


def of_search(index: Index, question: str, pkg5: bool) -> str:
    """What to say of a *question* that found nothing."""
    query = _tree(question, pkg5)
    name = _name(query)
    return f"no package answers {question!r}" + (
        _of_colons(query) or (did_you_mean(index, [name]) if name else _of_field(query) or _of_and(query, pkg5))
    )


def _of_colons(query: Query) -> str:
    """How to search for colons that were taken for the longer form of a term."""
    for term in _terms(query):
        if term.package or term.type:
            parts = [term.package, term.type, term.field, term.value]
            parts = parts[1:] if not term.package else parts
            read = ":".join(("PACKAGE", "TYPE", "FIELD", "VALUE")[-len(parts):])
            return f"; '{':'.join(parts)}' was read as {read}, a colon of the value itself is escaped: '{_escaped(parts)}'"
    return ""


def _escaped(parts: list[str]) -> str:
    r"""
    >>> _escaped(["tag", "use", "", "editing"])
    'tag:use\\:\\:editing'
    """
    return f"{parts[0]}:" + "\\:".join(parts[1:])


def _of_field(query: Query) -> str:
    from pkgindex.query.language.fields import similar_field

    for term in _terms(query):
        near = similar_field(term.field) if term.field else ""
        if near:
            return f"; did you mean the field {near}, where it says {term.field}"
    return ""


def _of_and(query: Query, pkg5: bool) -> str:
    from pkgindex.query.language.tree import And

    if not isinstance(query, And):
        return ""
    if pkg5:
        return "; all of it must hold of one file, relation or attribute: without --pkg5 of one package"
    return "; all of it must hold of one package: try less, or OR between the words"


def _similar(index: Index, name: str) -> list[str]:
    try:
        return [found for found in index.similar(name) if found != name][:NAMES]
    except PkgindexError:
        # That nothing was found stands without it.
        return []


def _tree(question: str, pkg5: bool) -> Query:
    from pkgindex.query.language import parser
    from pkgindex.query.language import pkg5 as other

    return other.parse(question) if pkg5 else parser.parse(question)


def _name(query: Query) -> str:
    """The name that a question of one term asks for."""
    from pkgindex.model.package import KINDS
    from pkgindex.query.language.tree import PHRASE, WORD

    terms = list(_terms(query))
    if len(terms) == 1 and terms[0].kind in (WORD, PHRASE) and terms[0].field in (*NAMING, *KINDS):
        return terms[0].value
    return ""


def _terms(query: Query) -> Iterator[Term]:
    from pkgindex.query.language.tree import Not, Packages, Term

    if isinstance(query, Term):
        yield query
    else:
        for part in (query.part,) if isinstance(query, (Not, Packages)) else query.parts:
            yield from _terms(part)
