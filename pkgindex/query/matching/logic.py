"""AND, OR, NOT and WITH over what terms found in one package.

Invariants:

* WITH chooses among what AND has: what holds of one thing holds of its package.
* Nothing is shown of a branch that does not hold, and nothing of what stands under NOT.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple, Protocol

from pkgindex.query.language.tree import And, Not, Or, Packages, Query, Term, With
from pkgindex.query.matching.contents import Found
from pkgindex.query.matching.looking import Matches
from pkgindex.query.matching.showing import Shown


class Witness(Protocol):
    """One package: what each term finds in it, and all there is."""

    @property
    def name(self) -> str: ...

    @property
    def everything(self) -> Set[Found]: ...

    def matches(self, term: Term) -> Matches: ...


class Voice(NamedTuple):
    """A term that speaks for a package (None: the package itself does), with what is to be shown of it."""

    term: Term | None
    shown: tuple[Shown, ...]


def holds(query: Query, witness: Witness) -> bool:
    """Whether *query* is true of the package."""
    if isinstance(query, Term):
        return bool(witness.matches(query))
    if isinstance(query, And):
        return all(holds(part, witness) for part in query.parts)
    if isinstance(query, Or):
        return any(holds(part, witness) for part in query.parts)
    if isinstance(query, Not):
        return not holds(query.part, witness)
    if isinstance(query, With):
        return bool(things_of(query, witness))
    return holds(query.part, witness)


def things_of(query: Query, witness: Witness) -> Set[Found]:
    """The things of which *query* is true."""
    if isinstance(query, Term):
        return witness.matches(query).keys()
    if isinstance(query, Not):
        return witness.everything - things_of(query.part, witness)
    if isinstance(query, Packages):
        return witness.everything if holds(query.part, witness) else frozenset()
    found = [things_of(part, witness) for part in query.parts]
    return frozenset().union(*found) if isinstance(query, Or) else frozenset(found[0]).intersection(*found[1:])


def voices(query: Query, witness: Witness) -> Iterator[Voice]:
    """Who speaks for *query*, which holds, in the order of the question."""
    if isinstance(query, Term):
        yield Voice(query, tuple([hit for hits in witness.matches(query).values() for hit in hits]))
    elif isinstance(query, With):
        yield from _voices_of(query, things_of(query, witness), witness)
    elif isinstance(query, Packages):
        yield Voice(None, (("package", witness.name),))
        yield from (Voice(voice.term, ()) for voice in voices(query.part, witness))
    elif not isinstance(query, Not):
        for part in query.parts:
            if isinstance(query, And) or holds(part, witness):
                yield from voices(part, witness)


def _voices_of(query: Query, things: Set[Found], witness: Witness) -> Iterator[Voice]:
    """The same of *things*, of all of which *query* is true."""
    if isinstance(query, Term):
        matches = witness.matches(query)
        yield Voice(query, tuple([hit for thing, hits in matches.items() if thing in things for hit in hits]))
    elif isinstance(query, And | With):
        for part in query.parts:
            yield from _voices_of(part, things, witness)
    elif isinstance(query, Or):
        for part in query.parts:
            if speaking := things & things_of(part, witness):
                yield from _voices_of(part, speaking, witness)
