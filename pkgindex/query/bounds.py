"""What an index alone can say of an answer: a set of packages of one shard that holds it, and whether it is the answer.

Sets are of package numbers. `All` of a shard is written as None, so that a part that nothing narrows costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Bound(NamedTuple):
    """`numbers` (None: all) holds every package that matches; `exact`: and no other."""

    numbers: set[int] | None
    exact: bool

    def __and__(self, other: Bound) -> Bound:
        if self.numbers is None or other.numbers is None:
            found = other.numbers if self.numbers is None else self.numbers
        else:
            found = self.numbers & other.numbers
        # Where nothing is left nothing is to be looked at.
        return Bound(found, (self.exact and other.exact) or found == set())

    def __or__(self, other: Bound) -> Bound:
        if self.numbers is None or other.numbers is None:
            return Bound(None, self.whole or other.whole)
        return Bound(self.numbers | other.numbers, self.exact and other.exact)

    @property
    def whole(self) -> bool:
        """All packages, and each of them matches."""
        return self.numbers is None and self.exact

    def complement(self, living: Callable[[], Iterable[int]]) -> Bound:
        """What does not match: known only where it is exact."""
        if not self.exact:
            return ANYTHING
        return Bound(set() if self.numbers is None else set(living()) - self.numbers, True)


ANYTHING = Bound(None, False)
EVERYTHING = Bound(None, True)
NOTHING = Bound(set(), True)
