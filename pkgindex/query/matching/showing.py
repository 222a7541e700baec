"""What is shown of a match, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from pkgindex.model.thing import DEPEND, Thing
from pkgindex.query.language.tree import REGEX, Term
from pkgindex.query.matching.paths import COMMAND_DIRECTORIES
from pkgindex.query.matching.values import squeezed
from pkgindex.query.regexes import Engine

EXCERPT_CHARACTERS_MAX = 200
_BEFORE = 60

# A field and what of it matched, as it is spelled there.
Shown = tuple[str, str]

_FIRST = {"package": 0, "name": 0, "provides": 1}
_COMMANDS, _OTHERS, _FILES = 2, 3, 4
_PATHS = frozenset(("file", "path", "basename"))


def shown(thing: Thing, field: str, value: str, term: Term, case: bool, engine: Engine) -> Shown:
    """What is shown of *value* of *field*, which *term* found in *thing*: of a relation all that is written there, of a
    description the lines around it."""
    if thing.type == "depend" and not field.startswith(DEPEND):
        return thing.values[0][0], thing.values[-1][1]
    if thing.type == "text" and field == "description":
        return field, excerpt(value, term, case, engine)
    return field, value


def excerpt(text: str, term: Term, case: bool, engine: Engine) -> str:
    """The line of *text*, or lines, where *term* first matches: at most `EXCERPT_CHARACTERS_MAX`, and marks where it is cut."""
    start, end = _place(text, term, case, engine)
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    lines = text[first : last if last >= 0 else len(text)]
    return _cut(lines, start - first)


def _place(text: str, term: Term, case: bool, engine: Engine) -> tuple[int, int]:
    """Where *term* first matches. A regular expression may be a stranger's: who tests it also says where it is."""
    from pkgindex.query.marking import first_of  # for descriptions alone, which few listings have

    if term.kind != REGEX:
        return first_of(term, "description", text, case) or (0, 0)
    match = engine(term.value, not case, False)(text)
    return match.span() if match else (0, 0)


def _cut(lines: str, place: int) -> str:
    """Lines as one, cut to the length that is shown, with what is at *place* in it."""
    if len(lines) <= EXCERPT_CHARACTERS_MAX:
        return squeezed(lines)
    room = EXCERPT_CHARACTERS_MAX - 6
    first = min(max(0, place - _BEFORE), len(lines) - room)
    part = squeezed(lines[first : first + room])
    return ("..." if first else "") + part + ("..." if first + room < len(lines) else "")


def in_order(found: Iterable[Shown]) -> tuple[Shown, ...]:
    """Names first, files last, each once; what is alike in the order it was found."""
    return tuple(sorted(dict.fromkeys(found), key=_rank))


def _rank(found: Shown) -> int:
    field, value = found
    if field in _PATHS:
        return _COMMANDS if value.rpartition("/")[0] in COMMAND_DIRECTORIES else _FILES
    return _FIRST.get(field, _OTHERS)
