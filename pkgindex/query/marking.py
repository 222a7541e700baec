"""Where in a value a question matched: for marks in the output, and for the piece of a description that is shown.

As good as it gets, and no more: what is marked helps the eye, and nothing is decided by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pkgindex.format.tokens import TEXTS
from pkgindex.format.words import words
from pkgindex.model.package import KINDS, NEEDS
from pkgindex.query.globs import glob_test
from pkgindex.query.language.rewrite import positive
from pkgindex.query.language.tree import COMPARE, GLOB, REGEX, Query, Term

Span = tuple[int, int]

# Words, and what stands between spaces and commas; a path is taken apart at its slashes.
_WORD = re.compile(r"[^\W_]+[+#]*")
_PIECE = re.compile(r"[^\s,]+")
_PART = re.compile(r"[^/]+")
_PATHS = frozenset(("file", "path", "basename", "dir"))
# What is asked by one name and answered by another.
_ANSWERED_BY = {
    "text": frozenset(("summary", "description")), "requires": frozenset(NEEDS), "relation": frozenset(KINDS),
    "file": _PATHS, "basename": _PATHS, "dir": _PATHS, "path": _PATHS, "name": frozenset(("name", "package")),
}  # fmt: skip


def spans(query: Query, field: str, value: str, case: bool = False) -> list[Span]:
    """(start, end) of what matched in *value* of *field*, in order and apart from each other."""
    found = [span for term in positive(query) if _speaks_of(term, field) for span in spans_of(term, field, value, case)]
    return _apart(sorted(found))


def spans_of(term: Term, field: str, value: str, case: bool = False) -> list[Span]:
    """The same of one term, which matched in *field*."""
    if term.kind == COMPARE:
        return [(0, len(value))]
    if term.kind == REGEX:
        return _of_regex(term.value, value, case)
    if term.kind == GLOB:
        return _of_glob(glob_test(term.value, case), field, value)
    return _of_words(term, value) or _literal(term.value, value)


def _speaks_of(term: Term, field: str) -> bool:
    if not term.field or term.field == field:
        return True
    return field in _ANSWERED_BY.get(term.field, ()) or any(sign in term.field for sign in "*?[")


def _of_regex(pattern: str, value: str, case: bool) -> list[Span]:
    try:
        return [match.span() for match in re.finditer(pattern, value, 0 if case else re.IGNORECASE) if match[0]]
    except re.error:
        return []


def _of_glob(fits: Callable[[str], bool], field: str, value: str) -> list[Span]:
    """The parts that fit, or else the whole."""
    shapes = (_PART,) if field in _PATHS else (_PIECE, _WORD)
    found = _apart(sorted(match.span() for shape in shapes for match in shape.finditer(value) if fits(match[0])))
    return found or ([(0, len(value))] if field not in TEXTS and value and fits(value) else [])


def _of_words(term: Term, value: str) -> list[Span]:
    """The runs of words that are those of *term*."""
    asked = words(term.value)
    if not asked:
        return []
    places = list(_WORD.finditer(value))
    found = [match[0].casefold() for match in places]
    return [
        (places[first].start(), places[first + len(asked) - 1].end())
        for first in range(len(places) - len(asked) + 1)
        if all(_same(*pair) for pair in zip(found[first:], asked, strict=False))
    ]


def _same(found: str, asked: str) -> bool:
    """`c++` is found by itself, and `c` with the signs behind it by `c` where they belong to no word."""
    return found == asked or found.rstrip("+#") == asked


def _literal(text: str, value: str) -> list[Span]:
    place = value.casefold().find(text.casefold()) if text else -1
    return [(place, place + len(text))] if place >= 0 else []


def _apart(found: list[Span]) -> list[Span]:
    """Spans in order, with those that touch joined."""
    joined: list[Span] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
