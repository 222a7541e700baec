"""What is listed of a package for narrowing leaves out nothing that a judge would believe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.format import terms as posted
from pkgindex.format.tokens import IDENTIFIERS, PIECE_CHARACTERS_MAX, TEXTS, UNLISTED, cut, folded, listed
from pkgindex.format.words import TERM_CHARACTERS_MAX, trailing_parts, words
from pkgindex.model.package import Package
from pkgindex.query.globs import glob_test
from pkgindex.query.language.tree import GLOB, PHRASE, WORD, Term
from pkgindex.query.matching import Judge
from pkgindex.query.matching.looking import SEVERAL, field_of
from pkgindex.query.matching.paths import FILE_FIELDS
from query.matching.worlds import FIELDS, asked

Pairs = set[tuple[str, str]]

LISTED = [field for field in FIELDS if field not in TEXTS | UNLISTED | FILE_FIELDS | {"text", "name", "s*"}]


def may_be_listed(term: Term, field: str, pairs: Pairs) -> bool:
    """Whether the lists of *field* leave *term* possible: one of its tokens is there, or all of its words."""
    tokens = {token for listed_field, token in pairs if listed_field == field}
    longest = TERM_CHARACTERS_MAX if field in IDENTIFIERS else PIECE_CHARACTERS_MAX
    if term.kind == GLOB:
        fits = glob_test(term.value, False)
        return any(len(token) >= longest or fits(token) for token in tokens)
    as_listed = folded if field in IDENTIFIERS else cut
    asked = words(term.value)
    return as_listed(term.value) in tokens or (bool(asked) and tokens.issuperset(map(cut, asked)))


def may_be_posted(term: Term, package: Package) -> bool:
    """The same of names, summaries and descriptions."""
    found = posted.impacts(package)
    if term.kind == GLOB:
        return any(map(glob_test(term.value, False), found))
    asked = words(term.value)
    return found.keys() >= set(asked)


def is_called(term: Term, package: Package) -> bool:
    fits = glob_test(term.value, False) if term.kind == GLOB else lambda name: folded(name) == folded(term.value)
    return any(map(fits, trailing_parts(package.name) or [package.name]))


def narrowable(term: Term) -> bool:
    """Whether lists say anything: of texts without words they do not."""
    return term.kind in (WORD, GLOB, PHRASE) and (term.kind != PHRASE or bool(words(term.value)))


def about(*fields: str) -> st.SearchStrategy[tuple[Package, *tuple[Term, ...]]]:
    return asked(8, fields)


def matching(package: Package, terms: Iterable[Term], case: bool) -> Iterator[Term]:
    """Those that match; what is no pattern, such as a class from 1 to 0, matches nothing."""
    for term in filter(narrowable, terms):
        with suppress(BadInput):
            if Judge(term, case).judge(package):
                yield term


@given(about(*LISTED), st.booleans())
def test_what_a_listed_field_matches_is_in_its_list(world: tuple[Package, *tuple[Term, ...]], case: bool) -> None:
    package, *terms = world
    pairs = listed(package)
    for term in matching(package, terms, case):
        fields = SEVERAL.get(term.field) or (field_of(term),)
        assert any(may_be_listed(term, field, pairs) for field in fields), term


@given(about(""), st.booleans())
def test_what_a_bare_word_matches_is_in_some_list(world: tuple[Package, *tuple[Term, ...]], case: bool) -> None:
    package, *terms = world[0]._replace(files={}), *world[1:]
    pairs = listed(package)
    for term in matching(package, terms, case):
        in_lists = any(may_be_listed(term, field, pairs) for field in ("provides", ""))
        assert in_lists or is_called(term, package) or may_be_posted(term, package), term


@given(about("summary", "description", "text"), st.booleans())
def test_what_is_found_in_texts_has_posted_words(world: tuple[Package, *tuple[Term, ...]], case: bool) -> None:
    package, *terms = world
    for term in matching(package, terms, case):
        assert may_be_posted(term, package), term


@given(about("name"), st.booleans())
def test_what_finds_a_name_is_a_part_that_goes_to_its_end(world: tuple[Package, *tuple[Term, ...]], case: bool) -> None:
    package, *terms = world
    for term in matching(package, terms, case):
        # `driver:name:x` is about another name.
        assert field_of(term) != "name" or is_called(term, package), term
