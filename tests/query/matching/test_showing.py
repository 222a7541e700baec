"""What is shown of a match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.query.language.tree import GLOB, PHRASE, REGEX, Term
from pkgindex.query.matching.showing import EXCERPT_CHARACTERS_MAX, excerpt, in_order
from pkgindex.query.regexes import Engine, trusted, untrusted

TEXT = "First line.\nThe second is about\nweb servers, and\nthe last."
LINE = "so on " * 100
ROWS = [
    (TEXT, Term("web"), "web servers, and"), (TEXT, Term("about web", kind=PHRASE), "The second is about web servers, and"),
    (TEXT, Term("sec*", kind=GLOB), "The second is about"), (TEXT, Term("nowhere"), "First line."), ("", Term("x"), ""),
    (LINE + "web", Term("web"), None), ("web " + LINE, Term("web"), None), (LINE + "web " + LINE, Term("web"), None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "term", "expected"), ROWS)
def test_of_a_text_the_line_with_the_match_is_shown(text: str, term: Term, expected: str | None) -> None:
    found = excerpt(text, term, False, trusted)
    assert len(found) <= EXCERPT_CHARACTERS_MAX
    if expected is None:
        assert "web" in found
        assert found.startswith("...") == (not text.startswith("web"))
        assert found.endswith("...") == (not text.endswith("web"))
    else:
        assert found == expected


@given(st.text("ab \n", max_size=600), st.sampled_from(["a", "ab", "b a"]))
def test_what_is_shown_is_short_and_on_one_line(text: str, value: str) -> None:
    found = excerpt(text, Term(value, kind=PHRASE), False, trusted)
    assert len(found) <= EXCERPT_CHARACTERS_MAX
    assert "\n" not in found


@pytest.mark.parametrize("engine", [trusted, untrusted])
def test_the_place_of_a_regular_expression_is_shown(engine: Engine) -> None:
    pytest.importorskip("re2")
    assert excerpt(TEXT, Term("S[a-z]+rs,", kind=REGEX), False, engine) == "web servers, and"
    assert excerpt(TEXT, Term("nowhere+", kind=REGEX), False, engine) == "First line."


def test_what_is_shown_for_a_stranger_is_found_by_the_engine_for_strangers() -> None:
    pytest.importorskip("re2")
    text = "a" * 5000 + "\nthe end"
    # `re` would look for it until the sun is cold.
    assert excerpt(text, Term(r"(a+)+;|end", kind=REGEX), False, untrusted) == "the end"


def test_names_come_first_and_files_last_and_each_once() -> None:
    found = [("file", "/usr/share/x"), ("section", "b"), ("file", "/usr/bin/x"), ("provides", "x"), ("section", "a"),
    ("name", "x"),
             ("section", "b")]  # fmt: skip
    assert in_order(found) == (("name", "x"), ("provides", "x"), ("file", "/usr/bin/x"), ("section", "b"), ("section", "a"),
                               ("file", "/usr/share/x"))  # fmt: skip
