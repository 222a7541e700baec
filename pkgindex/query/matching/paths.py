"""Which paths a term is about, as patterns that both a shard of paths and one package's own list are asked with.

Over paths as they are stored, with NUL for a newline. `file:` with a slash at its start is a whole path, with another slash
in it the end of one, and without any the last part; `dir:` is the same of the directory.
"""

from __future__ import annotations

import re

from pkgindex.query import patterns
from pkgindex.query.globs import literal_run
from pkgindex.query.language.tree import COMPARE, GLOB, PHRASE, REGEX, WORD, Term
from pkgindex.query.patterns import Pattern
from pkgindex.query.regexes import Engine, trusted

FILE_FIELDS = frozenset(("file", "basename", "dir"))
# Where programs lie that are called by their names alone.
COMMAND_DIRECTORIES = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/games", "/usr/local/bin", "/usr/local/sbin")
_IN_DIRECTORY = "/[^/]*$"


def pattern_of(term: Term, case: bool, engine: Engine = trusted) -> Pattern | None:
    """What a path must fit for *term*, bare or of a field of `FILE_FIELDS`; None when no path can. Raises `BadInput`."""
    if term.kind == COMPARE:
        return None
    if term.field == "basename":
        return _basename(term, case, engine)
    if term.field == "dir":
        return _directory(term, case, engine)
    if term.kind == REGEX:
        return patterns.regex(term.value, not case, engine)
    if term.kind == GLOB:
        return _glob(term.value, case)
    return patterns.regex(f"{_end_of_path(term.value)}$", not case)


def keys_of(term: Term, case: bool) -> dict[str, Pattern]:
    """The keys of pkg(5) by which a path is found, and what it must fit under each: the path, with the slash that it begins
    with or without, and its last part."""
    value = term.value
    if term.kind == GLOB:
        found = {"path": patterns.key_glob(value, not case)}
    else:
        found = {"path": patterns.regex(f"^/{re.escape(value.removeprefix('/'))}$", not case)}
    basename = _basename(term, case, trusted)
    return found if basename is None else {**found, "basename": basename}


def is_command(term: Term, path: str) -> bool:
    """Whether *path* is a program that is called what *term* says, as it is spelled there or in lower case."""
    directory, _, name = path.rpartition("/")
    return term.kind in (WORD, PHRASE) and name in (term.value, term.value.casefold()) and directory in COMMAND_DIRECTORIES


def _end_of_path(value: str) -> str:
    return ("^" if value.startswith("/") else "/") + re.escape(value)


def _basename(term: Term, case: bool, engine: Engine) -> Pattern | None:
    if term.kind == REGEX:
        return _of_part(term, case, engine, 2)
    if "/" in term.value:
        return None
    if term.kind == GLOB:
        return _glob(term.value, case)
    return patterns.regex(f"{_end_of_path(term.value)}$", not case)


def _glob(value: str, case: bool) -> Pattern:
    """The pattern of `patterns.glob`, which is only tried where the longest plain text of it stands: 4 ms and not 13 for a
    list of 20,000, of which few fit. Beyond ASCII `re` folds otherwise than text does."""
    narrow, may, select = patterns.glob(value, not case)
    run = literal_run(value)
    if not run.isascii() or not run.isprintable():
        return Pattern(narrow, may, select)

    def possible(text: str) -> bool:
        return run in text.lower() or not text.isascii()

    def chosen(paths: list[str]) -> list[int]:
        likely = [place for place, path in enumerate(paths) if run in path.lower() or not path.isascii()]
        return [likely[place] for place in select([paths[place] for place in likely])]

    return Pattern(narrow, possible, chosen)


def _directory(term: Term, case: bool, engine: Engine) -> Pattern:
    if term.kind == REGEX:
        return _of_part(term, case, engine, 0)
    value = term.value.rstrip("/")
    if not value:
        return patterns.regex(f"^{_IN_DIRECTORY}", not case)
    if term.kind == GLOB:
        return patterns.glob(value, not case, _IN_DIRECTORY)
    return patterns.regex(_end_of_path(value) + _IN_DIRECTORY, not case)


def _of_part(term: Term, case: bool, engine: Engine, part: int) -> Pattern:
    """A regular expression that is searched in the directory (part 0) or the last part (2): where it begins and ends is not
    where the path does."""
    narrow = patterns.regex(term.value, not case, engine).narrow
    search = engine(term.value, not case, False)

    def select(paths: list[str]) -> list[int]:
        return [place for place, path in enumerate(paths) if search(path.rpartition("/")[part].replace("\0", "\n") or "/")]

    return Pattern(narrow if part == 2 else "", lambda block: True, select)
