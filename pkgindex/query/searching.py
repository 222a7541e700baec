"""How a question is answered from one snapshot: the index narrows, the packages' own files decide.

    bound       which packages may match, shard by shard (`planner`)
    scores      the most that each of them can be worth (`ranking`)
    judged      best first, each by its own record, until the caller has enough (`matching`)

Invariants:

* The answer and its order are those of judging every package (`exhaustive`), whatever the index could narrow.
* What is not asked for is not read: with a limit the rest is not judged, and packages alone are not judged where the index
  is exact.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from pkgindex.query.bounds import Bound
from pkgindex.query.filenames import FileNames
from pkgindex.query.knowledge import Knowledge
from pkgindex.query.matching import Judge, Judged
from pkgindex.query.narrowing import Narrower
from pkgindex.query.planner import Part, Planner
from pkgindex.query.ranking import Reason, Scale, additive, is_bare_word
from pkgindex.query.scores import Scores
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.snapshot.text import LooseText, TextShard


class Candidate(NamedTuple):
    """A package that matches; `judged` is None where nobody had to look."""

    weak: bool
    score: float
    package: str
    summary: str
    judged: Judged | None


class Search:
    """One question over one snapshot. *hits*: what matched is wanted, and not just the packages."""

    def __init__(self, snapshot: Snapshot, judge: Judge, knowledge: Knowledge, hits: bool) -> None:
        self.snapshot = snapshot
        self.judge = judge
        self.hits = hits
        self.judged = 0
        # What each phase did to each shard.
        self._planned: list[tuple[Narrower, Planner, Bound]] = []
        self.files = FileNames(snapshot, judge.case, judge.engine)
        self._shards = snapshot.text_shards
        self._narrowers = [Narrower(shard, self.files, knowledge, judge.case, judge.engine) for shard in self._shards]
        self._additive = additive(judge.query)
        self.scale = Scale(judge.query, snapshot.manifest.packages, self._holding)

    @property
    def parts(self) -> list[Part]:
        """What became of each part in each shard; what both phases say of one is listed once, with the time of both."""
        # By what they look like: as tuples an AND and an OR of the same are equal.
        found: dict[tuple[Narrower, str, str, int | None], Part] = {}
        for narrower, planner, _ in self._planned:
            for part in planner.parts:
                key = (narrower, repr(part.query), part.how, part.packages)
                found[key] = part._replace(seconds=part.seconds + (found[key].seconds if key in found else 0.0))
        return list(found.values())

    @property
    def candidates(self) -> int:
        """How many packages the index left, each counted once; where nothing narrows, none are."""
        left: dict[Narrower, set[int]] = {}
        for narrower, _, bound in self._planned:
            left[narrower] = left.get(narrower, set()) | (bound.numbers or set())
        return sum(map(len, left.values()))

    def answers(self) -> Iterator[Candidate]:
        """Everything that matches, best first."""
        done: set[str] = set()
        if self.judge.has_bare_words:
            for found in self._phase(True, done):
                done.add(found.package)
                yield found
        yield from self._phase(False, done)

    def reasons(self, package: str) -> list[Reason]:
        """How the score of *package*, one of the answers, came about."""
        for shard in self._shards:
            number = shard.numbers_of([package]).get(package)
            if number is not None:
                judged = self._look(package, False)
                scores = Scores(self.scale, shard, self.files, {}, Bound({number}, True))
                return scores.reasons(number, judged.leaves if judged else ())
        return []

    def _phase(self, strong: bool, done: set[str]) -> Iterator[Candidate]:
        """The strong, or what is left; in the order of scores and names."""
        streams = [self._of_shard(narrower, strong, done) for narrower in self._narrowers]
        if len(streams) == 1:
            return streams[0]
        return heapq.merge(*streams, key=lambda found: (-found.score, found.package))

    def _of_shard(self, narrower: Narrower, strong: bool, done: set[str]) -> Iterator[Candidate]:
        shard = narrower.shard
        planner = Planner(narrower, strong, self.judge.pkg5)
        bound = planner.bound(self.judge.query)
        self._planned.append((narrower, planner, bound))
        certain = bound.exact and all(found.exact for found in planner.terms.values()) and self._decides(strong)
        scores = Scores(self.scale, shard, self.files, planner.terms, bound)
        if certain:
            return self._certain(shard, scores.queue(), strong, done)
        return self._uncertain(shard, scores, strong, done)

    def _decides(self, strong: bool) -> bool:
        """Whether an exact bound is the answer. What is bounded without the names of files may still be left out for one."""
        return self._additive and not (strong and self.judge.opposes_bare_words)

    def _certain(
        self, shard: TextShard | LooseText, queue: Iterator[tuple[float, int]], strong: bool, done: set[str]
    ) -> Iterator[Candidate]:
        for negative, number in queue:
            name, summary = shard.package(number)
            if name not in done:
                yield Candidate(not strong and self.judge.has_bare_words, -negative, name, summary,
                                self._look(name, strong) if self.hits else None)

    def _uncertain(
        self, shard: TextShard | LooseText, scores: Scores, strong: bool, done: set[str]
    ) -> Iterator[Candidate]:
        """Judged from the top of what each can be worth; one that turns out to be worth less waits for its turn."""
        waiting: list[tuple[float, int, str, str, Judged]] = []
        for negative, number in scores.queue():
            while waiting and waiting[0][:2] < (negative, number):
                yield _candidate(heapq.heappop(waiting), strong, self.judge)
            name, summary = shard.package(number)
            judged = self._look(name, strong) if name not in done else None
            if judged is not None and (judged.strong or not strong):
                score = scores.true(number, judged.leaves)
                heapq.heappush(waiting, (-score, number, name, summary, judged))
        while waiting:
            yield _candidate(heapq.heappop(waiting), strong, self.judge)

    def _look(self, name: str, strong: bool) -> Judged | None:
        self.judged += 1
        files = self.judge.strong_needs_files or self._ships_a_command(name) if strong else self.judge.needs_files
        package = self.snapshot.package(name, files=files)
        return self.judge.judge(package) if package is not None else None

    def _ships_a_command(self, name: str) -> bool:
        return any(name in self.files.commands(term) for term in self.scale.terms if is_bare_word(term))

    def _holding(self, word: str) -> int:
        return sum(len(shard.postings(word)) for shard in self._shards)


def _candidate(waiting: tuple[float, int, str, str, Judged], strong: bool, judge: Judge) -> Candidate:
    negative, _, name, summary, judged = waiting
    return Candidate(not strong and judge.has_bare_words, -negative, name, summary, judged)
