"""A question that cannot be understood: the fault, the place in what was typed, and what to do.

    the query ends where something is expected after AND
        foo AND
               ^
    put a term there, or quote "AND" to search for the word
"""

from __future__ import annotations

from pkgindex.errors import BadInput

INDENT = "    "
SHOWN_CHARACTERS_MAX = 72
CUT = "..."
REPLACEMENT = "\ufffd"


def mistake(text: str, place: int, fault: str, remedy: str) -> BadInput:
    """*place* is that of the character at fault; the end of *text* when something is missing there."""
    shown, before = _around(text, place)
    return BadInput(f"{fault}\n{INDENT}{shown}\n{INDENT}{' ' * columns(shown[:before])}^\n{remedy}")


def quoted(text: str) -> str:
    """A part of a question, to be named in a sentence: in one line, and not longer than one.

    >>> quoted("a\\tb")
    '"a\ufffdb"'
    """
    shown = printable(text)
    if len(shown) > SHOWN_CHARACTERS_MAX:
        shown = shown[: SHOWN_CHARACTERS_MAX - len(CUT)] + CUT
    return f'"{shown}"'


def printable(text: str) -> str:
    """*text* with one character for each of its own, so that places stay."""
    if text.isprintable():
        return text
    return "".join([character if character.isprintable() else REPLACEMENT for character in text])


def columns(text: str) -> int:
    """How wide *text* is on a terminal: two columns for what East Asia writes in two, none for what joins to a letter."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(character) else 1 + (east_asian_width(character) in "WF") for character in text)


def _around(text: str, place: int) -> tuple[str, int]:
    """What is shown of *text*, and how many of its characters stand before *place*."""
    text, place = printable(text), min(place, len(text))
    if len(text) <= SHOWN_CHARACTERS_MAX:
        return text, place
    start = max(0, min(place - SHOWN_CHARACTERS_MAX // 2, len(text) - SHOWN_CHARACTERS_MAX))
    end = start + SHOWN_CHARACTERS_MAX
    before, after = CUT if start else "", CUT if end < len(text) else ""
    return f"{before}{text[start:end]}{after}", len(before) + place - start
