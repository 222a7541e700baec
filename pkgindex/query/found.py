"""What a search gives back: answers, where to go on, and how it came about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple
from zlib import crc32

from pkgindex.errors import BadInput
from pkgindex.model.names import REPOSITORY_NAME
from pkgindex.query.hits import Answer
from pkgindex.query.ranking import Reason

# What `Cursor` writes; no number of so few digits is too much for anybody who counts.
_PAIR = f"{REPOSITORY_NAME}=[0-9]{{1,15}}"
_CURSOR = re.compile(rf"([0-9a-f]{{8}})\+([0-9]{{1,15}})@({_PAIR}(?:,{_PAIR})*)")


class PartExplanation(NamedTuple):
    """What became of one part of the question: how it was looked up, and how many packages may match it (None: all may)."""

    text: str
    how: str
    packages: int | None
    seconds: float


class RepositoryExplanation(NamedTuple):
    """How one repository was asked: the parts of the question, how many packages the index left, how many were judged."""

    repo: str
    generation: int
    parts: tuple[PartExplanation, ...]
    candidates: int
    judged: int
    seconds: float
    recovered: str = ""


class Explanation(NamedTuple):
    """`tree` is the question as it was understood; `scores` is keyed by (repository, package)."""

    tree: str
    repositories: tuple[RepositoryExplanation, ...]
    scores: Mapping[tuple[str, str], list[Reason]]


class Cursor(NamedTuple):
    """Where a page begins: *offset* answers into the answer of exactly these generations to exactly this question."""

    question: int
    offset: int
    generations: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        where = ",".join(f"{repo}={generation}" for repo, generation in self.generations)
        return f"{self.question:08x}+{self.offset}@{where}"


def question_number(*parts: object) -> int:
    """What tells one question from another: the same for the same words and options."""
    return crc32(repr(parts).encode("utf-8", "surrogateescape"))


def parse_cursor(text: str) -> Cursor:
    """Raises `BadInput`.

    >>> str(parse_cursor("0000002a+20@debian=7")), parse_cursor("0000002a+20@debian=7").offset
    ('0000002a+20@debian=7', 20)
    """
    found = _CURSOR.fullmatch(text)
    pairs = [pair.split("=") for pair in found[3].split(",")] if found else []
    if found is None or len(dict(pairs)) < len(pairs):
        raise BadInput(f"{text!r} is no cursor: take the one that the page before ended with, or ask without")
    return Cursor(int(found[1], 16), int(found[2]), tuple([(repo, int(number)) for repo, number in pairs]))


class Found:
    """The answers, best first; to be iterated once. `cursor` is that of the next page, None when there is no more."""

    def __init__(self, answers: Iterable[Answer], cursor: Cursor | None = None) -> None:
        self._answers = answers
        self._cursor = cursor
        self.explain: Callable[[], Explanation] | None = None

    def __iter__(self) -> Iterator[Answer]:
        return iter(self._answers)

    @property
    def cursor(self) -> str | None:
        return None if self._cursor is None else str(self._cursor)

    def explanation(self) -> Explanation:
        """What was done so far: ask when the answers were read."""
        if self.explain is None:
            return Explanation("", (), {})
        return self.explain()
