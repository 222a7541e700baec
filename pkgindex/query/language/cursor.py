"""The way through the tokens of a question, and what is said where it leads nowhere: under both grammars the same."""

from __future__ import annotations

from collections.abc import Sequence

from pkgindex.errors import BadInput
from pkgindex.query.language.lexer import END, NOT, WITH, WORDS, Token
from pkgindex.query.language.mistakes import mistake, quoted

DEPTH_MAX = 50
_CLOSING = {"(": ")", "<": ">"}


class Cursor:
    """Stands before the token `next`, as deep in parentheses and angles as were entered and not left."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        if self.next.kind == END:
            raise self.mistake(self.next, "the query is empty", "say what to look for: a word, field:value or 'a phrase'")

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    def take(self, kind: str) -> bool:
        """Whether the next token is of *kind*; then it is behind us."""
        taken = self.next.kind == kind
        self._place += taken
        return taken

    def one_of(self, *kinds: str) -> Token:
        """The next token, which must be of *kinds*."""
        token = self.next
        if token.kind not in kinds:
            raise self._expected(token)
        self._place += 1
        return token

    def enter(self, opening: Token) -> None:
        if self._depth == DEPTH_MAX:
            raise self.mistake(opening, f"parentheses and <...> stand more than {DEPTH_MAX} deep", "ask a plainer question")
        self._depth += 1

    def leave(self, opening: Token) -> None:
        """Take the sign that closes *opening*."""
        if not self.take(_CLOSING[opening.kind]):
            raise self._unclosed(opening)
        self._depth -= 1

    def finish(self) -> None:
        """What is left now was never opened."""
        if self.next.kind != END:
            raise self._unopened(self.next)

    def mistake(self, token: Token, fault: str, remedy: str) -> BadInput:
        return mistake(self.text, token.start, fault, remedy)

    def typed(self, token: Token) -> str:
        return self.text[token.start : token.end]

    def _expected(self, token: Token) -> BadInput:
        before = self._tokens[self._place - 1] if self._place else None
        if token.kind == NOT and before and before.kind == WITH:
            return self.mistake(token, f"{self.typed(token)} cannot stand right behind WITH, which binds tighter",
                                "put what it negates in parentheses: a WITH (NOT b)")
        what = "the query ends" if token.kind == END else f"{self.typed(token)} stands"
        after = f" after {self.typed(before)}" if before else ""
        return self.mistake(token, f"{what} where something is expected{after}", self._instead(token, before))

    def _instead(self, token: Token, before: Token | None) -> str:
        words = [self.typed(near) for near in (before, token) if near and self.typed(near) in WORDS]
        return "put a term there" + (f", or quote {quoted(words[0])} to search for the word" if words else "")

    def _unopened(self, token: Token) -> BadInput:
        remedy = "leave it out, or quote the word that has it"
        if token.kind == ">":
            remedy += "; to compare, put the value right behind it: size>10M"
        return self.mistake(token, f"nothing is open that this {self.typed(token)} would close", remedy)

    def _unclosed(self, opening: Token) -> BadInput:
        sign, closing = self.typed(opening), _CLOSING[opening.kind]
        if self.next.kind == END:
            return self.mistake(opening, f"nothing closes this {sign}",
                                f"put {closing} and a space behind what belongs together, or quote the word that has it")
        return self.mistake(self.next, f"{self.typed(self.next)} stands where {closing} is expected",
                            f"close {sign} first: what is opened last is closed first")
