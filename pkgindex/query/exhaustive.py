"""A question answered without the index: every package is judged by its own file.

It is what search means, slower: the yardstick of the tests, and what answers when a shard is missing or damaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pkgindex.format import terms
from pkgindex.format.tokens import folded
from pkgindex.format.words import trailing_parts
from pkgindex.model.package import Package
from pkgindex.query.language.rewrite import positive
from pkgindex.query.language.tree import Term
from pkgindex.query.matching import Judge, Judged
from pkgindex.query.matching.paths import COMMAND_DIRECTORIES
from pkgindex.query.ranking import Scale, extra, is_bare_word, joined, prior, words_of
from pkgindex.query.searching import Candidate
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.snapshot.text import summary_of


class _Match(NamedTuple):
    package: str
    summary: str
    judged: Judged
    impacts: dict[str, int]
    prior: float
    whole: list[tuple[bool, bool, bool]]
    joined: tuple[bool, bool]


def answers(snapshot: Snapshot, judge: Judge) -> Iterator[Candidate]:
    """Everything that matches, best first, as `searching.Search` has it."""
    asked = list(dict.fromkeys(positive(judge.query)))
    ranked = {word for term in asked for word in words_of(term)}
    holding = dict.fromkeys(ranked, 0)
    found: list[_Match] = []
    for name, entry in snapshot.entries():
        package = snapshot.package(name) if entry.shipped else None
        if package is None:
            continue
        impacts = terms.impacts(package) if ranked else {}
        for word in ranked.intersection(impacts):
            holding[word] += 1
        judged = judge.judge(package)
        if judged is not None:
            found.append(_match(package, judged, {word: impacts.get(word, 0) for word in ranked}, asked, joined(judge.query)))
    scale = Scale(judge.query, snapshot.manifest.packages, holding.__getitem__)
    ordered = [Candidate(judge.has_bare_words and not match.judged.strong, _score(scale, match), match.package,
                         match.summary, match.judged) for match in found]
    ordered.sort(key=lambda match: (match.weak, -match.score, match.package))
    yield from ordered


def _match(package: Package, judged: Judged, impacts: dict[str, int], asked: list[Term], together: str) -> _Match:
    called = {folded(part) for part in trailing_parts(package.name)}
    provided = {folded(part) for release in package.releases.values() for kind, alternative in release.edges()
                if kind == "provides" for part in trailing_parts(alternative.name)}
    commands = _commands(package) if any(map(is_bare_word, asked)) else frozenset()
    whole = [
        (folded(term.value) in called, folded(term.value) in provided,
         bool(commands & {term.value, term.value.casefold()})) if is_bare_word(term) else (False, False, False)
        for term in asked
    ]
    return _Match(package.name, summary_of(package), judged, impacts, prior(package), whole,
                  (together in called, together in provided) if together else (False, False))


def _score(scale: Scale, match: _Match) -> float:
    # The same sums in the same order as the index does them, to the last digit.
    return sum([_worth(scale, match, place) for place in match.judged.leaves]) + extra(*match.joined)


def _worth(scale: Scale, match: _Match, place: int) -> float:
    impacts = [match.impacts[word] for word in words_of(scale.terms[place])]
    return scale.worth(place, impacts, match.prior) + extra(*match.whole[place])


def _commands(package: Package) -> frozenset[str]:
    paths = (path.decode("utf-8", "surrogateescape").rpartition("/") for listed in package.files.values() for path in listed)
    return frozenset(name for directory, _, name in paths if directory in COMMAND_DIRECTORIES)
