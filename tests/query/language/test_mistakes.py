from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.query.language import parser, pkg5
from pkgindex.query.language.mistakes import INDENT, SHOWN_CHARACTERS_MAX, mistake
from query.language.trees import QUESTIONS, TEXTS

# A text, the place of the fault in it, and what is said of it.
BOTH = [
    ("", 0, "the query is empty"),
    ("\t\n", 0, "the query is empty"),
    ("foo AND", 7, "the query ends where something is expected after AND"),
    ("foo OR  ", 6, "the query ends where something is expected after OR"),
    ("OR foo", 0, "OR stands where something is expected"),
    ("a AND OR b", 6, "OR stands where something is expected after AND"),
    ("()", 1, ") stands where something is expected after ("),
    ("a <>", 3, "> stands where something is expected after <"),
    ("(a AND)", 6, ") stands where something is expected after AND"),
    ("(apple", 0, "nothing closes this ("),
    ("a (b (c)", 2, "nothing closes this ("),
    ("<a b", 0, "nothing closes this <"),
    ("a)", 1, "nothing is open that this ) would close"),
    ("a> b", 1, "nothing is open that this > would close"),
    ("(a>", 2, "> stands where ) is expected"),
    ("<a)", 2, ") stands where > is expected"),
    ('"x', 0, 'no " closes the phrase that begins here'),
    ("a 'x", 2, "no ' closes the phrase that begins here"),
    ('a:"x y', 2, 'no " closes the phrase that begins here'),
    ('a ""', 2, "nothing stands between the quotes"),
    ("a '  '", 2, "nothing stands between the quotes"),
    ("(" * 1000 + "a" + ")" * 1000, 50, "parentheses and <...> stand more than 50 deep"),
    ("(<" * 26, 50, "parentheses and <...> stand more than 50 deep"),
    ("x" * 10_001, 10_000, "a query of 10001 characters: at most 10000 are read"),
]
DEFAULT = [
    ("NOT", 3, "the query ends where something is expected after NOT"),
    ("a WITH", 6, "the query ends where something is expected after WITH"),
    ("-AND", 1, "AND stands where something is expected after -"),
    ("a WITH -b", 7, "- cannot stand right behind WITH, which binds tighter"),
    ("a WITH NOT b", 7, "NOT cannot stand right behind WITH, which binds tighter"),
    ("<foo>bar", 0, "nothing closes this <"),
    ("->", 1, "nothing is open that this > would close"),
    ("name:(a OR b)", 5, "a field has one value, and here a group begins"),
    ("name:<a>", 5, "< stands where a value is expected"),
    ("size:>10M", 5, "> stands where a value is expected"),
    ("size>=", 6, "a value is expected after >="),
    ("size< 10", 5, "a value is expected after <"),
    ("(abc=)", 5, "a value is expected after ="),
    ("a=''", 2, "nothing stands between the quotes"),
    ("orphan:maybe", 7, 'orphan is yes or no, not "maybe"'),
    ("orphan:", 7, 'orphan is yes or no, not "*"'),
    ("broken:/yes/", 7, 'broken is yes or no, not "yes"'),
    ("broken=yes", 7, 'broken is yes or no, not "yes"'),
    ("size>banana", 5, '"banana" is no size'),
    ("installed-size<=1X", 16, '"1X" is no size'),
    ("a changed-since:x", 16, '"x" is no number of a generation'),
    ("changed-since:-1", 14, '"-1" is no number of a generation'),
    ("changed-since:\u0663", 14, '"\u0663" is no number of a generation'),
    ("changed-since:" + "9" * 9000, 14, '"' + "9" * 69 + '..." is no number of a generation'),
    ("changed-since>5", 14, '"5" is no number of a generation'),
    ("needs:", 6, "needs takes the name of a package"),
    ("neededby:/x/", 9, "neededby takes the name of a package"),
    ("needs>x", 6, "needs takes the name of a package"),
    ("needs:a WITH b", 0, "needs: is about a whole package, WITH about one attribute, file or relation"),
    ("a WITH (b OR repo:c)", 13, "repo: is about a whole package, WITH about one attribute, file or relation"),
    ("a <b> WITH c", 2, "<...> is about a whole package, WITH about one attribute, file or relation"),
    ("x " * 257, 512, "more than 256 terms"),
]
PKG5 = [
    ("foo'", 3, "no ' closes the phrase that begins here"),
    ("<e*> AND e*", 5, 'AND joins two kinds: "<e*>" gives packages, "e*" gives hits'),
    ("a b OR <c>", 4, 'OR joins two kinds: "a AND b" gives hits, "<c>" gives packages'),
    ("a <c>", 2, 'AND joins two kinds: "a" gives hits, "<c>" gives packages'),
    ("a OR <b> AND <c>", 2, 'OR joins two kinds: "a" gives hits, "<b> AND <c>" gives packages'),
    ("x " * 101, 200, "more than 100 words"),
    ('"' + "x " * 101 + '"', 0, "more than 100 words"),
    ('"a"' + '("b")' * 100, 499, "more than 100 words"),
]


