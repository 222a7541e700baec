"""What a question is made of: operators, parentheses, angles and terms, each with its place.

    foo AND -(file:/x.*y/ OR size>10M)      foo  AND  -  (  file:/x.*y/  OR  size>10M  )

Rules that are not plain at first sight:

* A quote opens a phrase, and a slash a regular expression, only where a value begins. So `don't` and `/usr/bin/x` are words.
* Parentheses within a word belong to it when they are balanced, with all between them: `Intel(R)`, `perl(Foo::Bar)`.
* `>` closes only at the end of a word, because it compares elsewhere: `<size>10M>`.
* A colon before `//` divides nothing: `http://x` is a word.
* Dashes negate what is right behind them; with nothing there they are a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pkgindex.errors import BadInput
from pkgindex.query.language.enclosed import QUOTES, SLASH, closes, read_phrase, read_regex
from pkgindex.query.language.fields import comparable, operator_at
from pkgindex.query.language.mistakes import mistake, quoted
from pkgindex.query.language.terms import ANY_VALUE, comparison, field_term
from pkgindex.query.language.tree import COMPARE, Term
from pkgindex.query.language.values import BACKSLASH, plain, read_word

QUERY_CHARACTERS_MAX = 10_000
TERMS_MAX = 256

TERM, END = "term", "end"
WORDS = AND, OR, NOT, WITH = ("AND", "OR", "NOT", "WITH")


class Token(NamedTuple):
    """`kind` is `TERM`, `END`, one of `WORDS`, or the sign itself. `value_start` is where the value of a term begins."""

    kind: str
    start: int
    end: int
    term: Term = Term("")
    value_start: int = 0


def tokens(text: str) -> list[Token]:
    """The tokens of *text*, and `END` behind them. Raises `BadInput`."""
    refuse_length(text)
    found: list[Token] = []
    pairs = _pairs(text)
    place = terms = 0
    while (place := after_space(text, place)) < len(text):
        read = _signs(text, place) or [_Word(text, place, pairs).read()]
        found += read
        place, terms = read[-1].end, terms + (read[-1].kind == TERM)
        if terms > TERMS_MAX:
            raise mistake(text, read[-1].start, f"more than {TERMS_MAX} terms", "ask in several queries")
    end = len(text.rstrip())
    return [*found, Token(END, end, end)]


def refuse_length(text: str) -> None:
    if len(text) > QUERY_CHARACTERS_MAX:
        raise mistake(text, QUERY_CHARACTERS_MAX, f"a query of {len(text)} characters: at most {QUERY_CHARACTERS_MAX} are read",
                      "ask in several queries")


def after_space(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _signs(text: str, place: int) -> list[Token]:
    """The parenthesis or angle at *place*, or the dashes that negate what is behind them."""
    if text[place] in "()<>":
        return [Token(text[place], place, place + 1)]
    end = place
    while text.startswith("-", end):
        end += 1
    if closes(text, end) and text[end : end + 1] not in ("(", "<"):
        return []
    return [Token(NOT, dash, dash + 1) for dash in range(place, end)]


class _Word:
    """A term or an operator while it is read. `pieces` are what colons have divided from the value, which comes last."""

    def __init__(self, text: str, start: int, pairs: Mapping[int, int]) -> None:
        self._text = text
        self._pairs = pairs
        self._start = self._place = self._value_start = start
        self._pieces: list[str] = []
        self._operator = ""
        # Whether a value began with a slash and was a path. Then none here is a regular expression: what ends one was
        # looked for, and ten thousand slashes shall not make as many searches.
        self._path = False

    def read(self) -> Token:
        while not self._ends():
            if self._place == self._value_start and (enclosed := self._enclosed()):
                return self._token(*enclosed)
            if self._divides():
                self._divide()
            elif self._compares():
                self._compare()
            else:
                self._step()
        if self._is_operator():
            return Token(self._text[self._start : self._place], self._start, self._place)
        return self._token(*self._open(), self._place)

    def _ends(self) -> bool:
        """Whether the word ends before this place."""
        text, place = self._text, self._place
        if place >= len(text) or text[place].isspace() or text[place] == ")":
            return True
        if text[place] == ">":
            return closes(text, place + 1)
        if text[place] in "(<" and self._is_operator():
            return True
        return text[place] == "(" and place > self._value_start and place not in self._pairs

    def _is_operator(self) -> bool:
        return self._text[self._start : self._place] in WORDS

    def _enclosed(self) -> tuple[str, str, int] | None:
        """A value between signs of its own. Raises `BadInput` where a group stands in the place of a value."""
        sign = self._text[self._place]
        if sign in QUOTES:
            return read_phrase(self._text, self._place)
        if sign == SLASH and not self._operator and not self._path:
            regex = read_regex(self._text, self._place)
            self._path = regex is None
            return regex
        if sign in "(<>" and self._pieces:
            raise self._no_value(sign)
        return None

    def _no_value(self, sign: str) -> BadInput:
        if sign == "(":
            return mistake(self._text, self._place, "a field has one value, and here a group begins",
                           "write the field before each value, as in (name:a OR name:b), or put \\ before the sign")
        return mistake(self._text, self._place, f"{sign} stands where a value is expected",
                       "to compare, leave the colon out, as in version>=2; or put \\ before the sign to search for it")

    def _divides(self) -> bool:
        text, place = self._text, self._place
        return text[place] == ":" and not self._operator and not text.startswith("//", place + 1)

    def _divide(self) -> None:
        self._pieces.append(self._text[self._value_start : self._place])
        self._place = self._value_start = self._place + 1

    def _compares(self) -> bool:
        name = self._text[self._start : self._place]
        return self._text[self._place] in "<>=" and not self._pieces and not self._operator and comparable(name)

    def _compare(self) -> None:
        text, place = self._text, self._place
        self._pieces.append(text[self._start : place])
        self._operator = operator_at(text, place)
        self._place = self._value_start = place + len(self._operator)
        if closes(text, self._place):
            raise mistake(text, self._place, f"a value is expected after {self._operator}",
                          f"put one there, or quote {quoted(text[self._start : self._place])} to search for the word")

    def _step(self) -> None:
        sign = self._text[self._place]
        if sign == "(":
            self._place = self._pairs[self._place] + 1
        else:
            # A backslash at the very end has nothing behind it.
            self._place = min(self._place + 1 + (sign == BACKSLASH), len(self._text))

    def _open(self) -> tuple[str, str]:
        """Text and kind of a value that ends where the word ends."""
        raw = self._text[self._value_start : self._place]
        if self._operator:
            return plain(raw), COMPARE
        return read_word(raw) if raw else ANY_VALUE

    def _token(self, value: str, kind: str, end: int) -> Token:
        pieces = [plain(piece) for piece in self._pieces]
        if self._operator:
            term = comparison(pieces[0], self._operator, value)
        else:
            term = field_term(pieces, value, kind)
        return Token(TERM, self._start, end, term, self._value_start)


def _pairs(text: str) -> dict[int, int]:
    """Where each parenthesis is closed that is closed before the next space."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    place = 0
    while place < len(text):
        sign = text[place]
        if sign.isspace():
            opened.clear()
        elif sign == "(":
            opened.append(place)
        elif sign == ")" and opened:
            pairs[opened.pop()] = place
        place += 2 if sign == BACKSLASH else 1
    return pairs
