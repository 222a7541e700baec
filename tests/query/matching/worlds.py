"""Packages and questions at random, out of few words, so that they meet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from re import escape
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.format.tokens import pieces
from pkgindex.format.words import trailing_parts, words
from pkgindex.model.package import KINDS, Alternative, Package, Release, Text
from pkgindex.model.thing import things
from pkgindex.query.globs import glob_test
from pkgindex.query.language.tree import (
    COMPARE,
    GLOB,
    OPERATORS,
    PHRASE,
    REGEX,
    WORD,
    And,
    Not,
    Or,
    Packages,
    Query,
    Term,
    With,
)

LONG = "long" * 20
WORDS = ("web", "Web", "server", "c++", "c", "libssl3", "ssl", "x86_64", "don't", "a", "Stra\u00dfe", "STRASSE", "\u01f0", "*",
         "[", "]", "pa/pb/pfoo", "pb/pfoo", "1", "10", "2.0~rc1", "python3", LONG, "a\u0345b", "\u0130", "\ufb01")
BETWEEN = (" ", ", ", "\n", "-", "/", " (", ") ", ".", ":", "++", "_", "")
GLOBS = ("*", "?", "w*", "*ssl*", "*r", "[wW]eb", "stra?e", "[!a]*", "[*]", "[[]", "[]]", "pa/*", "*3", "c*", "*/bin/*",
         "long*g", "l[o-p]ng*", "[Z-a]*", "web-*", "*-server")
REGEXES = ("^web", "s[sl]", "web|ssl", "b$", "^.$", "/bin/", "(a)?b", ".")
FIELDS = ("name", "version", "arch", "summary", "description", "text", "section", "keywords", "smf.fmri", "maintainer", "sha1",
          "info.classification", "license", "driver", "alias", "driver.name", "depend.require", "nobody", "s*", "requires",
          "relation", "kind", "file", "basename", "dir", *KINDS)
ALL = ("", *FIELDS)
TYPES = ("", "", "", "set", "depend", "file", "dir", "text", "driver", "d*")
PATHS = ("/bin", "/bin/web", "/usr/bin/Web", "/usr/bin/ssl", "/usr/share/web/a b", "/usr/lib/pa/pb/pfoo", "/web", "/1", "/c++",
         "/usr/share/stra\u00dfe", "/new\nline", "/usr/bin/\udcff", "/sbin/server")
ATTRIBUTES = ("section", "keywords", "smf.fmri", "maintainer", "sha1", "info.classification", "license", "size", "summary",
              "depend.require")

texts = st.lists(st.sampled_from(WORDS + BETWEEN), max_size=6).map("".join)
lines = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
actions = st.sampled_from(["", "name=web alias=ssl", "alias='a web' alias=c++\nname=Web", "broken='", "version=1 x"])
fields = st.builds(
    lambda given, driver, types: {**given, **({"driver": driver} if driver else {}), "path.dir": types},
    st.dictionaries(st.sampled_from(ATTRIBUTES), st.one_of(texts, lines), max_size=4), actions, st.sampled_from(["", "/bin"]),
)  # fmt: skip
alternatives = st.builds(
    Alternative, st.sampled_from(WORDS), st.just(""), st.sampled_from(["", ">="]), st.sampled_from(["1", "2"])
)
relations = st.lists(st.lists(alternatives, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple)
releases = st.builds(
    Release, st.sampled_from(["", "1", "2.0~rc1", "10"]), st.sampled_from(["", "all", "AMD64"]), fields,
    st.dictionaries(st.sampled_from(KINDS), relations, max_size=3),
)  # fmt: skip
file_lists = st.lists(st.sampled_from(PATHS), unique=True, max_size=5).map(
    lambda paths: sorted(path.encode("utf-8", "surrogateescape").replace(b"\n", b"\0") for path in paths)
)
packages = st.builds(
    lambda name, found, files, described: Package(
        name, {(release.version, release.architecture): release for release in found}, files, described
    ),
    st.sampled_from(WORDS), st.lists(releases, max_size=2),
    st.dictionaries(st.sampled_from(["", "all"]), file_lists, max_size=2),
    st.dictionaries(st.sampled_from(["", "de"]), st.builds(Text, texts, texts), max_size=2),
)  # fmt: skip


def _places(fields: st.SearchStrategy[str]) -> dict[str, Any]:
    return {"field": fields, "operator": st.just(""), "package": st.sampled_from(["", "", "", "w", "W*", "lib*"]),
            "type": st.sampled_from(TYPES)}  # fmt: skip


@cache
def terms_of(fields: tuple[str, ...]) -> st.SearchStrategy[Term]:
    values = st.one_of(st.sampled_from(WORDS + PATHS), texts.filter(bool))
    places = _places(st.sampled_from(fields))
    return st.one_of(
        st.builds(Term, values, kind=st.just(WORD), **places),
        st.builds(Term, st.sampled_from(GLOBS), kind=st.just(GLOB), **places),
        st.builds(Term, values, kind=st.just(PHRASE), **places),
        st.builds(Term, st.sampled_from(REGEXES), kind=st.just(REGEX), **places),
        st.tuples(st.sampled_from(["1", "2K", "10", "web"]), st.sampled_from(["version", "size", "section", "name"]),
                  st.just(COMPARE), st.sampled_from(OPERATORS)).map(lambda parts: Term(*parts)),
    )


Pairs = list[tuple[str, str]]


def _own(package: Package, fields: Collection[str]) -> Pairs:
    """What is in the package, of *fields*; under the empty field everything."""
    values = [pair for thing in things(package) for pair in thing.values if pair[1]]
    return [pair for pair in values if pair[0] in fields] + ([("", value) for _, value in values] if "" in fields else [])


def _term(draw: st.DrawFn, own: Pairs, fields: tuple[str, ...]) -> Term:
    """A term of one of *fields* that mostly finds something: it is made of what is in the package."""
    if not own or not draw(st.integers(0, 3)):
        return draw(terms_of(fields))
    field, value = draw(st.sampled_from(own))
    parts = [value, *value.split(), *pieces(value), *words(value), *trailing_parts(value)]
    return _made(draw, field, draw(st.sampled_from(parts)))


def _made(draw: st.DrawFn, field: str, part: str) -> Term:
    """A term that finds the part of a value, or may."""
    kind = draw(st.sampled_from([WORD, WORD, PHRASE, GLOB, REGEX]))
    if kind == GLOB:
        place, sign = draw(st.integers(0, 8)), draw(st.sampled_from(["*", "?", "[!-]", "[a-zA-Z]"]))
        pattern = part[:place] + sign + part[place + 1 :]
        assume(_is_pattern(pattern))
        return Term(pattern, field, GLOB)
    if kind == REGEX:
        return Term(escape(part), field, REGEX)
    return Term(draw(st.sampled_from([part, part.swapcase()])) or "-", field, kind)


def _is_pattern(glob: str) -> bool:
    """A bracket of the value and one of ours may make a range that runs backwards: that is refused."""
    try:
        glob_test(glob, False)
    except BadInput:
        return False
    return True


# Shapes of questions, whose leaves are numbers of terms.
LEAVES = 4
LEAF = st.integers(0, LEAVES - 1).map(lambda number: Term(str(number)))


def _several(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[tuple[Query, ...]]:
    return st.lists(parts, min_size=2, max_size=3).map(tuple)


def _joined(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    return st.one_of(_several(parts).map(And), _several(parts).map(Or), parts.map(Not))


THING_SHAPES: st.SearchStrategy[Query] = st.recursive(LEAF, _joined, max_leaves=4)
SHAPES: st.SearchStrategy[Query] = st.recursive(
    st.one_of(LEAF, _several(THING_SHAPES).map(With)), lambda parts: st.one_of(_joined(parts), parts.map(Packages)),
    max_leaves=6,
)


def filled(shape: Query, terms: Sequence[Term]) -> Query:
    """The question of that shape."""
    if isinstance(shape, Term):
        return terms[int(shape.value)]
    if isinstance(shape, Not | Packages):
        return type(shape)(filled(shape.part, terms))
    return type(shape)(tuple(filled(part, terms) for part in shape.parts))


@st.composite
def questions(draw: st.DrawFn, *shapes: st.SearchStrategy[Query]) -> Any:
    """A package, and a question about it of each shape, all of the same few terms."""
    package = draw(packages)
    own = _own(package, ALL)
    terms = [_term(draw, own, ALL) for _ in range(LEAVES)]
    return package, *[filled(draw(shape), terms) for shape in shapes]


@st.composite
def asked(draw: st.DrawFn, count: int, fields: tuple[str, ...] = ALL) -> Any:
    """A package, and *count* terms about it."""
    package = draw(packages)
    own = _own(package, fields)
    return package, *[_term(draw, own, fields) for _ in range(count)]
