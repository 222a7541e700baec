from __future__ import annotations

import os
from pathlib import Path

import pytest

from pkgindex.store.kept import Kept, publish_of
from store.durable import Disk, watched


def kept(*caches: Path) -> Kept:
    return Kept([str(cache) for cache in caches], "commands", "/srv/index")


def test_what_is_kept_is_read_until_something_newer_is(tmp_path: Path) -> None:
    ours = kept(tmp_path)
    ours.keep("debian", "1-a", b"one")
    ours.keep("other", "1-a", b"other")
    assert (ours.read("debian", "1-a"), ours.read("debian", "2-b"), ours.read("other", "1-a")) == (b"one", None, b"other")
    ours.keep("debian", "2-b", b"two")
    assert (ours.read("debian", "1-a"), ours.read("debian", "2-b"), ours.read("other", "1-a")) == (None, b"two", b"other")
    assert os.listdir(tmp_path / "commands/srv/index/debian") == ["2-b"]


def test_another_index_or_kind_keeps_its_own(tmp_path: Path) -> None:
    kept(tmp_path).keep("debian", "1-a", b"one")
    assert Kept([str(tmp_path)], "commands", "/srv/other").read("debian", "1-a") is None
    assert Kept([str(tmp_path)], "names", "/srv/index").read("debian", "1-a") is None


def test_all_caches_are_read_and_the_first_alone_is_written_to(tmp_path: Path) -> None:
    kept(tmp_path / "system").keep("debian", "1-a", b"one")
    both = kept(tmp_path / "mine", tmp_path / "system")
    assert both.read("debian", "1-a") == b"one"
    both.keep("debian", "2-b", b"two")
    assert kept(tmp_path / "mine").read("debian", "2-b") == b"two"
    assert kept(tmp_path / "system").read("debian", "1-a") == b"one"


def test_what_has_its_name_is_whole_after_a_power_cut_too(tmp_path: Path) -> None:
    with watched(Disk(tmp_path)) as flushed:
        kept(tmp_path).keep("debian", "1-a", b"one")
    assert len(flushed) == 1


def test_where_nothing_can_be_kept_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for caches in ((), ("",), (str(tmp_path / "file"),)):
        ours = Kept(caches, "commands", "/srv/index")
        ours.keep("debian", "1-a", b"one")
        assert ours.read("debian", "1-a") is None
    assert os.listdir(tmp_path) == ["file"]


def test_a_number_that_is_published_twice_is_told_apart(tmp_path: Path) -> None:
    manifest = tmp_path / "debian/generations/0000000000000007"
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(b"")
    os.utime(manifest, ns=(1, 1_000))
    before = publish_of(str(tmp_path), "debian", 7)
    os.utime(manifest, ns=(1, 2_000))
    assert publish_of(str(tmp_path), "debian", 7) != before
    with pytest.raises(OSError, match="0000000000000008"):
        publish_of(str(tmp_path), "debian", 8)
