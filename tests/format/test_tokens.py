from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from format.strategies import packages
from pkgindex.format import tokens
from pkgindex.format.words import TERM_CHARACTERS_MAX, name_words, trailing_parts, trigrams, words
from pkgindex.model.package import Alternative, Package, Release
from pkgindex.model.thing import ACTIONS, things

FIELDS = ("section", "tag", "maintainer", "python-version", "depends", "name", "version", "info.classification", "driver")
# Half characters, as bytes that are no UTF-8 make them, line ends and NUL among the rest.
texts = st.text(max_size=30) | st.text("ab/:,.( \n\0\udc80\udcff\u00df\u0130", max_size=30)

# What comes from real sources, where the strategies of records draw anything.
carrying = st.builds(
    lambda fields: Package("x", {("1", "all"): Release("1", "all", fields)}),
    st.dictionaries(
        st.sampled_from(("section", "sha256", "filename", "summary", "keywords", "driver", "path.dir", "depend.x")),
        texts | st.sampled_from(["Web", "name=e1000 alias='pci, 1'", "one two\nthree"]), max_size=4,
    ),
)


def slowly(field: str, value: str) -> set[str]:
    """The tokens of one value as they are defined, each taken for itself."""
    value = tokens.listable(value)
    if field in tokens.IDENTIFIERS:
        return {tokens.folded(token) for token in tokens.tokens(field, value)}
    return {tokens.cut(token) for token in (*tokens.tokens(field, value), *words(value)) if token}


@given(package=packages | carrying)
def test_a_package_is_listed_by_every_value_that_it_is_made_of(package: Package) -> None:
    expected = {(tokens.SIMILAR, trigram) for trigram in trigrams(package.name)}
    expected |= {("name", tokens.folded(part)) for part in trailing_parts(package.name)} - {("name", package.name)}
    for thing in things(package, files=False):
        for field, value in thing.values if thing.type not in ("package", "text") else ():
            if field in tokens.UNLISTED or not value:
                continue
            found = slowly(field, value)
            expected |= {(tokens.listable(field), token) for token in found}
            expected |= {(tokens.BARE, token) for token in found if tokens.bare(field)}
            # What is said of an action is found by its type, too.
            of_action = slowly(thing.type, value) if thing.type in ACTIONS else set()
            expected |= {(listed, token) for token in of_action for listed in (thing.type, tokens.BARE)}
    assert tokens.listed(package) == expected


@given(field=st.sampled_from(FIELDS[:4]), value=texts.filter(bool))
def test_a_value_is_listed_however_it_is_spelled(field: str, value: str) -> None:
    package = Package("x", {("", ""): Release(fields={field: value.replace("\n", " ")})})
    found = {token for listed, token in tokens.listed(package) if listed == field}
    assert found == slowly(field, value.replace("\n", " "))
    assert all(len(token) <= tokens.PIECE_CHARACTERS_MAX for token in found)


@given(text=texts)
def test_what_is_listed_can_be_stored_and_is_listed_the_same_again(text: str) -> None:
    for token in (tokens.listable(text), tokens.folded(text), tokens.cut(text)):
        token.encode()
        assert not {"\0", "\n"} & set(token)
        assert tokens.listable(token) == token


@given(pairs=st.lists(st.tuples(texts, texts), min_size=2, max_size=2))
def test_keys_sort_as_their_pairs_do_and_as_sqlite_sorts_texts(pairs: list[tuple[str, str]]) -> None:
    listed = [(tokens.listable(field), tokens.listable(token)) for field, token in pairs]
    keys = [tokens.key(*pair) for pair in pairs]
    assert [tokens.split(key) for key in keys] == listed
    assert (keys[0] < keys[1]) == (listed[0] < listed[1])
    connection = sqlite3.connect(":memory:")
    try:
        assert connection.execute("SELECT ?1 < ?2", (listed[0][1], listed[1][1])).fetchone() == (listed[0][1] < listed[1][1],)
    finally:
        connection.close()


@pytest.mark.parametrize(("field", "looked_into"), [
    ("section", False), ("tag", False), ("maintainer", False), ("sha256", False), ("depends", False), ("summary", False),
    ("python-version", True), ("go-import-path", True), ("keywords", True), ("anything", True),
])  # fmt: skip
def test_a_bare_word_looks_into_attributes_that_are_no_bookkeeping(field: str, looked_into: bool) -> None:
    package = Package("x", {("", ""): Release(fields={field: "value"})})
    assert ((tokens.BARE, "value") in tokens.listed(package)) == looked_into
    assert tokens.bare_values(package) == (["value"] if looked_into else [])


def test_a_name_with_slashes_is_found_by_every_part_that_goes_to_its_end() -> None:
    named = Alternative("pa/pb/Pfoo")
    package = Package("web/server/Nginx", {("", ""): Release(relations={"depends": ((named,),)})})
    found = tokens.listed(package)
    assert {token for field, token in found if field == "name"} == {"web/server/nginx", "server/nginx", "nginx"}
    assert {token for field, token in found if field == "depends"} == {"pa/pb/pfoo", "pb/pfoo", "pfoo"}
    assert {"web/server/nginx", "server/nginx", "nginx", "web"} <= set(name_words(package.name))


@given(name=st.text(min_size=1, max_size=200))
def test_no_word_of_a_name_is_too_long_or_empty(name: str) -> None:
    assert all(0 < len(word) <= TERM_CHARACTERS_MAX for word in name_words(name))
