"""Terms about files, as the paths shards answer them: the packages that ship a file that fits.

Each term is looked up once a question, however many text shards there are.
"""

from __future__ import annotations

from collections.abc import Iterable

from pkgindex.model.paths import stored
from pkgindex.query.language.tree import PHRASE, WORD, Term
from pkgindex.query.matching.paths import COMMAND_DIRECTORIES, keys_of, pattern_of
from pkgindex.query.patterns import Pattern
from pkgindex.query.regexes import Engine
from pkgindex.snapshot.snapshot import Snapshot


class FileNames:
    """The file terms of one question, asked of one snapshot."""

    def __init__(self, snapshot: Snapshot, case: bool, engine: Engine) -> None:
        self._snapshot = snapshot
        self._case = case
        self._engine = engine
        self._known: dict[Term, frozenset[str]] = {}
        self._commands: dict[str, frozenset[str]] = {}

    def names(self, term: Term) -> frozenset[str]:
        """The packages with a file that *term* fits."""
        if term not in self._known:
            pattern = pattern_of(term, self._case, self._engine)
            self._known[term] = self._owners([pattern] if pattern is not None else [])
        return self._known[term]

    def by_pkg5(self, term: Term) -> frozenset[str]:
        """The same, by the keys that pkg(5) gives a file."""
        if term not in self._known:
            self._known[term] = self._owners(keys_of(term, self._case).values())
        return self._known[term]

    def blocks(self, term: Term, most: int) -> int:
        """How many blocks of paths must be read for *term*, counted up to *most*."""
        if term in self._known:
            return 0
        pattern = pattern_of(term, self._case, self._engine)
        return self._snapshot.blocks(pattern.narrow, most) if pattern is not None else 0

    def commands(self, term: Term) -> frozenset[str]:
        """The packages with a program that is called what *term* says, as it is spelled or in lower case."""
        name = term.value
        if term.kind not in (WORD, PHRASE) or "/" in name or not name:
            return frozenset()
        if name not in self._commands:
            paths = [f"{directory}/{spelled}" for directory in COMMAND_DIRECTORIES for spelled in {name, name.casefold()}]
            self._commands[name] = frozenset(package for _, package in self._snapshot.owners(map(stored, paths)))
        return self._commands[name]

    def _owners(self, patterns: Iterable[Pattern]) -> frozenset[str]:
        found: set[str] = set()
        for pattern in patterns:
            for _, packages in self._snapshot.matching(*pattern):
                found.update(packages)
        return frozenset(found)
