"""Where in a value a question matched: for marks in the output, and for the piece of a description that is shown.

As good as it gets, and no more: what is marked helps the eye, and nothing is decided by it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator

from pkgindex.format.tokens import TEXTS
from pkgindex.format.words import words
from pkgindex.model.package import KINDS, NEEDS
from pkgindex.query.globs import glob_test
from pkgindex.query.language.rewrite import positive
from pkgindex.query.language.tree import COMPARE, GLOB, REGEX, Query, Term

Span = tuple[int, int]

# Of a longer phrase as much is marked: each place is compared with every word.
PHRASE_WORDS_MAX = 32
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
    return list(_of_words(term, value)) or _literal(term.value, value)


def first_of(term: Term, field: str, value: str, case: bool = False) -> Span | None:
    """The first of them, for which no more is read of a long text than needed."""
    if term.kind in (COMPARE, REGEX, GLOB):
        return next(iter(spans_of(term, field, value, case)), None)
    return next(_of_words(term, value), None) or next(iter(_literal(term.value, value)), None)


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


def _of_words(term: Term, value: str) -> Iterator[Span]:
    """The runs of words that are those of *term*."""
    asked = words(term.value)[:PHRASE_WORDS_MAX]
    run: deque[tuple[int, str]] = deque(maxlen=len(asked))
    for match in _WORD.finditer(value) if asked else ():
        run.append((match.start(), match[0].casefold()))
        if len(run) == len(asked) and all(_same(found, word) for (_, found), word in zip(run, asked, strict=True)):
            yield run[0][0], match.end()


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
