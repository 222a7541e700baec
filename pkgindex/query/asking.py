"""A search over all repositories: their answers as one list, best first, page by page.

Invariants:

* A page is of the generations that its cursor names, or says that they are gone.
* A repository whose shard is damaged answers from its packages' own files, and `Index.recovered` says so; one that cannot
  answer at all costs itself.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from pkgindex.errors import BadInput, Corrupt, Gone
from pkgindex.query import regexes
from pkgindex.query.found import (
    Cursor,
    Explanation,
    Found,
    PartExplanation,
    RepositoryExplanation,
    parse_cursor,
    question_number,
)
from pkgindex.query.hits import Answer, Hit
from pkgindex.query.knowledge import Knowledge
from pkgindex.query.language import rewrite
from pkgindex.query.language.tree import Packages, Query
from pkgindex.query.matching import Judge
from pkgindex.query.searching import Candidate, Search
from pkgindex.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from pkgindex.query.index import Index


# Of so many answers an explanation tells the scores.
EXPLAINED_MAX = 100
# The most that a limit and an offset may be: 15 digits, and their sum is a number that one can count to.
NUMBER_MAX = 10**15 - 1

Key = tuple[bool, float, str, str]


class Request(NamedTuple):
    """A question and how it is to be answered; see `Index.search`."""

    question: str
    limit: int | None = None
    offset: int = 0
    cursor: str | None = None
    packages: bool = False
    case: bool = False
    pkg5: bool = False
    untrusted: bool = False


def ask(index: Index, request: Request) -> Found:
    """Raises `BadInput`, and `NotRetained` for a cursor whose generations are gone."""
    _check(request)
    query = rewrite.as_packages(_tree(request)) if request.packages else _tree(request)
    page = _page(request)
    offset = page.offset if page is not None else request.offset
    asked = _Asked(index, query, request)
    index.asked.pin(dict(page.generations) if page is not None else {})
    try:
        streams = [index.asked.to_the_end(snapshot.repo, stream)
                   for snapshot, stream in index.asked.each(lambda snapshot: asked.answers(snapshot, offset))]
    finally:
        index.asked.pin({})
    merged = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=itemgetter(0))
    answers = (answer for _, answer in islice(merged, offset, None))
    if request.limit is None:
        found = Found(answers)
    else:
        listed = list(islice(answers, request.limit + 1))
        more = len(listed) > request.limit
        found = Found(listed[: request.limit], asked.cursor(offset + request.limit) if more else None)
    found.explain = asked.explanation
    return found


class _Asked:
    """One question, over the repositories that were asked."""

    def __init__(self, index: Index, query: Query, request: Request) -> None:
        self._index, self._query, self._request = index, query, request
        self._generations: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._searches: dict[str, Search] = {}
        self._recovered: dict[str, str] = {}
        self._answers: list[Answer] = []

    def answers(self, snapshot: Snapshot, offset: int) -> Iterator[tuple[Key, Answer]]:
        """The answers of one repository, read as far as the page goes, so that what vanishes meanwhile is asked again."""
        stream = (
            ((found.weak, -found.score, found.package, snapshot.repo), self._answer(snapshot, found))
            for found in self._candidates(snapshot)
        )
        if self._request.limit is None:
            return chain(list(islice(stream, 1)), stream)
        return iter(list(islice(stream, offset + self._request.limit + 1)))

    def cursor(self, offset: int) -> Cursor:
        return Cursor(_number(self._request), offset, tuple(sorted(self._generations.items())))

    def explanation(self) -> Explanation:
        scores = {(answer.repo, answer.package): self._searches[answer.repo].reasons(answer.package)
                  for answer in self._answers if answer.repo not in self._recovered}
        from pkgindex.query.language.printing import written

        return Explanation(written(self._query), tuple(map(self._explained, self._generations)), scores)

    def _explained(self, repo: str) -> RepositoryExplanation:
        from pkgindex.query.language.printing import written

        seconds, recovered = time.perf_counter() - self._began[repo], self._recovered.get(repo, "")
        search = self._searches.get(repo)
        if search is None:
            return RepositoryExplanation(repo, self._generations[repo], (), 0, 0, seconds, recovered)
        parts = tuple([PartExplanation(written(part.query), *part[1:]) for part in search.parts])
        return RepositoryExplanation(repo, self._generations[repo], parts, search.candidates, search.judged, seconds, recovered)

    def _candidates(self, snapshot: Snapshot) -> Iterator[Candidate]:
        request, given = self._request, 0
        self._generations[snapshot.repo], self._began[snapshot.repo] = snapshot.generation, time.perf_counter()
        knowledge = Knowledge(snapshot, self._index.reader(snapshot.repo))
        engine = regexes.untrusted if request.untrusted else regexes.trusted
        judge = Judge(self._query, request.case, request.pkg5, knowledge, engine)
        try:
            search = Search(snapshot, judge, knowledge, not isinstance(self._query, Packages))
            self._searches[snapshot.repo] = search
            for found in search.answers():
                given += 1
                yield found
        except (Corrupt, Gone) as error:
            if not self._index.asked.recovers(snapshot, error, given):
                raise
            from pkgindex.query import exhaustive

            self._recovered[snapshot.repo] = str(error)
            yield from islice(exhaustive.answers(snapshot, judge), given, None)

    def _answer(self, snapshot: Snapshot, found: Candidate) -> Answer:
        repo, generation, score = snapshot.repo, snapshot.generation, round(found.score, 4)
        pairs = found.judged.found if found.judged is not None else (("package", found.package),)
        hits = tuple([Hit(repo, generation, found.package, field, value, score) for field, value in pairs])
        answer = Answer(repo, generation, found.package, score, found.summary, hits)
        if len(self._answers) < EXPLAINED_MAX:
            self._answers.append(answer)
        return answer


def _tree(request: Request) -> Query:
    """The question by the grammar that it is to be read by: of the two only that one is imported."""
    if request.pkg5:
        from pkgindex.query.language import pkg5

        return pkg5.parse(request.question)
    from pkgindex.query.language import parser

    return parser.parse(request.question)


def _check(request: Request) -> None:
    for name, number in (("limit", request.limit), ("offset", request.offset)):
        if number is not None and not 0 <= number <= NUMBER_MAX:
            raise BadInput(f"{name} is a number from 0 to {NUMBER_MAX}, not {_few_digits(number)}")


def _few_digits(number: int) -> str:
    """A number of thousands of digits is one that Python does not write."""
    return str(number) if abs(number) <= NUMBER_MAX else "one of more digits"


def _page(request: Request) -> Cursor | None:
    if request.cursor is None:
        return None
    cursor = parse_cursor(request.cursor)
    if cursor.question != _number(request):
        raise BadInput(f"the cursor {request.cursor} is of another question: give the words and options of the page before")
    return cursor


def _number(request: Request) -> int:
    return question_number(request.question, request.packages, request.case, request.pkg5)
