"""From a tree to the packages of one shard that may answer it: the cheapest part first.

A part of an AND that costs more than looking at the packages which the parts before it left is not looked up at all: then the
packages' own files decide.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from pkgindex.query.bounds import ANYTHING, NOTHING, Bound
from pkgindex.query.language.tree import COMPARE, GLOB, REGEX, Not, Or, Packages, Query, Term, With
from pkgindex.query.matching.facts import COMPUTED
from pkgindex.query.matching.paths import FILE_FIELDS
from pkgindex.query.narrowing import Narrower, literal

# What things take, in seconds, as measured on a distribution of 63,437 packages; only their order matters.
JUDGE_SECONDS = 0.0002
LOOKUP_SECONDS = 0.0005
RANGE_SECONDS = 0.005
SCAN_SECONDS = 0.1
BLOCK_SECONDS = 0.0001
WALK_SECONDS = 0.3
# What a term about files is taken to read before anyone has counted.
BLOCKS_USUAL = 100


class Part(NamedTuple):
    """What became of one part of a question; `packages` is None when nothing narrows it."""

    query: Query
    how: str
    packages: int | None
    seconds: float


class Planner:
    """One question over one shard. *strong*: bare words count only where more than the name of a file holds them."""

    def __init__(self, narrower: Narrower, strong: bool, pkg5: bool) -> None:
        self._narrower = narrower
        self._strong = strong
        self._pkg5 = pkg5
        self._skipped: dict[Query, float] = {}
        self.terms: dict[Term, Bound] = {}
        self.parts: list[Part] = []

    def bound(self, query: Query, thing: bool = False) -> Bound:
        """What holds every answer; *thing*: parts must hold of one thing, where the opposite says nothing of a package."""
        if isinstance(query, Term):
            return self._term(query)
        if isinstance(query, Packages):
            return self.bound(query.part, thing)
        if isinstance(query, Not):
            return ANYTHING if thing else self.bound(query.part).complement(self._narrower.shard.numbers)
        if isinstance(query, Or):
            found = NOTHING
            for part in query.parts:
                found |= self.bound(part, thing)
            return found
        together = thing or self._pkg5 or isinstance(query, With)
        found = self._all(query.parts, together)
        return Bound(found.numbers, False) if together else found

    def _all(self, parts: Sequence[Query], thing: bool) -> Bound:
        found: Bound | None = None
        for part in sorted(parts, key=self._seconds):
            if found is not None and self._is_dearer(part, found):
                self._pass(part)
                found &= ANYTHING
            else:
                more = self.bound(part, thing)
                found = more if found is None else found & more
        return found if found is not None else ANYTHING

    def _term(self, term: Term) -> Bound:
        if term not in self.terms:
            began = time.perf_counter()
            found = self._narrower.by_pkg5(term) if self._pkg5 else self._narrower.term(term, self._strong)
            self.terms[term] = found
            count = None if found.numbers is None else len(found.numbers)
            self.parts.append(Part(term, _how(term, found), count, time.perf_counter() - began))
        return self.terms[term]

    def _pass(self, query: Query) -> None:
        self.parts.append(Part(query, "not looked up: the packages that are left are fewer than it costs", None, 0.0))

    def _is_dearer(self, part: Query, found: Bound) -> bool:
        """Whether to look *part* up costs more than to look at the packages in *found*."""
        if found.numbers is None:
            return False
        judging = len(found.numbers) * JUDGE_SECONDS
        return self._seconds(part, judging) > judging

    def _seconds(self, query: Query, most: float = 0.0) -> float:
        """About how long it takes to look *query* up; where it is *most* seconds or more need not be known."""
        if isinstance(query, Term):
            return self._seconds_of_term(query, most)
        if isinstance(query, Not | Packages):
            return self._seconds(query.part, most)
        return sum([self._seconds(part, most) for part in query.parts])

    def _seconds_of_term(self, term: Term, most: float) -> float:
        if term.field in COMPUTED:
            return WALK_SECONDS
        if term.field in FILE_FIELDS or not (term.field or (self._strong and not self._pkg5)):
            # A bare word is looked for last: it is found elsewhere, and most often is.
            usual = BLOCKS_USUAL if term.field else 2 * BLOCKS_USUAL
            blocks = self._narrower.files.blocks(term, int(most / BLOCK_SECONDS) + 1) if most else usual
            return LOOKUP_SECONDS + BLOCK_SECONDS * blocks
        if term.kind in (REGEX, COMPARE):
            return SCAN_SECONDS
        if term.kind == GLOB:
            return RANGE_SECONDS if literal(term.value) else SCAN_SECONDS
        return LOOKUP_SECONDS


def _how(term: Term, found: Bound) -> str:
    if found.numbers is None:
        return "all packages" if found.exact else "cannot be narrowed: every package that is left is looked at"
    if term.field in FILE_FIELDS:
        how = "paths, by their trigrams"
    elif term.field in COMPUTED:
        how = "relations, followed"
    else:
        how = "lists"
    return how if found.exact else f"{how}; then each package is looked at"
