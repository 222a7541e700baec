"""What the packages of one shard are worth to a question: at most, before anybody has looked at them, and in truth."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Set

from pkgindex.format.tokens import folded
from pkgindex.query.bounds import Bound
from pkgindex.query.filenames import FileNames
from pkgindex.query.language.tree import Term
from pkgindex.query.ranking import AUXILIARY_SECTIONS, PLAIN, Reason, Scale, extra, is_bare_word, words_of
from pkgindex.snapshot.text import LooseText, TextShard


class Scores:
    """One question over one shard, whose packages are numbers."""

    def __init__(
        self, scale: Scale, shard: TextShard | LooseText, files: FileNames, bounds: Mapping[Term, Bound], whole: Bound
    ) -> None:
        """*bounds* are those of the terms that were looked up, *whole* that of the question."""
        self._scale, self._shard, self._whole = scale, shard, whole
        self._bounds = [bounds[term].numbers if term in bounds else None for term in scale.terms]
        self._extras = [self._extra(files, term) for term in scale.terms]
        self._worths = [self._worth_of(term, place) for place, term in enumerate(scale.terms)]
        self._joined = self._extra_joined(scale)

    def queue(self) -> Iterator[tuple[float, int]]:
        """(negative score, number) of what the whole question may find, in order."""
        if self._whole.numbers is not None:
            return _popped(self._limits(self._whole.numbers))
        distinct = self._distinct()
        return heapq.merge(_popped(self._limits(distinct)), self._alike(distinct))

    def _limits(self, numbers: Iterable[int]) -> list[tuple[float, int]]:
        if len(self._worths) == 1 and self._worths[0] is not None and not self._joined:
            # One word may have a tenth of all packages: no need to add it up.
            worths = self._worths[0]
            return [(-worths.get(number, 0.0), number) for number in numbers]
        return [(-self.most(number), number) for number in numbers]

    def _alike(self, distinct: Set[int]) -> Iterator[tuple[float, int]]:
        """All that nothing tells apart, in the order of names."""
        worth = sum([PLAIN for worths, numbers in zip(self._worths, self._bounds, strict=True)
                     if worths is None and numbers is None])
        return ((-worth, number) for number in self._shard.numbers() if number not in distinct)

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
            term, added = written(self._scale.terms[place]), self._extras[place].get(number, 0.0)
            why = "a match" if self._worths[place] is None else "its words"
            found.append(Reason(term, why, self._worth(place, number) - added))
            if added:
                found.append(Reason(term, "a whole name", added))
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

    def _extra(self, files: FileNames, term: Term) -> dict[int, float]:
        if not is_bare_word(term):
            return {}
        commands = set(self._shard.numbers_of(files.commands(term)).values())
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


def _popped(heap: list[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    """What is in a list, in order, sorted no further than it is read."""
    heapq.heapify(heap)
    while heap:
        yield heapq.heappop(heap)
