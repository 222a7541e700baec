from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.format.journal import HEAD, MAKE, REMOVE, encode, records

CHANGES = st.lists(
    st.tuples(
        st.sampled_from([MAKE, REMOVE]), st.text(max_size=20), st.binary(max_size=60), st.floats(allow_nan=False),
        st.integers(0, 2**64 - 1),
    ),
    max_size=6,
)


@given(CHANGES)
def test_what_was_written_is_read(changes: list[tuple[int, str, bytes, float, int]]) -> None:
    file = HEAD + b"".join(encode(*change) for change in changes)
    found = list(records(file, "journal"))
    assert [record[:5] for record in found] == changes
    assert [record.begin for record in found] == [len(HEAD), *[record.end for record in found]][: len(found)]


@given(CHANGES, st.data())
def test_a_file_that_was_cut_short_gives_the_whole_records_before(
    changes: list[tuple[int, str, bytes, float, int]], data: st.DataObject
) -> None:
    file = HEAD + b"".join(encode(*change) for change in changes)
    cut = data.draw(st.integers(0, len(file)))
    whole = [record for record in records(file, "journal") if record.end <= cut]
    assert list(records(file[:cut], "journal")) == whole
