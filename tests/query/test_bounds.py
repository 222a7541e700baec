from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.query.bounds import ANYTHING, EVERYTHING, NOTHING, Bound

LIVING = frozenset(range(6))
truths = st.sets(st.sampled_from(sorted(LIVING)))


@st.composite
def bounds(draw: st.DrawFn) -> tuple[Bound, set[int]]:
    """A bound, and a set that it may be the bound of."""
    truth = draw(truths)
    if draw(st.booleans()):
        return (EVERYTHING if truth == LIVING else Bound(set(truth), True)), truth
    more = truth | draw(truths)
    return (ANYTHING if draw(st.booleans()) else Bound(more, False)), truth


def holds(bound: Bound, truth: set[int]) -> bool:
    numbers = set(LIVING) if bound.numbers is None else bound.numbers
    return numbers == truth if bound.exact else numbers >= truth


@given(bounds(), bounds())
def test_what_is_joined_holds_what_is_true_of_both_and_of_either(
    left: tuple[Bound, set[int]], right: tuple[Bound, set[int]]
) -> None:
    assert holds(left[0] & right[0], left[1] & right[1])
    assert holds(left[0] | right[0], left[1] | right[1])


@given(bounds())
def test_the_opposite_of_a_bound_is_known_only_where_the_bound_is_exact(found: tuple[Bound, set[int]]) -> None:
    bound, truth = found
    opposite = bound.complement(lambda: LIVING)
    assert holds(opposite, set(LIVING) - truth)
    assert opposite.exact == bound.exact


def test_nothing_and_everything_are_each_the_end_of_a_question() -> None:
    ended = NOTHING & ANYTHING
    assert (ended.numbers, ended.exact) == (set(), True)
    assert EVERYTHING | ANYTHING == EVERYTHING
    assert EVERYTHING & ANYTHING == ANYTHING
