"""What a pattern over paths needs: a narrowing expression over trigrams, and two tests.

A path can only match where all the trigrams stand that every match must have. For a regular expression they are found in
its parse tree: runs of literals, small classes spelled out, alternatives of a branch joined by OR, `$` as the end of a line.
Cox: Regular Expression Matching with a Trigram Index (2012).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, islice, product
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from pkgindex.errors import BadInput
from pkgindex.query.regexes import Engine, trusted, unwarned

TEXTS_MAX = 64
CLASS_MAX = 30
# Of what narrows: beyond, less is asked for. SQLite's parser has room for about sixteen open brackets.
STEPS_MAX = 4096
TRIGRAMS_MAX = 128
EXPRESSION_CHARACTERS_MAX = 20_000
EXPRESSION_DEPTH_MAX = 10
_IN_QUOTES = re.compile(r'"(?:[^"]|"")*"')
PATTERN_CHARACTERS_MAX = 4096
# Any character of a shell pattern, and how a class of all but some begins. Paths as they are stored have no newline.
IN_A_PART, ANYWHERE = ("[^/]", "[^/"), (".", "[^")


class Pattern(NamedTuple):
    """`narrow` is a full-text expression (empty: nothing narrows), `may` tests a block of paths, `select` takes from a
    list of paths the places of those that match."""

    narrow: str
    may: Callable[[str], bool]
    select: Callable[[list[str]], list[int]]


def substring(text: str, ignore_case: bool = False) -> Pattern:
    """Paths that contain *text*."""
    if ignore_case:
        return regex(re.escape(text), True)
    text = _swapped(text)
    return Pattern(_all_of(text), lambda block: text in block,
                   lambda paths: [place for place, path in enumerate(paths) if text in path])


def glob(text: str, ignore_case: bool = False, end: str = "$") -> Pattern:
    """Paths that match a shell pattern as a whole; one without a slash is matched against the last part. *end*: the expression
    of what follows it."""
    if "/" not in text:
        return _of_shell(["/"], text, IN_A_PART, end, ignore_case)
    start = ["^"] if text.startswith(("/", "*")) else ["^", ".*", "/"]
    return _of_shell(start, text, ANYWHERE, end, ignore_case)


def key_glob(text: str, ignore_case: bool = False) -> Pattern:
    """Paths that match a shell pattern with the slash that they begin with, or without."""
    return _of_shell(["^/?"], text, ANYWHERE, "$", ignore_case)


def _of_shell(start: list[str], text: str, wild: tuple[str, str], end: str, ignore_case: bool) -> Pattern:
    """Trigrams are found in the plain expression; what tests paths is one that takes no longer for many stars."""
    parts = [*start, *shell_parts(text, wild)]
    tested = [_within_part(part) for part in parts] if wild is IN_A_PART else parts
    return _compiled("".join(parts) + end, ignore_case, trusted, without_return(tested, wild[0] + "*") + end)


def _within_part(part: str) -> str:
    """A range may have the slash in it, which is no part's."""
    return f"(?!/){part}" if part.startswith("[") and not part.startswith("[^/") else part


def without_return(parts: list[str], star: str) -> str:
    """What stands between two stars is taken where it is first found and never looked for again: time grows with the text
    and not with the number of ways to divide it.

    >>> without_return(["a", ".*", "b", ".*", "c"], ".*")
    'a(?>.*?b).*c'
    """
    runs: list[str] = [""]
    for part in parts:
        if part == star:
            runs.append("")
        else:
            runs[-1] += part
    if len(runs) == 1:
        return runs[0]
    first, *middle, last = runs
    return first + "".join([f"(?>{star}?{run})" for run in middle if run]) + star + last


def regex(text: str, ignore_case: bool = False, engine: Engine = trusted) -> Pattern:
    """Paths in which *text*, a regular expression of `re`, is found. Raises `BadInput` with the place of the fault.

    *engine* runs it; see `regexes`.
    """
    return _compiled(text, ignore_case, engine, text)


