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
from pkgindex.query import exhaustive, regexes
from pkgindex.query.found import Cursor, Explanation, Found, RepositoryExplanation, parse_cursor, question_number
from pkgindex.query.hits import Answer, Hit
from pkgindex.query.knowledge import Knowledge
from pkgindex.query.language import parser, pkg5, rewrite
from pkgindex.query.language.printing import written
from pkgindex.query.language.tree import Packages, Query
from pkgindex.query.matching import Judge
from pkgindex.query.searching import Candidate, Search
from pkgindex.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from pkgindex.query.index import Index


# Of so many answers an explanation tells the scores.
EXPLAINED_MAX = 100

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
    query = pkg5.parse(request.question) if request.pkg5 else parser.parse(request.question)
    if request.packages:
        query = rewrite.as_packages(query)
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
        self._searches: dict[str, tuple[Search, float]] = {}
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
        generations = tuple((repo, search.snapshot.generation) for repo, (search, _) in sorted(self._searches.items()))
        return Cursor(_number(self._request), offset, generations)

    def explanation(self) -> Explanation:
        repositories = tuple(
            RepositoryExplanation(repo, search.snapshot.generation, tuple(search.parts), search.candidates, search.judged,
                                  time.perf_counter() - began, self._recovered.get(repo, ""))
            for repo, (search, began) in self._searches.items()
        )
        scores = {(answer.repo, answer.package): self._searches[answer.repo][0].reasons(answer.package)
                  for answer in self._answers if answer.repo not in self._recovered}
        return Explanation(written(self._query), repositories, scores)

    def _candidates(self, snapshot: Snapshot) -> Iterator[Candidate]:
        request, given = self._request, 0
        knowledge = Knowledge(snapshot, self._index.reader(snapshot.repo))
        engine = regexes.untrusted if request.untrusted else regexes.trusted
        judge = Judge(self._query, request.case, request.pkg5, knowledge, engine)
        try:
            search = Search(snapshot, judge, knowledge, not isinstance(self._query, Packages))
            self._searches[snapshot.repo] = search, time.perf_counter()
            for found in search.answers():
                given += 1
                yield found
        except (Corrupt, Gone) as error:
            if not self._index.asked.recovers(snapshot, error, given):
                raise
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


def _page(request: Request) -> Cursor | None:
    if request.cursor is None:
        return None
    cursor = parse_cursor(request.cursor)
    if cursor.question != _number(request):
        raise BadInput(f"the cursor {request.cursor} is of another question: give the words and options of the page before")
    return cursor


def _number(request: Request) -> int:
    return question_number(request.question, request.packages, request.case, request.pkg5)
