"""Where in a value a question matched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.query import marking
from pkgindex.query.language import parser
from pkgindex.query.language.tree import GLOB, PHRASE, WORD, Or, Term
from pkgindex.query.marking import PHRASE_WORDS_MAX, first_of, spans, spans_of

ROWS = [
    ("web", "summary", "A web server, WEB", ["web", "WEB"]), ("web server", "summary", "A web server", ["web", "server"]),
    ('"web server"', "description", "a web\nserver", ["web\nserver"]), ("web", "summary", "webs", ["web"]),
    ("c++", "summary", "in C++ and c", ["C++"]), ("c", "summary", "c++", ["c++"]),
    ("lib*", "summary", "a library (libx)", ["library", "libx"]),
    ("*", "name", "curl", ["curl"]), ("ssl", "name", "libssl3", ["ssl"]),
    ("depends:libssl3", "depends", "libssl3 (>= 3)", ["libssl3"]),
    ("requires:lib*", "pre-depends", "libssl3 (>= 3)", ["libssl3"]), ("depends:libssl3", "provides", "libssl3", []),
    ("text:web", "description", "web", ["web"]), ("curl", "file", "/usr/bin/curl", ["curl"]),
    ("file:*url", "file", "/usr/bin/curl", ["curl"]),
    ("basename:curl", "file", "/usr/bin/curl", ["curl"]), ("/[bc]url/", "summary", "url burl CURL", ["burl", "CURL"]),
    ("/x*/", "summary", "b", []),
    ("size>1", "size", "22", ["22"]), ("NOT web", "summary", "web", []), ("<web> OR web", "summary", "web", ["web"]),
    ("a WITH b", "summary", "a b", ["a", "b"]), ('"&"', "summary", "this & that", ["&"]),
    (r"tag:use\:\:editing", "tag", "a, use::editing", ["use::editing"]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "field", "value", "expected"), ROWS)
def test_what_matched_is_marked(question: str, field: str, value: str, expected: list[str]) -> None:
    assert [value[start:end] for start, end in spans(parser.parse(question), field, value)] == expected


@given(st.text("a bW*?[]/&c+", min_size=1, max_size=8), st.text("ab \nwW-/c+", max_size=20),
       st.sampled_from(["summary", "name", "file"]), st.booleans())
def test_marks_are_in_order_and_apart(asked: str, value: str, field: str, case: bool) -> None:
    found = spans(Or(tuple(Term(asked, kind=kind) for kind in (WORD, PHRASE, GLOB))), field, value, case)
    places = [place for span in found for place in span]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(value) for start, end in found)


def test_in_a_long_text_each_word_is_compared_once_where_the_first_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    same = marking._same
    monkeypatch.setattr(marking, "_same", lambda found, asked: compared.append(found) or same(found, asked))
    text = "lorem " * 100_000 + "web server"
    assert spans_of(Term("web server", kind=PHRASE), "description", text) == [(600_000, 600_010)]
    assert len(compared) <= 100_003


def test_of_a_very_long_phrase_the_beginning_is_marked() -> None:
    text = "a " * 10_000 + "b"
    assert next(iter(spans_of(Term(text, kind=PHRASE), "description", text))) == (0, 2 * PHRASE_WORDS_MAX - 1)


@given(st.text("a bW*?[]&c+", min_size=1, max_size=8), st.text("ab \nwW-/c+", max_size=20),
       st.sampled_from([WORD, PHRASE]))  # fmt: skip
def test_the_first_place_is_the_first_of_all(asked: str, value: str, kind: str) -> None:
    found = spans_of(Term(asked, kind=kind), "description", value)
    assert first_of(Term(asked, kind=kind), "description", value) == (found[0] if found else None)
