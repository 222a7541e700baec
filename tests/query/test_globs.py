"""Shell patterns over values."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.query.globs import glob_test, literal_run

FITTING = [
    ("*", ""), ("*", "a\nb"), ("?", "\n"), ("a*", "a"), ("a*b*c", "aXbXc"), ("[*]", "*"), ("[?]", "?"), ("[[]", "["),
    ("[]]", "]"),
    ("[]a]", "a"), ("[!a]", "b"), ("[^a]", "b"), ("[a-c]", "b"), ("[a-]", "-"), ("[]-]", "-"), ("[", "["), ("[a", "[a"),
    ("a[", "a["),
    ("[!", "[!"), ("[!]", "[!]"), ("[!]]", "a"), ("a\\*", "a\\b"), ("a.b", "a.b"), ("(a|b)", "(a|b)"), ("FO[O]O", "fooo"),
    ("[A-Z]x", "qX"), ("stra\u00dfe", "STRASSE"), ("[Z-a]b", "zB"), ("[[:alpha:]]", ":]"), ("[\\w]", "\\"), ("[\\w]", "w"),
    ("*a*a*", "aa"), ("**", "x"), ("[&&x]", "&"), ("[~~x]", "~"), ("lib*.so.?", "libc.so.6"),
]  # fmt: skip
OTHERS = [
    ("?", ""), ("a", "ab"), ("[!a]", "a"), ("[!a]", "A"), ("[!]]", "]"), ("a.b", "axb"), ("[a-c]", "d"), ("*a*a*", "a"),
    ("[\\w]", "x"),
    ("a*b", "ba"), ("ab*bc", "abc"), ("[[:alpha:]]", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("glob", "value"), FITTING)
def test_a_pattern_fits(glob: str, value: str) -> None:
    assert glob_test(glob, False)(value)


@pytest.mark.parametrize(("glob", "value"), OTHERS)
def test_a_pattern_does_not_fit(glob: str, value: str) -> None:
    assert not glob_test(glob, False)(value)


@given(st.text("ab*?[]!-x", max_size=8), st.text("abx-!]", max_size=8))
def test_a_pattern_fits_what_it_fits_in_a_shell(glob: str, value: str) -> None:
    try:
        fits = glob_test(glob, True)(value)
    except BadInput:
        return
    # Of an empty class with nothing to close it, and of ranges with two dashes, shells think differently.
    if "[]" not in glob and "[!]" not in glob and "-" not in glob:
        assert fits == fnmatchcase(value, glob)


@given(st.text("ab*?[]\u00df", max_size=8), st.text("aAbBsS\u00df", max_size=8))
def test_a_value_fits_as_it_is_listed_when_it_fits_as_it_is_spelled(glob: str, value: str) -> None:
    assert glob_test(glob, False)(value) == glob_test(glob, False)(value.casefold())
    assert glob_test(glob, False)(value) or not glob_test(glob, True)(value)


@given(st.text("ab*?[]!S\u00df", max_size=8), st.text("aAbBsS\u00df!", max_size=8))
def test_what_fits_has_the_longest_text_in_it(glob: str, value: str) -> None:
    if glob_test(glob, False)(value):
        assert literal_run(glob) in value.casefold()


@pytest.mark.parametrize("glob", ["[z-a]", "x[9-0]*"])
def test_a_range_that_goes_backwards_is_a_mistake(glob: str) -> None:
    with pytest.raises(BadInput, match="bad character range"):
        glob_test(glob, False)


def test_many_stars_take_no_longer_than_one() -> None:
    fits = glob_test("*a" * 40 + "*b", False)
    began = time.process_time()
    assert not fits("a" * 2000)
    # Tried in all ways, it would not be done before the sun is.
    assert time.process_time() - began < 5
