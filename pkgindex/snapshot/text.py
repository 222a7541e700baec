"""What the text shards and the loose packages of one generation hold: words, attributes and names.

Packages are numbers here, in the order of their names; only those that live are told of. Both kinds have the same methods,
so that who asks need not know where a package stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import cached_property
from typing import Any

from pkgindex.errors import Corrupt, OlderShard
from pkgindex.format import terms
from pkgindex.format.envelope import REMEDY
from pkgindex.format.shard import FORMATS, storable
from pkgindex.format.tokens import BARE, SIMILAR, listable, listed
from pkgindex.model.package import Package
from pkgindex.snapshot.attributes import Attributes
from pkgindex.store.shards import ShardFile

NAMES_AT_ONCE = 500
# A question looks at each of its words several times, and a page later again.
WORDS_REMEMBERED = 8
# Above everything that begins so, and below all that does not.
_LAST = "\U0010ffff"

Fits = Callable[[str], bool]


class TextShard:
    """One text shard; of the packages in *hidden* it says nothing.

    A shard of a former format knows its packages. What it is asked of words and attributes raises `OlderShard`.
    """

    def __init__(self, file: ShardFile, hidden: Iterable[str]) -> None:
        self._file = file
        self.name = file.name
        self._hidden: frozenset[int] = frozenset()
        self._hidden = frozenset(self.numbers_of(hidden).values())
        self._remembered: dict[str, dict[int, int]] = {}
        self._carrying: dict[tuple[str, tuple[str, ...]], Set[int]] = {}

    # Words

    def postings(self, word: str) -> dict[int, int]:
        """Worth by package number, of the packages that hold *word*; not to be changed."""
        known = self._remembered.get(word)
        if known is None:
            while len(self._remembered) >= WORDS_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            known = self._remembered[word] = self._postings(word)
        return known

    def _postings(self, word: str) -> dict[int, int]:
        row = self._words.row("SELECT postings FROM terms WHERE term = ?", storable(word))
        if row is None:
            return {}
        found = self._decoded(word, row[0])
        for number in self._hidden:
            found.pop(number, None)
        return found

    def cost(self, word: str) -> int:
        """How many packages hold *word*, those that no longer count too: known without reading who they are."""
        row = self._words.row(
            f"SELECT substr(postings, 1, {terms.HEAD_BYTES}), length(postings) FROM terms WHERE term = ?", storable(word)
        )
        try:
            return terms.count_postings(*row) if row is not None else 0
        except (TypeError, ValueError) as error:
            raise self._damaged(word, error) from error

    def words_like(self, beginning: str, fits: Fits) -> Iterator[str]:
        """The words that begin so and fit, in order."""
        rows = self._words.rows("SELECT term FROM terms WHERE term >= ? AND term < ? ORDER BY term", *_range(beginning))
        return (word for (word,) in rows if fits(self._text(word)))

    def postings_like(self, beginning: str, fits: Fits) -> Iterator[set[int]]:
        """The packages that hold each of these words."""
        rows = self._words.rows("SELECT term, postings FROM terms WHERE term >= ? AND term < ?", *_range(beginning))
        for word, postings in rows:
            if fits(word):
                yield self._decoded(word, postings).keys() - self._hidden

    # Attributes

    def fields(self) -> list[str]:
        """The fields that packages carry, in order."""
        return self._attributes.fields()

    def attribute(self, field: str, token: str) -> set[int]:
        """The packages that carry *token* in *field*; see `format.tokens`."""
        return set(self._attributes.numbers(field, token)) - self._hidden

    def carrying(self, field: str, tokens: tuple[str, ...]) -> Set[int]:
        """The packages that carry one of *tokens* in *field*; remembered, because whole parts of the shard are."""
        known = self._carrying.get((field, tokens))
        if known is None:
            known = frozenset().union(*[self._attributes.numbers(field, token) for token in tokens]) - self._hidden
            self._carrying = {(field, tokens): known}
        return known

    def attribute_cost(self, field: str, token: str) -> int:
        """How many packages carry it, those that no longer count too."""
        return self._attributes.count(field, token)

    def attributes_like(self, field: str, beginning: str, fits: Fits) -> Iterator[tuple[str, set[int]]]:
        """The tokens of *field* that begin so and fit, in order, each with its packages."""
        for token, numbers in self._attributes.like(field, beginning, fits):
            if living := set(numbers) - self._hidden:
                yield token, living

    # Packages

    def count(self) -> int:
        return self._file.shard.packages - len(self._hidden)

    def numbers(self) -> Sequence[int]:
        """All of them, in order."""
        every = range(1, self._file.shard.packages + 1)
        return [number for number in every if number not in self._hidden] if self._hidden else every

    def numbers_of(self, names: Iterable[str]) -> dict[str, int]:
        """The numbers of those of *names* that live here."""
        asked = {storable(name): name for name in names}
        found = {}
        for number, name in self._chosen("id, name", "name", list(asked)):
            if not isinstance(number, int) or name not in asked:
                raise Corrupt(f"{self.name}: {number!r} for the number of package {name!r}; {REMEDY}")
            if number not in self._hidden:
                found[asked[name]] = number
        return found

    def package(self, number: int) -> tuple[str, str]:
        """(name, summary)."""
        return self.packages([number])[number]

    def packages(self, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
        """(name, summary) of each."""
        asked = list(numbers)
        found = {number: (self._text(name), self._text(summary))
                 for number, name, summary in self._chosen("id, name, summary", "id", asked)}
        for number in asked:
            if number not in found:
                raise Corrupt(f"{self.name}: package number {number} is missing; {REMEDY}")
        return found

    def names(self, beginning: str) -> Iterator[str]:
        """The packages whose names begin so, in order."""
        rows = self._file.rows("SELECT id, name FROM packages WHERE name >= ? AND name < ? ORDER BY name", *_range(beginning))
        return (self._text(name) for number, name in rows if number not in self._hidden)

    def names_like(self, beginning: str, fits: Fits) -> Iterator[str]:
        """Those of them that fit."""
        return filter(fits, self.names(beginning))

    # Details

    def _decoded(self, word: str, postings: bytes) -> dict[int, int]:
        try:
            return terms.decode_postings(postings)
        except (TypeError, ValueError) as error:
            raise self._damaged(word, error) from error

    @property
    def _words(self) -> ShardFile:
        if self._file.format < FORMATS["text"]:
            raise OlderShard(f"{self.name}: written in format {self._file.format}, which lists no attributes; run 'pkgindex "
                             "pack --rebuild REPO' to write it anew")
        return self._file

    @cached_property
    def _attributes(self) -> Attributes:
        return Attributes(self._words)

    def _chosen(self, columns: str, column: str, values: list[str] | list[int]) -> Iterator[tuple[Any, ...]]:
        """The rows of `packages` with one of *values* in *column*, many at a time."""
        for start in range(0, len(values), NAMES_AT_ONCE):
            part = values[start : start + NAMES_AT_ONCE]
            marks = ", ".join("?" * len(part))
            yield from self._file.rows(f"SELECT {columns} FROM packages WHERE {column} IN ({marks})", *part)

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise Corrupt(f"{self.name}: {value!r} where a text should be; {REMEDY}")
        return value

    def _damaged(self, word: str, error: Exception) -> Corrupt:
        return Corrupt(f"{self.name}: the postings of {word!r} are damaged ({error}); {REMEDY}")


class LooseText:
    """Packages that are in no shard yet, in the same shape as a shard."""

    def __init__(self, packages: Sequence[Package]) -> None:
        self._packages = sorted(packages, key=lambda package: package.name)
        self._impacts = [terms.impacts(package) for package in self._packages]

    def postings(self, word: str) -> dict[int, int]:
        return {number: found[word] for number, found in enumerate(self._impacts) if word in found}

    def cost(self, word: str) -> int:
        return len(self.postings(word))

    def words_like(self, beginning: str, fits: Fits) -> Iterator[str]:
        every = sorted({word for found in self._impacts for word in found if word.startswith(beginning)})
        return filter(fits, every)

    def postings_like(self, beginning: str, fits: Fits) -> Iterator[set[int]]:
        return (set(self.postings(word)) for word in self.words_like(beginning, fits))

    def fields(self) -> list[str]:
        return sorted(field for field in self._lists if field not in (BARE, SIMILAR))

    def attribute(self, field: str, token: str) -> set[int]:
        return set(self._lists.get(listable(field), {}).get(listable(token), ()))

    def carrying(self, field: str, tokens: tuple[str, ...]) -> Set[int]:
        return set().union(*[self.attribute(field, token) for token in tokens])

    def attribute_cost(self, field: str, token: str) -> int:
        return len(self.attribute(field, token))

    def attributes_like(self, field: str, beginning: str, fits: Fits) -> Iterator[tuple[str, set[int]]]:
        found = self._lists.get(listable(field), {})
        return ((token, set(found[token])) for token in sorted(found) if token.startswith(listable(beginning)) and fits(token))

    def count(self) -> int:
        return len(self._packages)

    def numbers(self) -> Sequence[int]:
        return range(len(self._packages))

    def numbers_of(self, names: Iterable[str]) -> dict[str, int]:
        return {name: self._numbers[name] for name in names if name in self._numbers}

    def package(self, number: int) -> tuple[str, str]:
        package = self._packages[number]
        return package.name, summary_of(package)

    def packages(self, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
        return {number: self.package(number) for number in numbers}

    def names(self, beginning: str) -> Iterator[str]:
        return (package.name for package in self._packages if package.name.startswith(beginning))

    def names_like(self, beginning: str, fits: Fits) -> Iterator[str]:
        return filter(fits, self.names(beginning))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {package.name: number for number, package in enumerate(self._packages)}

    @cached_property
    def _lists(self) -> dict[str, dict[str, list[int]]]:
        """Numbers by token by field."""
        found: dict[str, dict[str, list[int]]] = {}
        for number, package in enumerate(self._packages):
            for field, token in listed(package):
                found.setdefault(field, {}).setdefault(token, []).append(number)
        return found


def summary_of(package: Package) -> str:
    """The line that stands for a package in a list."""
    for release in package.releases.values():
        if release.summary:
            return release.summary
    return next((text.summary for text in package.texts.values() if text.summary), "")


def _range(beginning: str) -> tuple[str, str]:
    """Between these is all that begins so."""
    return storable(beginning), storable(beginning) + _LAST
