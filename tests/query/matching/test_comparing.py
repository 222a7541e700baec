"""Values compared by order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.model.package import Release
from pkgindex.query.language.tree import COMPARE, OPERATORS, Term
from pkgindex.query.matching.comparing import compare_test
from pkgindex.query.matching.facts import Alone


def compare(field: str, value: str, operator: str, wanted: str, release: Release | None = None) -> bool:
    return compare_test(Term(wanted, field, COMPARE, operator), Alone(), release)(value)


ROWS = [
    ("size", "10485761", ">", "10M"), ("size", "10485760", "=", "10MiB"), ("size", "10", "<", "1k"),
    ("size", "1.5M", "=", "1536K"),
    ("installed-size", "1023", "<", "1M"), ("installed-size", "1024", "=", "1M"), ("installed-size", "9", "<", "10"),
    ("version", "1.10", ">", "1.9"), ("version", "1.0~rc1", "<", "1.0"), ("version", "1:1", ">", "2"),
    ("version", "1.0", "=", "1.00"),
    ("nobody", "9", "<", "10"), ("nobody", "-1", "<", "0.5"), ("nobody", "9a", ">", "10"), ("nobody", "abc", "<", "ABD"),
    ("nobody", "ABC", "=", "abc"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "operator", "wanted"), ROWS)
def test_a_value_is_on_the_right_side(field: str, value: str, operator: str, wanted: str) -> None:
    assert compare(field, value, operator, wanted)


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_is_no_size_is_on_no_side(operator: str) -> None:
    assert not compare("size", "banana", operator, "10M")
    assert not compare("size", "10", operator, "banana")


def test_a_release_may_be_of_another_ordering() -> None:
    assert compare("version", "1.0.0-rc.1", "<", "1.0.0", Release(fields={"version-scheme": "semver"}))
    assert compare("version", "1.0.0-rc.1", ">", "1.0.0")


@given(st.sampled_from(["size", "installed-size", "version", "nobody"]), st.integers(0, 2000), st.integers(0, 2000))
def test_one_of_three_holds_of_numbers_and_the_others_follow(field: str, left: int, right: int) -> None:
    less, equal, more = (compare(field, str(left), operator, str(right)) for operator in ("<", "=", ">"))
    assert [less, equal, more].count(True) == 1
    assert compare(field, str(left), "<=", str(right)) == (less or equal)
    assert compare(field, str(left), ">=", str(right)) == (more or equal)
