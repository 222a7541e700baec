from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.format import frame, lists
from pkgindex.format.lists import Listing

tokens = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=6)
numbers = st.sets(st.integers(1, 2**31), min_size=1, max_size=40).map(sorted)
listings = st.dictionaries(st.tuples(st.sampled_from(["", "section", "tag", "~"]), tokens), numbers, max_size=80).map(
    lambda found: [Listing(*pair, array("I", found[pair])) for pair in sorted(found)]
)


@given(found=listings)
def test_lists_come_out_of_their_blocks_as_they_went_in(found: list[Listing]) -> None:
    read = [
        Listing(field, token, array("I", packages))
        for field, block in lists.blocks(found)
        for token, packages in lists.decode(frame.pack(lists.encode(block))).lists()
    ]
    assert read == found


@given(found=listings)
def test_a_block_is_of_one_field_and_bounded_but_for_a_list_that_is_long_alone(found: list[Listing]) -> None:
    for field, block in lists.blocks(found):
        assert {listing.field for listing in block} == {field}
        assert len(block) <= lists.TOKENS_MAX
        assert len(block) == 1 or sum(len(listing.numbers) for listing in block) <= lists.NUMBERS_MAX


def test_a_list_that_many_packages_are_in_fills_a_block_of_its_own() -> None:
    long = array("I", range(1, lists.NUMBERS_MAX + 1))
    short = array("I", [1])
    found = [Listing("arch", "a", short), Listing("arch", "all", long), Listing("arch", "z", short)]
    assert [[listing.token for listing in block] for _, block in lists.blocks(found)] == [["a"], ["all"], ["z"]]


@given(found=listings.filter(bool), asked=tokens)
def test_a_token_is_found_where_it_stands_and_nowhere_else(found: list[Listing], asked: str) -> None:
    for _, block in lists.blocks(found):
        decoded = lists.decode(frame.pack(lists.encode(block)))
        for token in {asked, *decoded.tokens}:
            place = decoded.place(token)
            held = place < len(decoded.tokens) and decoded.tokens[place] == token
            assert held == (token in decoded.tokens)
            assert not held or decoded.numbers(place) == dict(decoded.lists())[token]


@given(found=listings.filter(bool), data=st.data())
def test_a_block_of_which_a_byte_changed_or_is_missing_is_damaged(found: list[Listing], data: st.DataObject) -> None:
    _, block = next(lists.blocks(found))
    packed = frame.pack(lists.encode(block))
    right = lists.decode(packed)
    place = data.draw(st.integers(0, len(packed) - 1))
    flipped = bytes([packed[place] ^ data.draw(st.integers(1, 255))])
    for damaged in (packed[:place], packed[:place] + flipped + packed[place + 1 :]):
        try:
            assert lists.decode(damaged) == right, "a bit that says nothing, as of how the frame was made"
        except ValueError:
            continue


@given(data=st.binary(max_size=60))
def test_a_block_whose_parts_do_not_match_is_a_value_error_or_a_block(data: bytes) -> None:
    try:
        block = lists.decode(frame.pack(data))
    except ValueError:
        return
    assert len(block.tokens) == len(block.counts)
    assert sum(block.counts) == len(block.stored)
