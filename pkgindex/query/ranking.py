"""What a matching term is worth in a package: the order of answers.

A word is worth BM25's product of how rare it is and what it is worth in the package (`format.terms`), and more where it is
the package's whole name, a name that it provides, or a command that it ships, in this order; it is worth less in a library,
a document or a binding. Whatever else matches is worth one. Packages that only the name of some file answers for come after
all others; ties stand by name.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from pkgindex.format.terms import rarity
from pkgindex.format.tokens import TEXTS, cut, folded, tokens
from pkgindex.format.words import words
from pkgindex.model.package import Package
from pkgindex.query.language.rewrite import positive
from pkgindex.query.language.tree import PHRASE, WORD, And, Not, Or, Packages, Query, Term

# A word is worth less than 16 in a repository of four million packages: none of these is made up for by it, and a name in a
# small repository counts as much as one in a large.
EXACT_NAME, PROVIDED, COMMAND = 60.0, 40.0, 20.0
PLAIN = 1.0

# Sections of what is there for other packages or for who writes programs. Who asks for a web server means a program: of
# twenty questions with a known answer this put the answer at a mean reciprocal rank of 0.36 instead of 0.27.
AUXILIARY_SECTIONS = (
    "libs", "libdevel", "doc", "debug", "oldlibs", "introspection", "localization", "fonts", "metapackages", "tasks",
    "gnu-r", "golang", "haskell", "java", "javascript", "lisp", "ocaml", "perl", "php", "python", "ruby", "rust",
)
AUXILIARY = 0.8


class Reason(NamedTuple):
    """Why a package has a part of its score."""

    term: str
    why: str
    worth: float


def joined(query: Query) -> str:
    """The name that the words of a question make when it is nothing but words: `web server` may be called web-server."""
    if isinstance(query, Packages):
        return joined(query.part)
    if isinstance(query, And) and all(isinstance(part, Term) and not part.field and part.kind == WORD for part in query.parts):
        return folded("-".join([part.value for part in query.parts if isinstance(part, Term)]))
    return ""


def additive(query: Query, within_or: bool = False) -> bool:
    """Whether every term that matches speaks for the answer: not so in a branch of an OR of which the other half may fail."""
    if isinstance(query, Term):
        return True
    if isinstance(query, Packages):
        return additive(query.part, within_or)
    if isinstance(query, Or):
        return all(additive(part, True) for part in query.parts)
    return not within_or and isinstance(query, And) and all(isinstance(part, Not) or additive(part) for part in query.parts)


def words_of(term: Term) -> list[str]:
    """The words by which a term is ranked; none: it is worth `PLAIN` wherever it matches."""
    if term.kind in (WORD, PHRASE) and (not term.field or term.field in TEXTS or term.field == "text"):
        return list(dict.fromkeys(words(term.value)))
    return []


class Scale:
    """The weights of one question in one repository; *holding* counts the living packages that hold a word."""

    def __init__(self, query: Query, packages: int, holding: Callable[[str], int]) -> None:
        self.terms = list(dict.fromkeys(positive(query)))
        self.joined = joined(query)
        self._rarities = [[rarity(packages, holding(word)) for word in words_of(term)] for term in self.terms]

    def worth(self, place: int, impacts: Sequence[int], prior: float) -> float:
        """What term number *place* is worth where its words, in the order of `words_of`, are worth *impacts* (0 to 255)."""
        rarities = self._rarities[place]
        if not rarities:
            return PLAIN
        return sum([rarity * impact / 255 for rarity, impact in zip(rarities, impacts, strict=True)]) * prior

    def worths(
        self, place: int, packages: Iterable[int], postings: Sequence[Mapping[int, int]], extras: Mapping[int, float],
        auxiliary: Container[int],
    ) -> dict[int, float]:
        """The same of many packages at once, with what is added to some of them."""
        priors = [(package, AUXILIARY if package in auxiliary else 1.0) for package in packages]
        if len(postings) > 1:
            return {package: self.worth(place, [found.get(package, 0) for found in postings], prior) + extras.get(package, 0.0)
                    for package, prior in priors}
        [rarity], [found] = self._rarities[place], postings
        return {package: rarity * found.get(package, 0) / 255 * prior + extras.get(package, 0.0) for package, prior in priors}


def prior(package: Package) -> float:
    """What the worth of words is multiplied by in *package*."""
    sections = {release.fields.get("section", "") for release in package.releases.values()}
    found = {cut(token) for section in sections for token in (*tokens("section", section), *words(section))}
    return 1.0 if found.isdisjoint(AUXILIARY_SECTIONS) else AUXILIARY


def extra(name: bool, provided: bool, command: bool = False) -> float:
    """What is added where a word, or all words joined, are a whole name."""
    return EXACT_NAME if name else PROVIDED if provided else COMMAND if command else 0.0


def is_bare_word(term: Term) -> bool:
    """Whether names and commands speak for it."""
    return not term.field and term.kind in (WORD, PHRASE)
