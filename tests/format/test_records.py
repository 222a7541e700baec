"""Manifests, pages, dead lists, forward and reverse files: what goes in comes out, and what does not fit is damage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from format.strategies import names, packages, words
from pkgindex.errors import Corrupt
from pkgindex.format import dead, forward, manifest, page, reverse
from pkgindex.format import group as group_file
from pkgindex.format.envelope import seal
from pkgindex.format.manifest import Change, Manifest, Packed, Shard, Spilled
from pkgindex.format.page import Entry
from pkgindex.model.package import KINDS, Package
from pkgindex.model.versions.orderings import DEFAULT

STAMP = "42-k3q9ab"

counts = st.integers(0, 2**40)
stamps = st.sampled_from(["", "1-aaaaaa", "2-bbbbbb", "42-k3q9ab"])
shards = st.builds(Shard, st.sampled_from(["text", "paths"]), counts, stamps, counts, words, counts, counts,
                   st.binary(), st.binary(), stamps, counts)
manifests = st.builds(
    Manifest, st.just("debian"), st.just(7), st.sampled_from(manifest.PARTITIONS), words, counts, words,
    st.floats(0, 1e12), words, st.lists(stamps, min_size=1, max_size=16).map(tuple), st.lists(shards, max_size=3).map(tuple),
    st.dictionaries(names, st.integers(1, 3)), counts, counts, counts, counts, counts, counts,
    st.lists(st.builds(Packed, words, words, words, words), max_size=3).map(tuple), st.lists(words, max_size=3).map(tuple),
    st.dictionaries(words, st.lists(words, max_size=3).map(tuple), max_size=3),
    st.builds(Change, counts, counts, counts, st.lists(words, max_size=3).map(tuple), words),
    st.lists(st.builds(Spilled, stamps, counts, counts, counts, counts), max_size=2).map(tuple),
    st.lists(st.tuples(stamps.filter(bool), st.binary(max_size=9)), max_size=2).map(tuple), counts,
).map(lambda found: found if found.unsettled else found._replace(folded=0))  # fmt: skip
digests = st.dictionaries(words, st.binary(min_size=8, max_size=8), max_size=3)
entries = st.builds(Entry, stamps, stamps, st.binary(max_size=8), digests, digests, counts, counts, counts)


def encoded(package: Package, frames: dict[str, bytes]) -> bytes:
    """The record of a whole package."""
    files = {arch: [len(package.files[arch]), frames[arch]] for arch in sorted(frames)}
    texts = {language: list(text) for language, text in sorted(package.texts.items())}
    return forward.encode_parts(forward.releases_parts(package), files, texts)


@given(found=manifests)
def test_a_manifest_comes_out_as_it_went_in(found: Manifest) -> None:
    assert manifest.decode(manifest.encode(found, "k3q9ab"), "debian", 7, "the manifest") == found


def test_a_manifest_is_of_the_format_that_its_readers_must_know() -> None:
    plain, unsettled = Manifest("debian", 7), Manifest("debian", 7, tail=(("7-k3q9ab", b""),))
    assert manifest.encode(plain, "k3q9ab").startswith(b"pkgindex 1 manifest 7-k3q9ab ")
    assert b"tail" not in manifest.encode(plain, "k3q9ab")
    assert manifest.encode(unsettled, "k3q9ab").startswith(b"pkgindex 3 manifest 7-k3q9ab ")


def test_a_manifest_of_a_million_pages_is_small() -> None:
    found = Manifest("debian", 7, page_stamps=("1-aaaaaa", "2-bbbbbb") * 2**13)
    assert len(manifest.encode(found, "k3q9ab")) < 70_000


@pytest.mark.parametrize(("repo", "generation"), [("fedora", 7), ("debian", 8)])
def test_a_manifest_in_the_place_of_another_is_corrupt(repo: str, generation: int) -> None:
    data = manifest.encode(Manifest("debian", 7), "k3q9ab")
    with pytest.raises(Corrupt, match="generation 7 of 'debian'"):
        manifest.decode(data, repo, generation, "the manifest")


def test_fields_that_a_later_release_added_are_passed_over() -> None:
    content: dict[str, Any] = dict(Manifest("debian", 7)._asdict(), page_stamps={"stamps": [""], "pages": bytes(4)}, later=[1])
    assert manifest.decode(seal("manifest", STAMP, content), "debian", 7, "the manifest") == Manifest("debian", 7)


def test_a_manifest_of_before_there_were_orderings_is_debians() -> None:
    content: dict[str, Any] = dict(Manifest("debian", 7)._asdict(), page_stamps={"stamps": [""], "pages": bytes(4)})
    del content["ordering"]
    assert manifest.decode(seal("manifest", STAMP, content), "debian", 7, "the manifest").ordering == DEFAULT


@given(data=st.data())
def test_a_manifest_with_a_field_of_another_kind_is_corrupt_or_just_odd_but_never_an_error_of_ours(data: st.DataObject) -> None:
    content: dict[str, Any] = dict(Manifest("debian", 7)._asdict(), page_stamps={"stamps": [""], "pages": bytes(4)})
    field = data.draw(st.sampled_from(sorted(content)))
    content[field] = data.draw(st.sampled_from([None, 3, "x", [1], [[1]], {"a": 1}, b"xyz", {"stamps": 1}]))
    try:
        manifest.decode(seal("manifest", STAMP, content), "debian", 7, "the manifest")
    except Corrupt as error:
        assert "the manifest" in str(error)


@given(found=st.dictionaries(names, entries, max_size=5))
def test_a_page_comes_out_as_it_went_in_and_in_the_order_of_names(found: dict[str, Entry]) -> None:
    decoded = page.decode(page.encode(found, STAMP), STAMP, "pages/0")
    assert (decoded, list(decoded)) == (found, sorted(found))


@pytest.mark.parametrize("content", [None, [1], 3, {"a": 1}, {"a": list(range(20))}])
def test_what_is_no_page_is_corrupt(content: object) -> None:
    with pytest.raises(Corrupt, match="pages/0"):
        page.decode(seal("page", STAMP, content), STAMP, "pages/0")


@given(found=st.sets(names, min_size=1), pages=st.sampled_from([1, 2, 8, 1024]))
def test_a_page_in_the_place_of_another_is_noticed(found: set[str], pages: int) -> None:
    name = min(found)
    here = page.page_of(name, pages)
    mine = {other: Entry() for other in sorted(found) if page.page_of(other, pages) == here}
    assert page.placed(mine, here, pages, "a page") == mine
    if pages > 1:
        with pytest.raises(Corrupt, match="belongs on page"):
            page.placed(mine, here ^ 1, pages, "a page")


@given(name=names, pages=st.sampled_from([1, 2, 64]))
def test_doubling_the_pages_splits_each_in_two(name: str, pages: int) -> None:
    assert page.page_of(name, 2 * pages) in (page.page_of(name, pages), page.page_of(name, pages) + pages)


@given(number=st.integers(0, 100_000_000))
def test_pages_stay_small_and_their_number_is_a_power_of_two(number: int) -> None:
    pages = page.pages_for(number)
    assert pages & (pages - 1) == 0
    assert number / pages <= page.NAMES_PER_PAGE
    assert pages == 1 or number / pages > page.NAMES_PER_PAGE / 2


def test_dead_lists_say_of_which_shard_they_are() -> None:
    data = dead.encode("paths", 3, {"b", "a"}, STAMP)
    assert dead.decode(data, "paths", 3, STAMP, "dead/paths-3") == ["a", "b"]
    for kind, number in (("text", 3), ("paths", 4)):
        with pytest.raises(Corrupt, match="dead/paths-3"):
            dead.decode(data, kind, number, STAMP, "dead/paths-3")


@given(package=packages)
def test_a_forward_record_comes_out_as_it_went_in(package: Package) -> None:
    frames = {arch: forward.paths_packer().pack(b"\n".join(listed)) for arch, listed in package.files.items()}
    record = encoded(package, frames)
    decoded = forward.decode(record, package.name, "forward/x")
    assert decoded == package
    assert forward.decode(record, package.name, "forward/x", files=False) == package._replace(files={})
    group = group_file.decode("forward", group_file.encode("forward", {package.name: record}, STAMP), STAMP, "forward/x")
    assert group == {package.name: record}


@given(package=packages)
def test_a_record_does_not_depend_on_the_order_things_came_in(package: Package) -> None:
    turned = package._replace(releases=dict(reversed(package.releases.items())), texts=dict(reversed(package.texts.items())))
    assert encoded(turned, {}) == encoded(package._replace(files={}), {})


@given(package=packages, data=st.data())
def test_a_forward_record_cut_or_changed_is_corrupt_or_another_record_but_never_an_error_of_ours(
    package: Package, data: st.DataObject
) -> None:
    frames = {arch: forward.paths_packer().pack(b"\n".join(listed)) for arch, listed in package.files.items()}
    record = encoded(package, frames)
    place = data.draw(st.integers(0, len(record) - 1))
    changed = record[:place] + data.draw(st.binary(max_size=2)) + record[place + 1 :]
    try:
        forward.decode(changed, package.name, "forward/x")
    except Corrupt as error:
        assert "forward/x" in str(error)


@given(dependants=st.dictionaries(names.filter(lambda name: "\n" not in name), st.integers(0, 2 ** len(KINDS) - 1)))
def test_a_reverse_record_comes_out_as_it_went_in_and_in_the_order_of_names(dependants: dict[str, int]) -> None:
    record = reverse.encode(dependants)
    decoded = reverse.decode(record, "libc6", "reverse/x")
    assert (decoded, list(decoded)) == (dependants, sorted(dependants))
    assert reverse.decode_columns(record, "libc6", "reverse/x") == (list(decoded), list(decoded.values()))


@pytest.mark.parametrize(
    "record", [b"", b"\xc0", b"\x91\xa1a", b"\x92\xa1a\xc4\x01x", b"\x92\xa3a\nb\xc4\x02xx", b"\x92\x01\xc4\x00"]
)
def test_a_damaged_reverse_record_is_corrupt(record: bytes) -> None:
    with pytest.raises(Corrupt, match="reverse/x"):
        reverse.decode(record, "libc6", "reverse/x")


@given(kinds=st.sets(st.sampled_from(KINDS)))
def test_a_mask_stands_for_its_kinds(kinds: set[str]) -> None:
    assert set(reverse.kinds_of(sum(reverse.BIT[kind] for kind in kinds))) == kinds


def test_a_mask_has_room_for_all_kinds() -> None:
    assert sum(reverse.BIT.values()) < 2**16
