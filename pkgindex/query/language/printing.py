"""A tree as text, which `parser.parse` reads as the same tree. It has no parentheses that it can do without, so that what
was within the limit of their depth stays there.
"""

from __future__ import annotations

from pkgindex.query.language.fields import ALIASES
from pkgindex.query.language.lexer import WORDS
from pkgindex.query.language.tree import COMPARE, GLOB, PHRASE, REGEX, And, Not, Or, Packages, Query, Term, With
from pkgindex.query.language.values import BACKSLASH, WILDCARDS

# How tight each binds, and what joins its parts.
_TIES: dict[type, int] = {Or: 0, And: 1, Not: 2, With: 3, Term: 4, Packages: 4}
_JOINTS: dict[type, str] = {Or: " OR ", And: " AND ", With: " WITH "}
# What ends a word, divides it or compares in it, and what means something where one begins.
_SIGNS = "\\:()<>="
_FIRST_SIGNS = ("-", "'", '"')


def written(query: Query) -> str:
    """*query*, flat as the parsers leave it, as text.

    >>> written(And((Term("a b"), Not(Or((Term("c", "name"), Term("x/y", "file", REGEX)))))))
    'a\\\\ b AND NOT (name:c OR file:/x\\\\/y/)'
    """
    if isinstance(query, Term):
        return _term(query)
    if isinstance(query, Packages):
        return f"<{written(query.part)}>"
    if isinstance(query, Not):
        return f"NOT {_within(query.part, _TIES[Not])}"
    return _JOINTS[type(query)].join([_within(part, _TIES[type(query)] + 1) for part in query.parts])


def _within(part: Query, tie: int) -> str:
    return written(part) if _TIES[type(part)] >= tie else f"({written(part)})"


def _term(term: Term) -> str:
    if term.kind == COMPARE:
        # A colon divides nothing behind an operator: `version>=1:2.0`.
        return f"{term.field}{term.operator}{_escaped(term.value, _SIGNS.replace(':', ''))}"
    before = "".join([f"{_piece(piece)}:" for piece in _pieces(term)])
    value = _value(term)
    return BACKSLASH + value if not before and value in WORDS else before + value


def _pieces(term: Term) -> list[str]:
    """What stands before the value, as few pieces as say it. What users call a field by is a key only in a longer form."""
    if term.package:
        return [term.package, term.type, term.field]
    if term.type or term.field in ALIASES:
        return [term.type, term.field]
    return [term.field] if term.field else []


def _piece(piece: str) -> str:
    text = _escaped(piece, _SIGNS)
    return BACKSLASH + text if text.startswith("/") else text


def _value(term: Term) -> str:
    if term.kind == PHRASE:
        return '"' + term.value.replace(BACKSLASH, BACKSLASH * 2).replace('"', BACKSLASH + '"') + '"'
    if term.kind == REGEX:
        return f"/{_with_escaped_slashes(term.value)}/"
    return _escaped(term.value, _SIGNS if term.kind == GLOB else _SIGNS + WILDCARDS)


def _escaped(text: str, signs: str) -> str:
    """*text* as a word that no other can follow unseen."""
    escaped = "".join([BACKSLASH + character if character in signs or character.isspace() else character for character in text])
    return BACKSLASH + escaped if _begins_otherwise(text) else escaped


def _begins_otherwise(text: str) -> bool:
    """Whether *text* would be read as something else for how it begins.

    A path of several parts is no regular expression, whatever comes behind it. A colon before two slashes divides nothing.
    """
    if text.startswith("/"):
        return text.startswith("//") or text.endswith("/") or "/" not in text[1:]
    return text.startswith(_FIRST_SIGNS)


def _with_escaped_slashes(regex: str) -> str:
    kept, place = [], 0
    while place < len(regex):
        pair = regex[place : place + 2] if regex[place] == BACKSLASH else regex[place]
        kept.append(BACKSLASH + pair if pair == "/" else pair)
        place += len(pair)
    return "".join(kept)
