"""A question as pkg(5) reads it: `pkg search`, and what pkg(7) says of its queries.

    query := side (("AND" | "OR") query)? ;  side := atom atom* ;  atom := "(" query ")" | "pkg<" query ">" | term
    term  := [[[package ":"] type ":"] key ":"] value

AND and OR bind alike, and to the right: `a AND b OR c` is `a AND (b OR c)`. What stands side by side is joined by AND, and
tighter. There is no NOT and no WITH, nothing compares, and hits are never joined with packages.
"""

from __future__ import annotations

from collections.abc import Sequence

from pkgindex.errors import BadInput
from pkgindex.query.language.cursor import Cursor
from pkgindex.query.language.lexer import AND, OR, TERM, Token
from pkgindex.query.language.mistakes import quoted
from pkgindex.query.language.pkg5lexer import tokens
from pkgindex.query.language.printing import written
from pkgindex.query.language.rewrite import flat
from pkgindex.query.language.tree import And, Or, Packages, Query, Term

_ATOMS = (TERM, "(", "<")


def parse(text: str) -> Query:
    """The tree of *text*, whose And is to hold of one action. Raises `BadInput` with the fault, its place and a remedy."""
    return _Parser(text).question()


class _Parser:
    def __init__(self, text: str) -> None:
        self._cursor = Cursor(text, tokens(text))

    def question(self) -> Query:
        query = self._sides()
        self._cursor.finish()
        return query

    def _sides(self) -> Query:
        sides, joints = [self._side()], []
        while self._cursor.next.kind in (AND, OR):
            joints.append(self._cursor.one_of(AND, OR))
            sides.append(self._side())
        return self._joined(sides, joints)

    def _side(self) -> Query:
        atoms, joints = [self._atom()], []
        while self._cursor.next.kind in _ATOMS:
            joints.append(self._cursor.next._replace(kind=AND))
            atoms.append(self._atom())
        return self._joined(atoms, joints)

    def _atom(self) -> Query:
        token = self._cursor.one_of(*_ATOMS)
        if token.kind == TERM:
            return token.term
        self._cursor.enter(token)
        query = self._sides()
        self._cursor.leave(token)
        return query if token.kind == "(" else flat(Packages(query))

    def _joined(self, parts: Sequence[Query], joints: Sequence[Token]) -> Query:
        """From the right: the last two first."""
        query = parts[-1]
        for part, joint in zip(reversed(parts[:-1]), reversed(joints), strict=True):
            if _gives_packages(part) != _gives_packages(query):
                raise self._mixed(part, query, joint)
            query = flat((And if joint.kind == AND else Or)((part, query)))
        return query

    def _mixed(self, left: Query, right: Query, joint: Token) -> BadInput:
        halves = [f"{quoted(written(half))} gives {'packages' if _gives_packages(half) else 'hits'}" for half in (left, right)]
        return self._cursor.mistake(joint, f"{joint.kind} joins two kinds: {halves[0]}, {halves[1]}",
                                    "AND and OR need the same kind on both sides: put <...> around what gives hits")


def _gives_packages(query: Query) -> bool:
    """All parts of a join are of one kind."""
    while isinstance(query, (And, Or)):
        query = query.parts[0]
    return not isinstance(query, Term)