def _compiled(text: str, ignore_case: bool, engine: Engine, tested: str) -> Pattern:
    """The pattern of *text*, where *tested*, which is found in the same paths, is what is run."""
    if len(text) > PATTERN_CHARACTERS_MAX:
        raise BadInput(f"a pattern of {len(text)} characters: at most {PATTERN_CHARACTERS_MAX} are taken")
    text, tested = _swapped(text), _swapped(tested)
    flags = re.IGNORECASE if ignore_case else 0
    try:
        with unwarned():
            tree = _parser.parse(text, flags)
        test = engine(tested, ignore_case, False)
        block_search = engine(tested, ignore_case, True)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadInput(_fault(text, error)) from error

    def select(paths: list[str]) -> list[int]:
        return [place for place, path in enumerate(paths) if test(path)]

    narrow = _expression(tree, bool(tree.state.flags & re.IGNORECASE))
    if _line_by_line(tree):
        return Pattern(narrow, lambda block: True, select)
    return Pattern(narrow, lambda block: bool(block_search(block)), select)


def _fault(text: str, error: Exception) -> str:
    position = getattr(error, "pos", None)
    message = f"not a regular expression: {error}"
    if position is None or not text.isprintable():
        return message
    return f"{message}\n    {text}\n    {' ' * position}^"


def _swapped(text: str) -> str:
    """As paths are stored: a newline in a path is a NUL, and no path has a NUL."""
    return text.translate({0: "\n", 10: "\0"})


def shell_parts(text: str, wild: tuple[str, str] = ANYWHERE) -> list[str]:
    """The regular expression of each character, star or class of a shell pattern; a bracket that nothing closes is plain.

    >>> shell_parts("a*[!b]"), shell_parts("[]][")
    (['a', '.*', '[^b]'], ['[\\\\]]', '\\\\['])
    """
    any_character, all_but = wild
    parts, place = [], 0
    while place < len(text):
        character = text[place]
        place += 1
        if character == "*":
            parts.append(any_character + "*")
        elif character == "?":
            parts.append(any_character)
        elif character == "[" and (end := text.find("]", place + 1 + (text[place : place + 1] in ("!", "^")))) > 0:
            inside = text[place:end]
            negated = inside[:1] in ("!", "^")
            # All but the range's `-`: of `re`'s own classes (and those it may have one day) a shell has none.
            escaped = re.sub(r"[][\\^&~|]", r"\\\g<0>", inside[negated:])
            parts.append(f"{all_but}{escaped}]" if negated else f"[{escaped}]")
            place = end + 1
        else:
            parts.append(re.escape(character))
    return parts


def _line_by_line(tree: Any) -> bool:
    """Whether a match in a line need not be one in a block: what looks around, or binds to the ends of the text."""
    for operation, argument in tree:
        if operation in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.GROUPREF_EXISTS):
            return True
        if operation in (_constants.ATOMIC_GROUP, _constants.POSSESSIVE_REPEAT):
            return True
        if operation is _constants.AT and argument not in (_constants.AT_BEGINNING, _constants.AT_END,
                                                           _constants.AT_BOUNDARY, _constants.AT_NON_BOUNDARY):
            return True
        if any(_line_by_line(sub) for sub in _below(operation, argument)):
            return True
    return False


def _below(operation: Any, argument: Any) -> Iterable[Any]:
    if operation is _constants.BRANCH:
        return list(argument[1])
    if operation is _constants.SUBPATTERN:
        return [argument[3]]
    if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        return [argument[2]]
    return []


class _Runs:
    """The texts that a match may have at this place, and what every match must have before it.

    *folded*: case does not matter, by the rules of `re`. *steps*: one for each piece of the tree that may still be read, shared
    by all runs of a pattern; each repeat reads what it repeats more than once, and so do those within.
    """

    def __init__(self, folded: bool, steps: Iterator[int]) -> None:
        self.folded = folded
        self.steps = steps
        self.required: list[str] = []
        self._texts = {""}

    def extend(self, choices: Iterable[str]) -> None:
        choices = list(choices)
        if len(self._texts) * len(choices) > TEXTS_MAX:
            # What was spelled out so far is required; its last two characters still make trigrams with what follows.
            self._require()
            self._texts = {text[-2:] for text in self._texts}
        if len(self._texts) * len(choices) > TEXTS_MAX:
            self._texts = {""}
        self._texts = {text + choice for text in self._texts for choice in choices}

    def cut(self) -> None:
        """Anything may follow."""
        self._require()
        self._texts = {""}

    def require(self, expression: str) -> None:
        self.cut()
        if expression:
            self.required.append(expression)

    def _require(self) -> None:
        expressions = sorted({_all_of(text, self.folded) for text in self._texts})
        if all(expressions):
            self.required.append(expressions[0] if len(expressions) == 1 else "(" + " OR ".join(expressions) + ")")


