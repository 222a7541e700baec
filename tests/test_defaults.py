from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.defaults import plain

word = st.sampled_from(["index", "spool", "a", "a-b", "", "quiet_seconds", "[x]", "é", "'a'", "a.b"])
value = st.sampled_from([
    '"/srv/index"', "'/srv'", '""', '"a\\n"', '"""', "'''", "0", "7", "007", "0.5", "1e3", "1_000", "-1", ".5", "5.", "true",
    "True", "[1]", "inf", "", "# c", '"a" b', '"a" # é', "7 # c\x07", '"\x07"', '"é"', "1979-05-27", "٣", '"a', "1 2",
])
line = st.one_of(
    st.tuples(word, st.sampled_from(["=", " = ", "\t=", ""]), value).map("".join),
    st.sampled_from(["", "  ", "# a comment", "# \x07", "[section]", '"""', "\r", "= 3", " \t"]),
)


@given(st.lists(line, max_size=5).map("\n".join))
def test_what_is_plain_is_what_toml_says(content: str) -> None:
    found = plain(content)
    if found is not None:
        assert found == tomllib.loads(content)
        assert [type(each) for each in found.values()] == [type(each) for each in tomllib.loads(content).values()]


@pytest.mark.parametrize("content", ["", 'index = "/srv/index"', "a = 1\nb = 0.25 # c\n\n# d\nc = true", "a='é'"])
def test_what_everybody_writes_is_plain(content: str) -> None:
    assert plain(content) == tomllib.loads(content)
