from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from format.strategies import packages
from pkgindex.format import terms
from pkgindex.format.words import TERM_CHARACTERS_MAX, words
from pkgindex.model.package import Package, Release, Text

postings = st.dictionaries(st.integers(1, 2**31), st.integers(1, 255), max_size=200)


@given(found=postings)
def test_a_posting_list_comes_out_as_it_went_in(found: dict[int, int]) -> None:
    ids = sorted(found)
    assert terms.decode_postings(terms.encode_postings(ids, [found[number] for number in ids])) == found


@given(found=postings)
def test_how_many_are_in_a_posting_list_is_known_from_its_beginning(found: dict[int, int]) -> None:
    ids = sorted(found)
    encoded = terms.encode_postings(ids, [found[number] for number in ids])
    assert terms.count_postings(encoded[: terms.HEAD_BYTES], len(encoded)) == len(found)


def test_what_does_not_begin_as_a_long_posting_list_does_is_a_value_error() -> None:
    for head in (b"", b"\1", b"\1xxxxxxxxxxxx", b"\7"):
        with pytest.raises(ValueError):
            terms.count_postings(head, 1000)


@given(found=postings.filter(lambda found: len(found) <= terms.RAW_POSTINGS_MAX), data=st.data())
def test_any_changed_byte_of_a_short_posting_list_is_noticed(found: dict[int, int], data: st.DataObject) -> None:
    ids = sorted(found)
    encoded = terms.encode_postings(ids, [found[number] for number in ids])
    place = data.draw(st.integers(0, len(encoded) - 1))
    flipped = bytes([encoded[place] ^ data.draw(st.integers(1, 255))])
    with pytest.raises(ValueError):
        terms.decode_postings(encoded[:place] + flipped + encoded[place + 1 :])


@given(found=postings, data=st.data())
def test_a_posting_list_that_is_cut_short_is_noticed(found: dict[int, int], data: st.DataObject) -> None:
    ids = sorted(found)
    encoded = terms.encode_postings(ids, [found[number] for number in ids])
    try:
        assert terms.decode_postings(encoded[: data.draw(st.integers(0, len(encoded) - 1))]) != found
    except ValueError:
        return


def test_a_long_posting_list_that_is_damaged_is_never_another_list() -> None:
    encoded = terms.encode_postings(range(1, 1000), [7] * 999)
    right = dict.fromkeys(range(1, 1000), 7)
    for place in range(1, len(encoded)):
        for other in (encoded[:place], encoded[:place] + bytes((encoded[place] ^ 4,)) + encoded[place + 1 :]):
            try:
                assert terms.decode_postings(other) == right
            except ValueError:
                continue


@given(package=packages)
def test_the_worth_of_a_word_fits_a_byte_and_is_above_nothing(package: Package) -> None:
    found = terms.impacts(package)
    assert all(1 <= worth <= 255 for worth in found.values())
    assert all(0 < len(word) <= TERM_CHARACTERS_MAX for word in found)


@given(package=packages)
def test_a_package_is_found_by_the_words_of_its_name(package: Package) -> None:
    assert set(words(package.name)) <= set(terms.impacts(package))


@given(text=st.text())
def test_words_asked_for_twice_over_are_the_same_words(text: str) -> None:
    once = words(text)
    if all(len(word) < TERM_CHARACTERS_MAX for word in once):
        assert words(" ".join(once)) == [again for word in once for again in words(word)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("GNU Compiler", ["gnu", "compiler"]),
        ("c++ C# f#", ["c++", "c#", "f#"]),
        ("libstdc++6", ["libstdc", "6"]),
        ("a+b", ["a", "b"]),
        ("x_y", ["x", "y"]),
        ("Stra\u00dfe \u00c9T\u00c9", ["strasse", "\u00e9t\u00e9"]),
        ("x" * 100, ["x" * 64]),
    ],
)
def test_words_are_folded(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_name_counts_more_than_a_summary_and_that_more_than_a_description_and_that_more_than_an_attribute() -> None:
    named = terms.impacts(Package("web"))["web"]
    summed = terms.impacts(Package("x", {("", ""): Release(fields={"summary": "web"})}))["web"]
    described = terms.impacts(Package("x", texts={"": Text("", "web")}))["web"]
    attributed = terms.impacts(Package("x", {("", ""): Release(fields={"keywords": "web"})}))["web"]
    assert named > summed > described > attributed


def test_what_is_bookkeeping_is_no_word_of_a_package() -> None:
    fields = dict.fromkeys(("section", "tag", "maintainer", "priority"), "web")
    assert "web" not in terms.impacts(Package("x", {("", ""): Release(fields=fields)}))


@given(packages=st.integers(1, 10**7), data=st.data())
def test_a_rarer_word_is_worth_more_and_every_word_something(packages: int, data: st.DataObject) -> None:
    holding = data.draw(st.integers(0, packages - 1))
    assert terms.rarity(packages, holding) > terms.rarity(packages, holding + 1) > 0
