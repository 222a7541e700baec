"""Whether words stand side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.query.matching.values import side_by_side

words = st.lists(st.sampled_from(["a", "aa", "b"]), max_size=8)


@given(words.filter(bool), words)
def test_words_stand_side_by_side_when_a_piece_of_the_text_is_them(asked: list[str], found: list[str]) -> None:
    pieces = [found[place : place + len(asked)] for place in range(len(found))]
    assert side_by_side(asked, found) == (asked in pieces)


def test_a_long_phrase_is_sought_in_a_long_text_and_not_at_each_of_its_places() -> None:
    # At each place, it would be half a million times half a million words.
    assert not side_by_side(["a"] * 500_000 + ["b"], ["a"] * 1_000_000)
