"""Whatever is typed is read or refused, and never with much work: lines are counted, since a clock tells of the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.query.language import parser, pkg5
from pkgindex.query.language.lexer import QUERY_CHARACTERS_MAX
from pkgindex.query.language.printing import written
from pkgindex.query.language.tree import Query
from query.language.trees import QUESTIONS

Parse = Callable[[str], Query]

# What is looked at, in a text whose square would be 500 lines a character.
LONG_CHARACTERS = 1000
LINES_PER_CHARACTER_MAX = 100

ODD = [
    "", " ", "?", "??", "\t", "\n", "\0", "\U0001f600", "don't", "c++", "state-run", "foo:", "http://x", '"x', "(apple",
    "foo AND", "basename/x:foo", "k" * 300 + ":x", "\ud800", "\udcff", "Intel(R)",
    "svc\\:/milestone/multi-user-server\\:default",
    "\\", "'", '"', "/", "//", "[", "[]", "[!", "-", "--", "<", ">", "<>", "()", ")(", ":", "::::::", "=", "a=", "<=", ">=",
    "a b " * 156, "AND", "OR", "NOT", "WITH", "NOT NOT", "a:/x:/y z/", "a\\ ", "\u2028", "\u0130:x", "x" * QUERY_CHARACTERS_MAX,
]
# Each repeated as often as a text has room: nothing may take the square of it.
REPEATED = [
    "a", "a ", "(", ")", "<", ">", "-", "- ", "'", '"', "/", "/a ", "a:/", "/a:", "\\", "\\(", "[", "[a", "[]", "[!", "*", "?",
    ":", "::", "a:", "a: ", "a=", "=", ">=", "a(", "a(b)", "a()", "(a)", "a) ", "()", "<a>", "p<", "a<", "'a' ", "'a'", "''",
    "don't", "x'", "NOT ", "a WITH ", "a OR ", "a AND ", "-a", "\u4e2d", "\0", "\ud800", "\t", "a:(", "a:'", "foo: 'x' ", "\\:",
    "http://",
]


class Work:
    """How many lines were run."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Work:
        self.lines += event == "line"
        return self


def _work(parse: Parse, text: str) -> int:
    work = Work()
    before = sys.gettrace()
    sys.settrace(work)
    try:
        parse(text)
    except BadInput:
        pass
    finally:
        sys.settrace(before)
    return work.lines


@pytest.mark.parametrize("parse", [parser.parse, pkg5.parse])
@pytest.mark.parametrize("text", ODD, ids=repr)
def test_odd_texts_are_read_or_refused(parse: Parse, text: str) -> None:
    try:
        tree = parse(text)
    except BadInput:
        return
    assert parser.parse(written(tree)) == tree


@pytest.mark.parametrize("parse", [parser.parse, pkg5.parse])
@given(text=st.text(st.characters()) | QUESTIONS)
def test_any_text_is_read_or_refused(parse: Parse, text: str) -> None:
    try:
        parse(text)
    except BadInput:
        return


@pytest.mark.parametrize("parse", [parser.parse, pkg5.parse])
@pytest.mark.parametrize("piece", REPEATED, ids=repr)
@pytest.mark.parametrize("end", ["", "]", ")", "/"])
def test_no_long_text_takes_long(parse: Parse, piece: str, end: str) -> None:
    text = (piece * LONG_CHARACTERS)[:LONG_CHARACTERS] + end
    assert _work(parse, text) <= LINES_PER_CHARACTER_MAX * LONG_CHARACTERS


def test_156_terms_are_read() -> None:
    assert len(parser.parse("term " * 156).parts) == 156
