from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Rejected
from pkgindex.sources import names
from pkgindex.sources.hosts import files

odd = st.lists(st.lists(st.sampled_from([b"/", b"//", b".", b"..", b"a", b"\0", b"\n", b"/usr/x"]), max_size=6).map(b"".join))


@given(paths=odd)
def test_tidy_paths_are_stored_as_those_that_are_looked_at_one_by_one(paths: list[bytes]) -> None:
    try:
        slowly = {names.path(path, 8) for path in files.without_directories(paths)}
    except names.Unreadable:
        with pytest.raises(names.Unreadable):
            files.stored(paths, 8)
    else:
        assert files.stored(paths, 8) == sorted(slowly)


def test_a_file_that_is_too_long_or_no_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"12345")
    with pytest.raises(Rejected, match=r"long: 5 bytes, more than 4"):
        files.read(str(tmp_path / "long"), 4)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Rejected, match=r"pipe is a FIFO"):
        files.read_if_there(str(tmp_path / "pipe"))
    assert files.read_if_there(str(tmp_path / "nothing")) == b""


def test_a_mark_changes_when_a_file_is_written_replaced_or_touched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    marks = [files.mark_of(str(path))]
    path.write_bytes(b"1")
    marks.append(files.mark_of(str(path)))
    os.utime(path, (1, 1))
    marks.append(files.mark_of(str(path)))
    (tmp_path / "new").write_bytes(b"2")
    os.utime(tmp_path / "new", (1, 1))
    os.replace(tmp_path / "new", path)
    marks.append(files.mark_of(str(path)))
    assert marks[0] == b"" and len(set(marks)) == 4
