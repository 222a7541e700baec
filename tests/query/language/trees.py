"""Trees and texts for the tests of the language: short to write in tables, and at random."""

from __future__ import annotations

from hypothesis import strategies as st

from pkgindex.query.language.check import checked
from pkgindex.query.language.enclosed import read_regex
from pkgindex.query.language.fields import ALIASES, WHOLE
from pkgindex.query.language.rewrite import flat
from pkgindex.query.language.tree import (
    COMPARE,
    GLOB,
    OPERATORS,
    PHRASE,
    REGEX,
    And,
    Not,
    Or,
    Packages,
    Query,
    Term,
    With,
)
from pkgindex.query.language.values import read_word


def word(value: str, field: str = "", **more: str) -> Term:
    return Term(value, field, **more)


def glob(value: str, field: str = "", **more: str) -> Term:
    return Term(value, field, GLOB, **more)


def phrase(value: str, field: str = "", **more: str) -> Term:
    return Term(value, field, PHRASE, **more)


def regex(value: str, field: str = "", **more: str) -> Term:
    return Term(value, field, REGEX, **more)


def compare(field: str, operator: str, value: str) -> Term:
    return Term(value, field, COMPARE, operator)


def both(*parts: Query) -> And:
    return And(parts)


def either(*parts: Query) -> Or:
    return Or(parts)


def one_thing(*parts: Query) -> With:
    return With(parts)


# Texts

SIGNS = [*":\\/()<>='\"-*?[]!~ \t\n\0", "\ud800", "\u4e2d", "\u0301", "\u0130", "\u2028"]
CHARACTERS = st.sampled_from([*SIGNS, *"abAZ09._"]) | st.characters()
TEXTS = st.text(CHARACTERS, max_size=12)
NOT_EMPTY = st.text(CHARACTERS, min_size=1, max_size=12) | st.sampled_from(["AND", "OR", "NOT", "WITH", "-", "/etc", "http://x"])
FRAGMENTS = [
    "foo", "x", "AND", "OR", "NOT", "WITH", "(", ")", "<", ">", "-", ":", "::", "'", '"', "/", "//", "\\", "*", "?", "[", "]",
    "=", ">=", " ", " ", " ", "\t", "\0", "\ud800", "\u4e2d", "name:", "file:/", "set:", "pkg<",
]
COMPUTED = ["size>", "10M", "needs:", "orphan:", "yes", "changed-since:", "12", "version>=", "repo:"]
# Texts that come near to being questions.
QUESTIONS = st.lists(st.sampled_from([*FRAGMENTS, *COMPUTED]), max_size=14).map("".join)
PLAIN_QUESTIONS = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)

# Trees, as the parser makes them

_GLOBS = NOT_EMPTY.map(read_word).filter(lambda read: read[1] == GLOB).map(lambda read: read[0])
_REGEXES = NOT_EMPTY.map(lambda text: read_regex(f"/{text}/", 0)).filter(bool).map(lambda read: read[0])
_PHRASES = NOT_EMPTY.filter(lambda text: text.strip())
_FIELDS = TEXTS.map(str.lower) | st.sampled_from(["", "name", "file", "requires", "smf.fmri", *ALIASES])
_PLACES = {"field": _FIELDS, "package": TEXTS | st.just(""), "type": TEXTS.map(str.lower) | st.just("")}
_COMPARED = st.sampled_from(["version", "arch", "a", "x-y.z_0", "\u00e9"])


def _of_kind(kind: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Term]:
    return st.builds(Term, value=values, kind=st.just(kind), operator=st.just(""), **_PLACES)


TERMS = st.one_of(
    _of_kind("word", NOT_EMPTY), _of_kind(GLOB, _GLOBS), _of_kind(PHRASE, _PHRASES), _of_kind(REGEX, _REGEXES),
    st.builds(compare, _COMPARED, st.sampled_from(OPERATORS), NOT_EMPTY),
).filter(lambda term: checked(term) == term)
WHOLES = st.sampled_from([word("curl", "needs"), glob("lib*", "neededby"), word("yes", "orphan"), word("12", "changed-since")])


def _joined(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(parts, min_size=1, max_size=4).map(tuple)
    return several.map(And) | several.map(Or) | parts.map(Not)


_OF_A_THING = st.recursive(TERMS.filter(lambda term: term.field not in WHOLE), _joined, max_leaves=6)
_WITHS = st.lists(_OF_A_THING, min_size=1, max_size=3).map(tuple).map(With)
RAW_TREES: st.SearchStrategy[Query] = st.recursive(
    TERMS | WHOLES | _WITHS, lambda parts: _joined(parts) | parts.map(Packages), max_leaves=12
)
TREES = RAW_TREES.map(flat)
