"""What stands for what within a word: escapes, wildcards, brackets.

A backslash makes the next character a plain one. `*`, `?` and `[...]` that no backslash precedes make a word a glob; a
bracket that is not closed is plain. Within brackets a backslash only keeps a space or a sign from ending the word: `]` is
made a member as in a shell, by standing first.
"""

from __future__ import annotations

from pkgindex.query.language.tree import GLOB, WORD

BACKSLASH = "\\"
WILDCARDS = "*?["


def read_word(raw: str) -> tuple[str, str]:
    """The value of a word as it was typed, and its kind: `WORD` or `GLOB`.

    >>> read_word(r"a\\*b"), read_word("a*b"), read_word(r"a\\*b*"), read_word("[a")
    (('a*b', 'word'), ('a*b', 'glob'), ('a[*]b*', 'glob'), ('[a', 'word'))
    """
    units = glob_units(raw)
    if not any(wild for _, wild in units):
        return "".join([text for text, _ in units]), WORD
    return "".join([text if wild else in_brackets(text) for text, wild in units]), GLOB


def plain(raw: str) -> str:
    """*raw* without its escapes; wildcards mean themselves."""
    return "".join([text for text, _ in _characters(raw)])


def in_brackets(character: str) -> str:
    """A character as it means itself in a glob."""
    return f"[{character}]" if character in WILDCARDS else character


def glob_units(raw: str) -> list[tuple[str, bool]]:
    """What *raw* is made of: plain characters, and wildcards (a class is one), each with whether it is wild."""
    characters = _characters(raw)
    # Looked for once: a word of ten thousand open brackets would be read as often.
    last = max((place for place, (text, _) in enumerate(characters) if text == "]"), default=0)
    units, place = [], 0
    while place < len(characters):
        text, escaped = characters[place]
        end = _class_end(characters, place, last) if text == "[" and not escaped else 0
        if end:
            units.append(("".join([member for member, _ in characters[place:end]]), True))
        else:
            units.append((text, text in "*?" and not escaped))
        place = end or place + 1
    return units


def _characters(raw: str) -> list[tuple[str, bool]]:
    """Each character, with whether it was escaped. A backslash at the very end is a backslash."""
    characters, place = [], 0
    while place < len(raw):
        escaped = raw[place] == BACKSLASH and place + 1 < len(raw)
        place += escaped
        characters.append((raw[place], escaped))
        place += 1
    return characters


def _class_end(characters: list[tuple[str, bool]], place: int, last: int) -> int:
    """Where the class ends that the bracket at *place* opens; 0 when nothing closes it."""
    first = place + 1
    if first < len(characters) and characters[first][0] in "!^":
        first += 1
    # What stands first is a member, be it the bracket that would close.
    return next((end + 1 for end in range(first + 1, last + 1) if characters[end][0] == "]"), 0)
