"""A question as text, read as a tree.

    query := or ;  or := and ("OR" and)* ;  and := not (["AND"] not)* ;  not := ("NOT" | "-") not | with
    with  := atom ("WITH" atom)* ;  atom := "(" query ")" | "<" query ">" | term
    term  := [field ":"] value | field operator value | package ":" type ":" key ":" value
    value := word | glob | 'phrase' | "phrase" | /regex/

Any text is read, or refused with `BadInput`. What is read is flat, and its values make sense where they stand.
"""

from __future__ import annotations

from pkgindex.errors import BadInput
from pkgindex.query.language.check import Nonsense, checked
from pkgindex.query.language.cursor import Cursor
from pkgindex.query.language.fields import WHOLE
from pkgindex.query.language.lexer import AND, NOT, OR, TERM, WITH, Token, tokens
from pkgindex.query.language.mistakes import mistake
from pkgindex.query.language.rewrite import flat
from pkgindex.query.language.tree import And, Not, Or, Packages, Query, With


def parse(text: str) -> Query:
    """The tree of *text*. Raises `BadInput` with the fault, its place and a remedy."""
    return flat(_Parser(text).question())


class _Parser:
    def __init__(self, text: str) -> None:
        self._cursor = Cursor(text, tokens(text))
        # The tokens read so far that are about whole packages.
        self._whole: list[Token] = []

    def question(self) -> Query:
        query = self._or()
        self._cursor.finish()
        return query

    def _or(self) -> Query:
        parts = [self._and()]
        while self._cursor.take(OR):
            parts.append(self._and())
        return Or(tuple(parts))

    def _and(self) -> Query:
        parts = [self._not()]
        while self._cursor.take(AND) or self._cursor.next.kind in (TERM, NOT, "(", "<"):
            parts.append(self._not())
        return And(tuple(parts))

    def _not(self) -> Query:
        negated = False
        while self._cursor.take(NOT):
            negated = not negated
        part = self._with()
        return Not(part) if negated else part

    def _with(self) -> Query:
        whole_before = len(self._whole)
        parts = [self._atom()]
        while self._cursor.take(WITH):
            parts.append(self._atom())
        if len(parts) > 1 and len(self._whole) > whole_before:
            raise self._of_no_thing(self._whole[whole_before])
        return With(tuple(parts))

    def _atom(self) -> Query:
        token = self._cursor.one_of(TERM, "(", "<")
        if token.kind == TERM:
            return self._term(token)
        self._cursor.enter(token)
        query = self._or()
        self._cursor.leave(token)
        if token.kind == "(":
            return query
        self._whole.append(token)
        return Packages(query)

    def _term(self, token: Token) -> Query:
        term = checked(token.term)
        if isinstance(term, Nonsense):
            raise mistake(self._cursor.text, token.value_start, *term)
        if term.field in WHOLE:
            self._whole.append(token)
        return term

    def _of_no_thing(self, token: Token) -> BadInput:
        what = "<...>" if token.kind == "<" else f"{token.term.field}:"
        return self._cursor.mistake(token, f"{what} is about a whole package, WITH about one attribute, file or relation",
                                    "join it by AND instead")
