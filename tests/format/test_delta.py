"""Deltas: what goes in comes out, laying over is one thing however it is grouped, and what does not fit is damage."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Corrupt, NewerFormat
from pkgindex.format import delta as deltas
from pkgindex.format.delta import Changed, Delta, Named, Pile, together
from pkgindex.format.envelope import seal
from pkgindex.format.manifest import Manifest, Spilled
from pkgindex.format.overlay import Overlay, dependants_over, entry_over, loose_over, overlay, since, told
from pkgindex.format.page import Entry

STAMP = "42-k3q9ab"
names = st.sampled_from("abc")
stamps = st.integers(1, 9).map(lambda number: f"{number}-aaaaaa")
changes = st.builds(Changed, stamps, st.binary(max_size=8), st.just({}), st.just({}), st.integers(0, 9), st.integers(0, 3),
                    st.none() | st.binary(max_size=4))
named = st.builds(Named, stamps, st.dictionaries(names, st.integers(0, 3), min_size=1))
found_deltas = st.builds(Delta, st.dictionaries(names, changes), st.dictionaries(names, named))


@given(found=found_deltas)
def test_a_delta_comes_out_as_it_went_in(found: Delta) -> None:
    assert deltas.decode(deltas.encode(found), "the manifest") == found
    assert deltas.decode_file(deltas.encode_file(found, STAMP), STAMP, "the file") == found


def laid(older: Delta, newer: Delta) -> Delta:
    """*newer* over *older*, as the words say it."""
    named = dict(older.named)
    for name, found in newer.named.items():
        named[name] = Named(found.stamp, {**(named[name].masks if name in named else {}), **found.masks})
    return Delta({**older.packages, **newer.packages}, named)


@given(found=st.lists(found_deltas, max_size=5), cut=st.integers(0, 5))
def test_deltas_may_be_laid_together_in_any_groups(found: list[Delta], cut: int) -> None:
    whole = reduce(laid, found, Delta())
    assert laid(together(found[:cut]), together(found[cut:])) == whole
    assert laid(whole, together(found)) == whole, "what was laid over already does no harm"


@given(older=found_deltas, newer=found_deltas)
def test_laying_over_changes_neither(older: Delta, newer: Delta) -> None:
    before = deltas.encode(older), deltas.encode(newer)
    assert together([older, newer]) == laid(older, newer)
    assert (deltas.encode(older), deltas.encode(newer)) == before


@given(first=found_deltas, found=st.lists(found_deltas, max_size=5))
def test_a_pile_comes_to_what_all_come_to_and_changes_none_of_them(first: Delta, found: list[Delta]) -> None:
    before = [deltas.encode(delta) for delta in (first, *found)]
    pile = Pile(first)
    for place, delta in enumerate(found):
        pile.lay(delta)
        assert pile.delta == reduce(laid, found[: place + 1], first)
    assert [deltas.encode(delta) for delta in (first, *found)] == before


@given(found=st.lists(found_deltas, min_size=1, max_size=6), known=st.integers(0, 6), spilled=st.integers(0, 6))
def test_what_is_carried_on_is_what_is_read_anew(found: list[Delta], known: int, spilled: int) -> None:
    """Each delta is of one generation, 1, 2, ...; the first *spilled* were put into a file before generation *known*."""
    files = {"deltas/9-k3q9ab": deltas.encode_file(together(found[:spilled]), "9-k3q9ab")}

    def manifest(generation: int, files_too: bool) -> Manifest:
        first = spilled if files_too else 0
        tail = tuple((f"{number}-aaaaaa", deltas.encode(found[number - 1])) for number in range(first + 1, generation + 1))
        return Manifest("debian", generation, tail=tail, deltas=(Spilled("9-k3q9ab", 1, spilled, 0, 0),) if first else ())

    generation = len(found)
    known, spilled = min(known, generation), min(spilled, generation)
    before = overlay(manifest(known, files_too=False), files.__getitem__)
    after = overlay(manifest(generation, files_too=True), files.__getitem__, before)
    assert after[:3] == Overlay(together(found), generation, 1)[:3]
    assert since(manifest(generation, files_too=True), 0, files.__getitem__) == together(found)
    newest = told(manifest(generation, files_too=True), before)
    assert (newest is not None) == (known > spilled)
    assert newest in (None, together(found[known:]))


def test_of_a_generation_whose_deltas_were_dropped_nothing_is_carried_on() -> None:
    gone, new = Delta({"a": Changed("1-aaaaaa")}), Delta({"b": Changed("3-aaaaaa")})
    before = overlay(Manifest("debian", 1, tail=(("1-aaaaaa", deltas.encode(gone)),)), {}.__getitem__)
    assert overlay(Manifest("debian", 2), {}.__getitem__, before) == Overlay(Delta(), 2, 0)
    assert overlay(Manifest("debian", 3, tail=(("3-aaaaaa", deltas.encode(new)),)), {}.__getitem__, before).delta == new


@given(lost=found_deltas, found=st.lists(found_deltas, min_size=1, max_size=4), shared=st.integers(0, 3))
def test_of_a_generation_that_was_lost_and_made_again_nothing_is_carried_on(
    lost: Delta, found: list[Delta], shared: int
) -> None:
    """The number of the lost one was given again, to a generation made from the same older ones."""
    shared = min(shared, len(found) - 1)
    tail = tuple((f"{number}-aaaaaa", deltas.encode(delta)) for number, delta in enumerate(found, 1))
    seen = Manifest("debian", shared + 1, tail=(*tail[:shared], (f"{shared + 1}-bbbbbb", deltas.encode(lost))))
    known = overlay(seen, {}.__getitem__)
    assert overlay(Manifest("debian", len(found), tail=tail), {}.__getitem__, known).delta == together(found)


@given(drawn=st.dictionaries(names, st.integers(1, 3)), over=st.none() | named)
def test_who_names_a_name_is_what_deltas_say_and_what_stands_below_for_the_rest(
    drawn: dict[str, int], over: Named | None
) -> None:
    below = dict(sorted(drawn.items()))
    found = dependants_over(over, below)
    said = over.masks if over is not None else {}
    assert found == {name: mask for name in "abc" if (mask := said.get(name, below.get(name, 0)))}
    assert list(found) == sorted(found)


def test_an_entry_is_laid_over_part_by_part() -> None:
    below = Entry("1-aaaaaa", "2-aaaaaa", b"old", {"amd64": b"f"}, {}, 3, 10, 20)
    shipped, gone = Changed("7-aaaaaa", b"new", record=b"12345"), Changed("7-aaaaaa")
    nobody, somebody = Named("8-aaaaaa", {"b": 0}), Named("8-aaaaaa", {"b": 0, "c": 1})

    def entry(delta: Delta, below: Entry | None = below, named_below: dict[str, int] | None = None) -> Entry | None:
        return entry_over(delta, "a", below, lambda: named_below or {})

    assert entry(Delta()) == below
    assert entry(Delta({"a": shipped})) == Entry("7-aaaaaa", "2-aaaaaa", b"new", {}, {}, 0, 5, 20)
    assert entry(Delta({"a": gone})) == Entry("", "2-aaaaaa", reverse_bytes=20)
    assert entry(Delta({"a": gone}), None) is None
    assert entry(Delta({"a": gone}, {"a": nobody})) is None
    assert entry(Delta({"a": gone}, {"a": nobody}), named_below={"c": 1}) == Entry("", "8-aaaaaa", reverse_bytes=20)
    assert entry(Delta({}, {"a": somebody}), None) == Entry("", "8-aaaaaa")


def test_what_is_loose_by_a_delta_is_loose_until_a_fold_of_its_generation() -> None:
    delta = Delta({"a": Changed("5-aaaaaa", loose=1, record=b""), "b": Changed("7-aaaaaa", loose=3, record=b"")})
    manifest = Manifest("debian", 9, loose={"b": 1, "c": 2})
    assert loose_over(manifest, delta) == {"a": 1, "b": 3, "c": 2}
    assert loose_over(manifest._replace(folded=5), delta) == {"b": 3, "c": 2}
    assert loose_over(manifest._replace(folded=7, loose={}), delta) == {}
    assert loose_over(manifest, Delta({"b": Changed("7-aaaaaa", loose=1)})) == {"c": 2}, "there is no shard to hide it from"


@pytest.mark.parametrize(
    "content", [None, [1], [[], {}], [[], {"a": [0]}, {}], [["1-a"], {}, {"a": 3}], [["1-a"], {"a": [1]}, {}]]
)
def test_what_is_no_delta_is_corrupt(content: object) -> None:
    with pytest.raises(Corrupt, match="deltas/42"):
        deltas.decode_file(seal("delta", STAMP, content, 3), STAMP, "deltas/42")


def test_a_delta_of_another_publish_or_of_a_later_format_is_told() -> None:
    data = deltas.encode_file(Delta(), STAMP)
    with pytest.raises(Corrupt, match="holds 'delta 42-k3q9ab' where 'delta 43-k3q9ab' belongs"):
        deltas.decode_file(data, "43-k3q9ab", "the file")
    with pytest.raises(NewerFormat, match="reads up to 3"):
        deltas.decode_file(data.replace(b"pkgindex 3", b"pkgindex 4", 1), STAMP, "the file")