def _expression(tree: Any, folded: bool, steps: Iterator[int] | None = None) -> str:
    runs = _Runs(folded, iter(range(STEPS_MAX)) if steps is None else steps)
    _walk(tree, runs)
    runs.cut()
    return " AND ".join(_taken(dict.fromkeys(runs.required)))


def _taken(required: Iterable[str]) -> Iterator[str]:
    """What SQLite takes of what every match must have: with less of it more is looked at, and the same found."""
    room = EXPRESSION_CHARACTERS_MAX
    for expression in required:
        if len(expression) <= room and _depth(expression) <= EXPRESSION_DEPTH_MAX:
            room -= len(expression)
            yield expression


def _depth(expression: str) -> int:
    """How many brackets are open at most.

    >>> _depth('("a((" AND ("b" OR "c"))')
    2
    """
    signs = (1 if sign == "(" else -1 for sign in _IN_QUOTES.sub("", expression) if sign in "()")
    return max(accumulate(signs), default=0)


def _walk(tree: Any, runs: _Runs) -> None:
    for operation, argument in tree:
        if next(runs.steps, None) is None:
            runs.cut()
            return
        if operation is _constants.LITERAL:
            runs.extend([chr(argument)])
        elif operation is _constants.IN and (characters := _characters(argument)):
            runs.extend(characters)
        elif operation is _constants.AT and argument is _constants.AT_END:
            runs.extend(["\n"])
            runs.cut()
        elif operation is _constants.SUBPATTERN and not argument[2] and not argument[1] & re.IGNORECASE:
            _walk(argument[3], runs)
        elif operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and argument[0] > 0:
            least, most, repeated = argument
            if least == most and least <= 4:
                for _ in range(least):
                    _walk(repeated, runs)
            else:
                # At least one: what it begins with follows what came before, and what it ends with what comes after.
                _walk(repeated, runs)
                runs.cut()
                _walk(repeated, runs)
        elif operation is _constants.BRANCH:
            branches = [_expression(branch, runs.folded, runs.steps) for branch in argument[1]]
            runs.require("(" + " OR ".join(f"({branch})" for branch in branches) + ")" if all(branches) else "")
        else:
            runs.cut()


def _characters(members: Any) -> list[str]:
    """The characters of a small class, or none when it is large or negated."""
    found: list[str] = []
    for operation, argument in members:
        if operation is _constants.LITERAL:
            found.append(chr(argument))
        elif operation is _constants.RANGE and argument[1] - argument[0] < CLASS_MAX:
            found += map(chr, range(argument[0], argument[1] + 1))
        else:
            return []
    return found if len(found) <= CLASS_MAX else []


def _all_of(text: str, folded: bool = False) -> str:
    """The trigrams of *text*, all or very many of them; empty when it has none that the index has."""
    trigrams = dict.fromkeys(text[place : place + 3] for place in range(len(text) - 2))
    printable = (trigram for trigram in trigrams if "\0" not in trigram and trigram.isprintable() | trigram.endswith("\n"))
    usable = islice(printable, TRIGRAMS_MAX)
    return " AND ".join(filter(None, [_any_case(trigram) if folded else _quoted(trigram) for trigram in usable]))


def _any_case(trigram: str) -> str:
    """The index folds ASCII as `re` does, but for the two letters that `re` holds equal to an `i`; beyond, they differ."""
    if not trigram.isascii():
        return ""
    spelled = [("i", "\u0131", "\u0130") if character in "iI" else (character,) for character in trigram]
    found = [_quoted("".join(characters)) for characters in product(*spelled)]
    return found[0] if len(found) == 1 else "(" + " OR ".join(found) + ")"


def _quoted(trigram: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in trigram):
        return ""
    return '"' + trigram.replace('"', '""') + '"'
