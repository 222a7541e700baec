"""What a question by pkg(5)'s own rules is made of.

A word goes to the next space, but for closing signs at its end. Nothing else has a meaning within it, save colons: with
one it is a field term, and what is behind the last colon is its value. A backslash means something only before a colon.

One thing is taken that pkg(5) refuses: a word with balanced parentheses (`Intel(R)`) keeps them.
"""

from __future__ import annotations

from pkgindex.query.language.enclosed import QUOTES, closes, empty, unclosed
from pkgindex.query.language.lexer import AND, END, OR, TERM, Token, after_space, refuse_length
from pkgindex.query.language.mistakes import mistake
from pkgindex.query.language.terms import ANY_VALUE, term_of
from pkgindex.query.language.tree import PHRASE
from pkgindex.query.language.values import BACKSLASH, read_word

WORDS_MAX = 100
_ANGLES = ("pkgs<", "pkg<", "pk<", "p<", "<")


def tokens(text: str) -> list[Token]:
    """The tokens of *text*, and `END` behind them. Raises `BadInput`."""
    refuse_length(text)
    found: list[Token] = []
    place = words = 0
    while (place := after_space(text, place)) < len(text):
        token = _token(text, place)
        # Phrases count by their words, and terms without a space between them too.
        words += len(text[token.start : token.end].split()) * (token.kind in (TERM, AND, OR))
        if words > WORDS_MAX:
            raise mistake(text, token.start, f"more than {WORDS_MAX} words", "ask in several queries")
        found.append(token)
        place = token.end
    end = len(text.rstrip())
    return [*found, Token(END, end, end)]


def _token(text: str, start: int) -> Token:
    angle = next((angle for angle in _ANGLES if text[start : start + len(angle)].lower() == angle), "")
    if angle:
        return Token("<", start, start + len(angle))
    if text[start] in "()>":
        return Token(text[start], start, start + 1)
    if text[start] in QUOTES:
        value, end = _phrase(text, start)
        return Token(TERM, start, end, term_of([], value, PHRASE), start)
    return _word(text, start, _run_end(text, start))


def _word(text: str, start: int, end: int) -> Token:
    if text[start:end] in (AND, OR):
        return Token(text[start:end], start, end)
    colons = _colons(text, start, end)
    if not colons:
        return Token(TERM, start, end, term_of([], *_value(text[start:end])), start)
    pieces = [_plain(piece) for piece in _divided(text, start, colons)]
    value, kind, value_start, end = _field_value(text, colons[-1] + 1, end)
    return Token(TERM, start, end, term_of(pieces, value, kind), value_start)


def _field_value(text: str, start: int, end: int) -> tuple[str, str, int, int]:
    """The value of a field term, where it begins and ends: what is behind its last colon, or the word or phrase that
    comes next, or any."""
    if start < end and text[start] not in "(<'\"":
        return (*_value(text[start:end]), start, end)
    following = after_space(text, start)
    if following < len(text) and (token := _token_of_value(text, following)):
        return token.term.value, token.term.kind, following, token.end
    return (*ANY_VALUE, start, start)


def _token_of_value(text: str, start: int) -> Token | None:
    """The word or phrase at *start*, when it has no field of its own."""
    if text[start] in QUOTES:
        return _token(text, start)
    if _colons(text, start, _run_end(text, start)):
        return None
    token = _token(text, start)
    return token if token.kind == TERM else None


def _run_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and not text[end].isspace():
        end += 1
    extra = text.count(")", start, end) - text.count("(", start, end)
    while end > start + 1 and (text[end - 1] in ">'\"" or (text[end - 1] == ")" and extra > 0)):
        extra -= text[end - 1] == ")"
        end -= 1
    return end


def _colons(text: str, start: int, end: int) -> list[int]:
    """The places of the colons that no backslash precedes."""
    return [place for place in range(start, end) if text[place] == ":" and (place == start or text[place - 1] != BACKSLASH)]


def _divided(text: str, start: int, colons: list[int]) -> list[str]:
    return [text[begin:colon] for begin, colon in zip([start, *(colon + 1 for colon in colons)], colons, strict=False)]


def _plain(raw: str) -> str:
    return raw.replace(BACKSLASH + ":", ":")


def _value(raw: str) -> tuple[str, str]:
    # A backslash that is left means itself.
    return read_word(_plain(raw).replace(BACKSLASH, BACKSLASH * 2))


def _phrase(text: str, start: int) -> tuple[str, int]:
    """The words between the quotes, and the place behind them. A quote closes where nothing else follows."""
    end = start + 1
    while end < len(text) and not (text[end] == text[start] and closes(text, end + 1)):
        end += 1
    if end == len(text):
        raise unclosed(text, start)
    value = " ".join(text[start + 1 : end].split())
    if not value:
        raise empty(text, start)
    return value, end + 1
