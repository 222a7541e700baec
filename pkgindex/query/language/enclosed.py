"""Values between signs of their own: 'phrases', "phrases" and /regular expressions/.

A regular expression ends at a slash with nothing behind it. One with spaces has no other slash than its two, or
`/usr/bin/x lib/` would be one; and none begins with a space, or the slash of `read / write / run` would.
"""

from __future__ import annotations

from pkgindex.errors import BadInput
from pkgindex.query.language.mistakes import mistake
from pkgindex.query.language.tree import PHRASE, REGEX
from pkgindex.query.language.values import BACKSLASH, plain

QUOTES = "'\""
SLASH = "/"
# What may stand behind the end of a value, besides white space.
_BEHIND = "()<>"


def closes(text: str, place: int) -> bool:
    """Whether a value may end before *place*."""
    return place >= len(text) or text[place].isspace() or text[place] in _BEHIND


def read_phrase(text: str, start: int) -> tuple[str, str, int]:
    """The phrase whose quote is at *start*: its text, its kind, and where what is behind it begins. Raises `BadInput`."""
    end = _phrase_end(text, start)
    if end < 0:
        raise unclosed(text, start)
    value = plain(text[start + 1 : end])
    if not value.strip():
        raise empty(text, start)
    return value, PHRASE, end + 1


def read_regex(text: str, start: int) -> tuple[str, str, int] | None:
    """The regular expression whose slash is at *start*, as `read_phrase` says it; None when a path begins there."""
    end = _regex_end(text, start)
    return (_without_escaped_slashes(text[start + 1 : end]), REGEX, end + 1) if end else None


def unclosed(text: str, place: int) -> BadInput:
    quote = text[place]
    return mistake(text, place, f"no {quote} closes the phrase that begins here",
                   f"close it with {quote}, or leave it out")


def empty(text: str, place: int) -> BadInput:
    return mistake(text, place, "nothing stands between the quotes", "put words between them, or leave them out")


def _phrase_end(text: str, start: int) -> int:
    """Where the closing quote is; -1 when there is none. An apostrophe between letters closes nothing."""
    quote, place = text[start], start + 1
    while place < len(text):
        if text[place] == quote and not (quote == "'" and _between_letters(text, place)):
            return place
        place += 2 if text[place] == BACKSLASH else 1
    return -1


def _between_letters(text: str, place: int) -> bool:
    return text[place - 1].isalnum() and text[place + 1 : place + 2].isalnum()


def _regex_end(text: str, start: int) -> int:
    """Where the closing slash is; 0 when there is none, or when it would close nothing."""
    place, spaced, slashed = start + 1, False, False
    if text[place : place + 1].isspace() or text.startswith(SLASH, place):
        return 0
    while place < len(text) and not (spaced and slashed):
        if text[place] == SLASH and closes(text, place + 1):
            return place
        spaced, slashed = spaced or text[place].isspace(), slashed or text[place] == SLASH
        place += 2 if text[place] == BACKSLASH else 1
    return 0


def _without_escaped_slashes(inner: str) -> str:
    """All escapes but those of slashes are the expression's own."""
    kept, place = [], 0
    while place < len(inner):
        pair = inner[place : place + 2] if inner[place] == BACKSLASH else inner[place]
        kept.append(SLASH if pair == BACKSLASH + SLASH else pair)
        place += len(pair)
    return "".join(kept)
