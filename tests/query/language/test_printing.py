from __future__ import annotations

import pytest
from hypothesis import given

from pkgindex.query.language.parser import parse
from pkgindex.query.language.printing import written
from pkgindex.query.language.tree import Not, Packages, Query
from query.language.trees import TREES, both, compare, either, glob, one_thing, phrase, regex, word

A, B, C = word("a"), word("b"), word("c")

TABLE = [
    (A, "a"),
    (both(A, B), "a AND b"),
    (either(both(A, B), C), "a AND b OR c"),
    (both(A, either(B, C)), "a AND (b OR c)"),
    (Not(A), "NOT a"),
    (Not(both(A, B)), "NOT (a AND b)"),
    (Not(one_thing(A, B)), "NOT a WITH b"),
    (one_thing(A, Not(B)), "a WITH (NOT b)"),
    (Packages(either(A, B)), "<a OR b>"),
    (Packages(compare("size", ">", "10M")), "<size>10M>"),
    (word("x", "name"), "name:x"),
    (word("v", "key", type="set"), "set:key:v"),
    (word("v", type="set"), "set::v"),
    (word("v", package="p"), "p:::v"),
    (word("x", "package"), ":package:x"),
    (glob("*", "foo"), "foo:*"),
    (phrase('a "b"'), '"a \\"b\\""'),
    (regex("a/b", "file"), "file:/a\\/b/"),
    (compare("version", ">=", "1:2"), "version>=1:2"),
    (word("AND"), "\\AND"),
    (word("AND", "name"), "name:AND"),
    (word("-x"), "\\-x"),
    (word("a*"), "a\\*"),
    (word("use::editing", "tag"), "tag:use\\:\\:editing"),
    (word("don't"), "don't"),
    (word("/usr/bin/x"), "/usr/bin/x"),
    (word("/etc"), "\\/etc"),
    (word("/bin/"), "\\/bin/"),
]


@pytest.mark.parametrize(("tree", "text"), TABLE)
def test_a_tree_is_written_as_its_text(tree: Query, text: str) -> None:
    assert written(tree) == text
    assert parse(text) == tree


@given(TREES)
def test_every_tree_is_written_so_that_it_is_read_as_the_same(tree: Query) -> None:
    assert parse(written(tree)) == tree


def test_what_was_within_the_limit_of_depth_stays_there() -> None:
    text = "a OR b -(" * 50 + "x" + ")" * 50
    assert parse(written(parse(text))) == parse(text)
