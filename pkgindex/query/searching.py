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
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

from pkgindex.format.tokens import folded
from pkgindex.query.bounds import Bound
from pkgindex.query.filenames import FileNames
from pkgindex.query.knowledge import Knowledge
from pkgindex.query.language.tree import Term
from pkgindex.query.matching import Judge, Judged
from pkgindex.query.narrowing import Narrower
from pkgindex.query.planner import Part, Planner
from pkgindex.query.ranking import AUXILIARY_SECTIONS, PLAIN, Reason, Scale, additive, extra, is_bare_word, words_of
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
        self.parts: list[Part] = []
        self.candidates = 0
        self.judged = 0
        self.files = FileNames(snapshot, judge.case, judge.engine)
        self._shards = snapshot.text_shards
        self._narrowers = [Narrower(shard, self.files, knowledge, judge.case, judge.engine) for shard in self._shards]
        self._additive = additive(judge.query)
        self.scale = Scale(judge.query, snapshot.manifest.packages, self._holding)

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
                return _Scores(self, shard, {}, Bound({number}, True)).reasons(number, judged.leaves if judged else ())
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
        self.parts += planner.parts
        if bound.numbers is not None:
            self.candidates += len(bound.numbers)
        certain = bound.exact and self._additive and all(found.exact for found in planner.terms.values())
        scores = _Scores(self, shard, planner.terms, bound)
        if certain:
            return self._certain(shard, scores.queue(), strong, done)
        return self._uncertain(shard, scores, strong, done)

    def _certain(
        self, shard: TextShard | LooseText, queue: Iterator[tuple[float, int]], strong: bool, done: set[str]
    ) -> Iterator[Candidate]:
        for negative, number in queue:
            name, summary = shard.package(number)
            if name not in done:
                yield Candidate(not strong and self.judge.has_bare_words, -negative, name, summary,
                                self._look(name, strong) if self.hits else None)

    def _uncertain(
        self, shard: TextShard | LooseText, scores: _Scores, strong: bool, done: set[str]
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


class _Scores:
    """What the packages of one shard are worth: at most, and in truth."""

    def __init__(self, search: Search, shard: TextShard | LooseText, bounds: Mapping[Term, Bound], whole: Bound) -> None:
        self._scale, self._shard, self._whole = search.scale, shard, whole
        self._bounds = [bounds[term].numbers if term in bounds else None for term in search.scale.terms]
        self._extras = [self._extra(search, term) for term in search.scale.terms]
        self._worths = [self._worth_of(term, place) for place, term in enumerate(search.scale.terms)]
        self._joined = self._extra_joined(search.scale)

    def queue(self) -> Iterator[tuple[float, int]]:
        """(negative score, number) of what the whole question may find, in order."""
        bound = self._whole
        distinct = self._distinct()
        living = self._shard.numbers()
        chosen = distinct if bound.numbers is None else bound.numbers
        if len(self._worths) == 1 and self._worths[0] is not None and not self._joined:
            # One word may have a tenth of all packages: no need to add it up.
            worths = self._worths[0]
            heap = [(-worths.get(number, 0.0), number) for number in chosen]
        else:
            heap = [(-self.most(number), number) for number in chosen]
        heapq.heapify(heap)
        while heap:
            yield heapq.heappop(heap)
        if bound.numbers is None:
            # All that nothing tells apart, in the order of names.
            base = sum([PLAIN for worths, numbers in zip(self._worths, self._bounds, strict=True)
                        if worths is None and numbers is None])
            yield from ((-base, number) for number in living if number not in distinct)

    def most(self, number: int) -> float:
        """What a package is worth if all terms match that may."""
        places = [place for place, numbers in enumerate(self._bounds) if numbers is None or number in numbers]
        return self.true(number, places)

    def true(self, number: int, places: Iterable[int]) -> float:
        """What a package is worth in which the terms at *places* match."""
        return sum([self._worth(place, number) for place in places]) + self._joined.get(number, 0.0)

    def reasons(self, number: int, places: Iterable[int]) -> list[Reason]:
        """The parts of `true`."""
        from pkgindex.query.language.printing import written

        found = []
        for place in places:
            term, extra = written(self._scale.terms[place]), self._extras[place].get(number, 0.0)
            why = "a match" if self._worths[place] is None else "its words"
            found.append(Reason(term, why, self._worth(place, number) - extra))
            if extra:
                found.append(Reason(term, "a whole name", extra))
        if number in self._joined:
            found.append(Reason(self._scale.joined, "the words are a whole name", self._joined[number]))
        return found

    def _worth(self, place: int, number: int) -> float:
        worths = self._worths[place]
        return PLAIN if worths is None else worths.get(number, 0.0)

    def _worth_of(self, term: Term, place: int) -> dict[int, float] | None:
        """By package, what *term* adds; None: `PLAIN` to all that it matches."""
        asked = words_of(term)
        if not asked:
            return None
        postings = [self._shard.postings(word) for word in asked]
        chosen = self._bounds[place]
        numbers: Set[int] = set().union(*postings, self._extras[place]) if chosen is None else chosen
        if self._whole.numbers is not None:
            numbers = numbers & self._whole.numbers
        auxiliary = self._shard.carrying("section", AUXILIARY_SECTIONS)
        return self._scale.worths(place, numbers, postings, self._extras[place], auxiliary)

    def _distinct(self) -> set[int]:
        """The packages that something tells apart from the rest."""
        found = set(self._joined)
        for worths, numbers in zip(self._worths, self._bounds, strict=True):
            found.update(worths if worths is not None else numbers or ())
        return found

    def _extra(self, search: Search, term: Term) -> dict[int, float]:
        if not is_bare_word(term):
            return {}
        commands = set(self._shard.numbers_of(search.files.commands(term)).values())
        names, provided = self._called(folded(term.value))
        return {
            number: extra(number in names, number in provided, number in commands)
            for number in names | provided | commands
        }

    def _extra_joined(self, scale: Scale) -> dict[int, float]:
        if not scale.joined:
            return {}
        names, provided = self._called(scale.joined)
        return {number: extra(number in names, number in provided) for number in names | provided}

    def _called(self, name: str) -> tuple[set[int], set[int]]:
        """Who is called *name*, and who provides it."""
        names = {*self._shard.numbers_of([name]).values(), *self._shard.attribute("name", name)}
        return names, set(self._shard.attribute("provides", name))
