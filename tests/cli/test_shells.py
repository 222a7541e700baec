"""Command lines that are not finished are split as bash splits them."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.cli.shells import Line, split


@pytest.mark.parametrize(("line", "last", "kept"), [
    ("p search ", "", 0),
    ("p search dep", "dep", 0),
    ("p search depends:", "depends:", 8),
    ("p search depends:li", "depends:li", 8),
    ("p search version>=1", "version>=1", 9),
    ("p search 'depends:li", "depends:li", 0),
    ('p search depends:"li', "depends:li", 8),
    (r"p search a\:b", "a:b", 0),
    (r"p search a\ b:c", "a b:c", 4),
    ("p search ''", "", 0),
    ("p search \\", "\\", 0),
])
def test_what_stays_is_what_bash_does_not_replace(line: str, last: str, kept: int) -> None:
    assert split(line, ":=>") == Line(("p", "search"), last, kept)


@given(st.lists(st.text(min_size=1), max_size=4))
def test_finished_words_are_those_of_a_shell(words: list[str]) -> None:
    # What a shell takes for space is less than what Unicode has.
    assert split(shlex.join(words) + " ", ":").words == tuple(words)


@given(st.text(alphabet="a :\\'\""))
def test_any_line_can_be_split(line: str) -> None:
    found = split(line, ":")
    assert 0 <= found.kept <= len(found.last)
