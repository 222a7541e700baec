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


@given(found=postings, data=st.data())
def test_a_damaged_posting_list_is_a_value_error_or_another_list(found: dict[int, int], data: st.DataObject) -> None:
    ids = sorted(found)
    encoded = terms.encode_postings(ids, [found[number] for number in ids])
    place = data.draw(st.integers(0, len(encoded) - 1))
    try:
        terms.decode_postings(encoded[:place] + data.draw(st.binary(max_size=2)) + encoded[place + 1 :])
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


def test_a_name_counts_more_than_a_summary_and_that_more_than_a_description() -> None:
    named = terms.impacts(Package("web"))["web"]
    summed = terms.impacts(Package("x", {("", ""): Release(fields={"summary": "web"})}))["web"]
    described = terms.impacts(Package("x", texts={"": Text("", "web")}))["web"]
    assert named > summed > described


@given(packages=st.integers(1, 10**7), data=st.data())
def test_a_rarer_word_is_worth_more_and_every_word_something(packages: int, data: st.DataObject) -> None:
    holding = data.draw(st.integers(0, packages - 1))
    assert terms.rarity(packages, holding) > terms.rarity(packages, holding + 1) > 0