def _fault_and_place(error: BadInput) -> tuple[str, str, int]:
    """The fault, what is shown from the place of the fault on, and where the caret stands in what is shown."""
    fault, shown, caret, remedy = str(error).split("\n")
    assert caret.strip() == "^"
    assert remedy
    place = caret.index("^") - len(INDENT)
    return fault, shown.removeprefix(INDENT)[place:], place


def _check(text: str, place: int, fault: str, error: BadInput) -> None:
    said, rest, column = _fault_and_place(error)
    assert said == fault
    expected = "".join([character if character.isprintable() else "\ufffd" for character in text[place:]])
    if len(text) <= SHOWN_CHARACTERS_MAX:
        assert (column, rest) == (place, expected)
    else:
        assert rest.removesuffix("...") == expected[: len(rest.removesuffix("..."))]


@pytest.mark.parametrize(("text", "place", "fault"), [*BOTH, *DEFAULT], ids=repr)
def test_a_mistake_is_shown_where_it_is(text: str, place: int, fault: str) -> None:
    with pytest.raises(BadInput) as raised:
        parser.parse(text)
    _check(text, place, fault, raised.value)


@pytest.mark.parametrize(("text", "place", "fault"), [*BOTH, *PKG5], ids=repr)
def test_so_is_one_by_the_rules_of_pkg5(text: str, place: int, fault: str) -> None:
    with pytest.raises(BadInput) as raised:
        pkg5.parse(text)
    _check(text, place, fault, raised.value)


def test_a_message_says_what_where_and_what_to_do() -> None:
    with pytest.raises(BadInput) as raised:
        parser.parse("foo AND")
    assert str(raised.value).split("\n") == [
        "the query ends where something is expected after AND",
        "    foo AND",
        "           ^",
        'put a term there, or quote "AND" to search for the word',
    ]


@pytest.mark.parametrize("text", ["size>10M", '"AND"', "(name:a OR name:b)", "a WITH (NOT b)", "orphan:yes", "needs:curl",
                                  "changed-since:12", "version>=2", "\\>10M", '"a)"', "installed-size<1M"])
def test_what_a_remedy_proposes_is_read(text: str) -> None:
    parser.parse(text)


@pytest.mark.parametrize("parse", [parser.parse, pkg5.parse])
@given(text=QUESTIONS | st.text())
def test_every_message_has_four_lines_that_can_be_printed(parse: object, text: str) -> None:
    try:
        parse(text)  # type: ignore[operator]
    except BadInput as error:
        assert all(line.isprintable() for line in str(error).split("\n"))
        _fault_and_place(error)


@given(TEXTS, st.characters(codec="ascii", exclude_categories=["Cc"]), TEXTS)
def test_the_caret_stands_below_the_place(before: str, character: str, after: str) -> None:
    _, rest, _ = _fault_and_place(mistake(_narrow(before) + character + after, len(before), "fault", "remedy"))
    assert rest[0] == character


@given(st.text(st.characters(codec="ascii"), min_size=200), st.data())
def test_a_long_query_is_cut_around_the_place(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    _, rest, column = _fault_and_place(mistake(text, place, "fault", "remedy"))
    assert column + len(rest) <= SHOWN_CHARACTERS_MAX + len("......")
    assert rest.startswith(text[place : place + 1] if text[place : place + 1].isprintable() else "\ufffd")


@pytest.mark.parametrize(("before", "columns"), [("\u4e2d\u6587 ", 5), ("e\u0301 ", 2), ("\U0001f600 ", 3), ("\ud800\0", 2)])
def test_the_caret_counts_columns_and_not_characters(before: str, columns: int) -> None:
    assert _caret_column(mistake(f"{before}x", len(before), "fault", "remedy")) == columns


def _caret_column(error: BadInput) -> int:
    return str(error).split("\n")[2].index("^") - len(INDENT)


def _narrow(text: str) -> str:
    """*text* with a letter for what is not one column wide."""
    return "".join([character if character.isascii() else "n" for character in text])
