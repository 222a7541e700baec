"""Lists of packages, read and written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.service.tree.listing import read, written

names = st.text("abcX09+._@-", min_size=1, max_size=6)
lists = st.dictionaries(names, st.lists(names, max_size=4).map(tuple), max_size=6)


@given(lists)
def test_what_is_written_is_read_again(needs: dict[str, tuple[str, ...]]) -> None:
    assert read(written(package, names) + "\n" for package, names in needs.items()) == needs
    assert read(json.dumps({"name": package, "depends": names}) for package, names in needs.items()) == needs


def test_both_ways_may_stand_in_one_list_with_empty_lines() -> None:
    assert read(["curl:libc6  zlib1g\n", "\n", ' {"name": "libc6", "version": "2.36"}\r\n', "a :\n"]) == {
        "curl": ("libc6", "zlib1g"), "libc6": (), "a": (),
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("curl", "colon"), (": libc6", "colon"), ("a b: c", "colon"), ("{", "line 2"), ('{"name": 3}', "is a text"),
        ('{"depends": []}', "name"), ('{"name": "a", "depends": "b (>= 1)"}', "list of texts"), ("first: b", "line before"),
        ('{"name": "a", "depends": [1]}', "list of texts"), ('{"name": "a", "depends": null}', "list of texts"),
    ],
)
def test_a_line_that_is_none_is_named_with_its_number(line: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as raised:
        read(["first: a", line])
    assert str(raised.value).startswith("line 2: ")
