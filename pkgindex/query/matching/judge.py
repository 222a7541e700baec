"""The judge: a question, made ready once, and asked of one package after the other."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

from pkgindex.model.package import Package
from pkgindex.query.language.rewrite import positive
from pkgindex.query.language.tree import And, Not, Or, Packages, Query, Term, With
from pkgindex.query.matching import looking
from pkgindex.query.matching.contents import Contents, Found
from pkgindex.query.matching.facts import Alone, Facts
from pkgindex.query.matching.logic import Voice, holds, voices
from pkgindex.query.matching.looking import Look, Matches, Rules
from pkgindex.query.matching.paths import FILE_FIELDS, is_command
from pkgindex.query.matching.showing import Shown, in_order
from pkgindex.query.regexes import Engine, trusted


class Judged(NamedTuple):
    """A package that matches.

    `found`: the (field, value) pairs that made it so. `leaves`: which of the positive terms match, by their places in the
    order of the question, equal terms taken for one. `strong`: whether it matches when the name of a file that is no command is
    nothing to a bare word; then nothing of the kind is shown, or counted.
    """

    found: tuple[Shown, ...]
    leaves: tuple[int, ...]
    strong: bool


class Judge:
    """*query*, for any number of packages. Raises `BadInput` for a pattern that is none.

    `needs_files`: whether its answers depend on what files a package has; when not, packages may be given without them.
    `strong_needs_files`: the same of strong answers, where a package is given with its files when it has a command that is
    called as a bare word says. `opposes_bare_words`: whether one stands under NOT, so that the name of a file may leave out a
    package that all else speaks for.
    """

    def __init__(self, query: Query, case: bool = False, pkg5: bool = False, facts: Facts | None = None,
                 engine: Engine = trusted) -> None:
        self.query, self.case, self.pkg5, self.engine = query, case, pkg5, engine
        self.facts: Facts = facts if facts is not None else Alone()
        self._tree = of_one_thing(query) if pkg5 else query
        self._looks = {term: _look_of(term, Rules(case, self.facts, engine), pkg5) for term in _terms(query)}
        self._places = _places(query)
        self.has_bare_words = not pkg5 and any(not term.field for term in self._places)
        self.opposes_bare_words = self.has_bare_words and _opposes(query, False)
        self.needs_files = any(map(self._reads_files, self._looks)) or _takes_any_thing(self._tree)
        self.strong_needs_files = self.needs_files and not (self.has_bare_words and _only_strengthened(self._tree))

    def judge(self, package: Package) -> Judged | None:
        """What of *package* matches; None when it does not."""
        witness = _Witness(self._looks, package)
        if not holds(self._tree, witness):
            return None
        strong = self._is_strong(witness)
        speaking = list(voices(self._tree, _StrongWitness(witness) if strong and self.has_bare_words else witness))
        found = in_order(hit for voice in speaking for hit in voice.shown)
        return Judged(found, self._leaves(speaking), strong)

    def _is_strong(self, witness: _Witness) -> bool:
        return not self.has_bare_words or holds(self._tree, _StrongWitness(witness))

    def _leaves(self, speaking: list[Voice]) -> tuple[int, ...]:
        return tuple(sorted({self._places[voice.term] for voice in speaking if voice.term is not None}))

    def _reads_files(self, term: Term) -> bool:
        if not self.pkg5:
            return not term.field or term.field in FILE_FIELDS
        from pkgindex.query.matching import pkg5

        return pkg5.reads_files(term)


class _Witness:
    """One package, and what each term found in it: looked for when it is first asked."""

    def __init__(self, looks: dict[Term, Look], package: Package) -> None:
        self.name = package.name
        self._looks = looks
        self._contents = Contents(package)
        self._known: dict[Term, Matches] = {}

    @property
    def everything(self) -> Set[Found]:
        return self._contents.everything

    def matches(self, term: Term) -> Matches:
        known = self._known.get(term)
        if known is None:
            known = self._known[term] = self._looks[term](self._contents)
        return known


class _StrongWitness:
    """The same, but that bare words find no files but commands."""

    def __init__(self, witness: _Witness) -> None:
        self.name = witness.name
        self._witness = witness

    @property
    def everything(self) -> Set[Found]:
        return self._witness.everything

    def matches(self, term: Term) -> Matches:
        found = self._witness.matches(term)
        if term.field:
            return found
        return {thing: hits for thing, hits in found.items() if all(_is_strong(term, hit) for hit in hits)}


def _is_strong(term: Term, hit: Shown) -> bool:
    field, value = hit
    return field != "file" or is_command(term, value)


def of_one_thing(query: Query) -> Query:
    """The tree of pkg(5)'s AND, which joins what holds of one action; that of packages joins packages."""
    if isinstance(query, Term):
        return query
    if isinstance(query, Packages):
        return Packages(of_one_thing(query.part))
    if isinstance(query, Not):
        return Not(of_one_thing(query.part))
    parts = tuple(map(of_one_thing, query.parts))
    if isinstance(query, Or):
        return Or(parts)
    return And(parts) if any(map(_gives_packages, parts)) else With(parts)


def _gives_packages(query: Query) -> bool:
    if isinstance(query, Term):
        return False
    if isinstance(query, Packages):
        return True
    return any(map(_gives_packages, (query.part,) if isinstance(query, Not) else query.parts))


def _look_of(term: Term, rules: Rules, by_pkg5: bool) -> Look:
    if not by_pkg5:
        return looking.look_of(term, rules)
    from pkgindex.query.matching import pkg5

    return pkg5.look_of(term, rules)


def _places(query: Query) -> dict[Term, int]:
    return {term: place for place, term in enumerate(dict.fromkeys(positive(query)))}


def _only_strengthened(query: Query) -> bool:
    """Whether what its bare words find in files can only add to what *query* finds, and no other term reads files."""
    if isinstance(query, Term):
        return query.field not in FILE_FIELDS
    if isinstance(query, And | Or):
        return all(map(_only_strengthened, query.parts))
    return isinstance(query, Packages) and _only_strengthened(query.part)


def _opposes(query: Query, opposed: bool) -> bool:
    if isinstance(query, Term):
        return opposed and not query.field
    if isinstance(query, Not):
        return _opposes(query.part, True)
    return any(_opposes(part, opposed) for part in ((query.part,) if isinstance(query, Packages) else query.parts))


def _terms(query: Query) -> Iterator[Term]:
    """All terms, those under NOT too."""
    if isinstance(query, Term):
        yield query
    else:
        for part in (query.part,) if isinstance(query, Not | Packages) else query.parts:
            yield from _terms(part)


def _takes_any_thing(query: Query) -> bool:
    """Whether some WITH is true of things that none of its terms found: of any file, then."""
    if isinstance(query, Term):
        return False
    if isinstance(query, With):
        return _is_open(query)
    return any(map(_takes_any_thing, (query.part,) if isinstance(query, Not | Packages) else query.parts))


def _is_open(query: Query) -> bool:
    if isinstance(query, Term):
        return False
    if isinstance(query, Not | Packages):
        return True
    return any(map(_is_open, query.parts)) if isinstance(query, Or) else all(map(_is_open, query.parts))
