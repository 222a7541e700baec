"""Where in a value a question matched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.query.language import parser
from pkgindex.query.language.tree import GLOB, PHRASE, WORD, Or, Term
from pkgindex.query.marking import spans

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
