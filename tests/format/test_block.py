from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from format.strategies import names, paths
from pkgindex.errors import Corrupt
from pkgindex.format import block
from pkgindex.format.shard import separator

pairs = st.lists(st.tuples(paths, names), min_size=1, max_size=20, unique=True).map(
    lambda found: sorted(block.pair(path, name) for path, name in found)
)
deep = st.lists(st.sampled_from(["usr", "share", "doc", "d", "do", "a\0b", "\0", "\udcff", "\u00e9", " ", "x\t"]),
                min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


@given(found=pairs)
def test_a_block_comes_out_as_it_went_in(found: list[bytes]) -> None:
    text, _ = block.encode(found)
    assert [block.pair(path, owner) for path, owner in block.decode(text, "a shard")] == found
    assert block.paths_of(text).split(b"\n") == [line.rpartition(b"\t")[0] for line in found]


@given(found=pairs, data=st.data())
def test_a_changed_block_is_corrupt_or_another_but_never_an_error_of_ours(found: list[bytes], data: st.DataObject) -> None:
    text, _ = block.encode(found)
    place = data.draw(st.integers(0, len(text) - 1))
    try:
        block.decode(text[:place] + data.draw(st.binary(max_size=3)) + text[place + 1 :], "a shard")
    except Corrupt as error:
        assert "a shard" in str(error)


def trigrams(text: str) -> set[str]:
    return {text[place : place + 3] for place in range(len(text) - 2)}


@given(found=st.lists(deep, min_size=1, max_size=12))
@example(found=["/x\0abc\0ab/c"])
@example(found=["/usr/bin/ab", "/usr/bin/cd", "/usr/bin", "/usr/bin/"])
def test_every_trigram_of_every_path_and_of_its_end_stands_in_the_text_that_is_indexed(found: list[str]) -> None:
    lines = [path.encode("utf-8", "surrogateescape") for path in sorted(found)]
    known = trigrams(block.trigram_text(b"\n".join(lines)))
    for line in lines:
        # A trigram over a newline in a path is never asked for; neither is one with a byte that is no UTF-8.
        for part in line.decode("utf-8", "replace").split("\0"):
            missing = {trigram for trigram in trigrams(f"{part}\n") if "\ufffd" not in trigram} - known
            assert not missing


def test_repeated_directories_are_left_out() -> None:
    listed = [b"/usr/share/doc/curl/%d" % number for number in range(100)]
    assert len(block.trigram_text(b"\n".join(listed))) < 700


@given(before=st.binary(max_size=8), first=st.binary(min_size=1, max_size=8))
def test_a_separator_is_above_the_one_and_not_above_the_other_and_as_short_as_can_be(before: bytes, first: bytes) -> None:
    if before < first:
        found = separator(before, first)
        assert before < found <= first
        assert first.startswith(found)
        assert all(first[:length] <= before for length in range(1, len(found)))


def runs(counts: Iterable[int]) -> bytes:
    return b"\n".join(b"%d p%d" % (count, place) for place, count in enumerate(counts))


@pytest.mark.parametrize("owners", [b"", b"x p", b"1 p", b"3 p", b"-1 p\n3 q", runs([1, 2])])
def test_owners_that_do_not_match_their_paths_are_corrupt(owners: bytes) -> None:
    with pytest.raises(Corrupt, match="a shard"):
        block.decode((5).to_bytes(4, "little") + b"/a\n/b" + owners, "a shard")
