"""Ranked questions about words, over the text shards and the loose packages of one generation.

Each shard gives the packages that hold all the words, with what each word is worth in each; how rare a word is is counted
over all living packages, so that the scores do not depend on how the packages are spread over shards.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pkgindex.errors import Corrupt
from pkgindex.format import terms
from pkgindex.format.envelope import REMEDY
from pkgindex.model.package import Package
from pkgindex.store.shards import ShardFile

# A package whose name is the question comes before all that only speak of it.
EXACT_NAME_SCORE = 100.0


class Found(NamedTuple):
    package: str
    score: float
    summary: str


class TextShard:
    """One text shard; of the packages in *hidden* it says nothing."""

    def __init__(self, file: ShardFile, hidden: frozenset[str]) -> None:
        self._file = file
        self.name = file.name
        self._hidden = {
            number for name in hidden for (number,) in self._file.rows("SELECT id FROM packages WHERE name = ?", name)
        }

    def postings(self, word: str) -> dict[int, int]:
        """Worth by package number, of the living packages that hold *word*."""
        row = self._file.row("SELECT postings FROM terms WHERE term = ?", word)
        if row is None:
            return {}
        try:
            found = terms.decode_postings(row[0])
        except (TypeError, ValueError) as error:
            raise Corrupt(f"{self.name}: the postings of {word!r} are damaged ({error}); {REMEDY}") from error
        for number in self._hidden:
            found.pop(number, None)
        return found

    def number_of(self, package: str) -> int | None:
        row = self._file.row("SELECT id FROM packages WHERE name = ?", package)
        if row is None or row[0] in self._hidden:
            return None
        if not isinstance(row[0], int):
            raise Corrupt(f"{self.name}: {row[0]!r} for the number of package {package!r}; {REMEDY}")
        return row[0]

    def package(self, number: int) -> tuple[str, str]:
        """(name, summary)."""
        row = self._file.row("SELECT name, summary FROM packages WHERE id = ?", number)
        if row is None:
            raise Corrupt(f"{self.name}: package number {number} is missing; {REMEDY}")
        return row[0], row[1]

    def names(self, beginning: str) -> Iterator[str]:
        """The living packages whose names begin so, in order."""
        rows = self._file.rows("SELECT id, name FROM packages WHERE name >= ? AND name < ? ORDER BY name",
                          beginning, beginning + "\U0010ffff")
        return (name for number, name in rows if number not in self._hidden)


class LooseText:
    """Packages that are in no shard yet, in the same shape as a shard."""

    def __init__(self, packages: Sequence[Package]) -> None:
        self._packages = sorted(packages, key=lambda package: package.name)
        self._impacts = [terms.impacts(package) for package in self._packages]

    def postings(self, word: str) -> dict[int, int]:
        return {number: found[word] for number, found in enumerate(self._impacts) if word in found}

    def number_of(self, package: str) -> int | None:
        return next((number for number, known in enumerate(self._packages) if known.name == package), None)

    def package(self, number: int) -> tuple[str, str]:
        package = self._packages[number]
        return package.name, summary_of(package)

    def names(self, beginning: str) -> Iterator[str]:
        return (package.name for package in self._packages if package.name.startswith(beginning))


def summary_of(package: Package) -> str:
    """The line that stands for a package in a list."""
    for release in package.releases.values():
        if release.summary:
            return release.summary
    return next((text.summary for text in package.texts.values() if text.summary), "")


def search(
    shards: Sequence[TextShard | LooseText], words: Sequence[str], exact: str, packages: int, limit: int | None
) -> list[Found]:
    """The packages that hold every one of *words*, best first, ties by name; before all, the one named *exact*.

    *packages* is how many live in the repository. A word that nothing holds leaves no hit.
    """
    words = list(dict.fromkeys(words))
    if not words:
        return []
    lists = [[shard.postings(word) for word in words] for shard in shards]
    rarities = [
        terms.rarity(packages, sum(len(found[place]) for found in lists)) for place in range(len(words))
    ]
    best: list[Found] = []
    for shard, found in zip(shards, lists, strict=True):
        scores = _scores(found, rarities)
        number = shard.number_of(exact)
        if number is not None and number in scores:
            scores[number] += EXACT_NAME_SCORE
        for chosen, score in _highest(scores, limit):
            name, summary = shard.package(chosen)
            best.append(Found(name, score, summary))
    # Rounded last: what is cut off must not depend on how the packages are spread over shards.
    best.sort(key=lambda hit: (-hit.score, hit.package))
    return [hit._replace(score=round(hit.score, 4)) for hit in best[:limit]]


def _scores(found: Sequence[Mapping[int, int]], rarities: Sequence[float]) -> dict[int, float]:
    # Each word's part is added in the order of the question, so that rounding is the same in every shard.
    living = set(sorted(found, key=len)[0])
    for postings in found:
        living.intersection_update(postings)
    return {
        number: sum([rarity * postings[number] / 255 for postings, rarity in zip(found, rarities, strict=True)])
        for number in living
    }


def _highest(scores: dict[int, float], limit: int | None) -> list[tuple[int, float]]:
    # Numbers are in the order of names, so that ties fall the same way in every shard.
    items = [(-score, number) for number, score in scores.items()]
    chosen = sorted(items) if limit is None else heapq.nsmallest(limit, items)
    return [(number, -score) for score, number in chosen]
