from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packer.world import drop, newest, packed
from pkgindex.snapshot import similar
from pkgindex.store.memory import MemoryBackend

NAMES = ["curl", "crun", "emacs", "imagemagick", "imagemagick-doc", "libreoffice", "nginx", "postgresql", "Python3", "wget"]
names = st.text(min_size=1, max_size=12)


@given(one=names, other=names)
def test_likeness_is_the_same_both_ways_and_one_only_for_what_shares_all(one: str, other: str) -> None:
    assert similar.likeness(one, one) == 1.0
    assert 0.0 <= similar.likeness(one, other) <= 1.0
    if one.casefold() == one and other.casefold() == other:
        assert similar.likeness(one, other) == similar.likeness(other, one)


@given(one=st.text("ab", max_size=6), other=st.text("ab", max_size=6))
def test_two_names_are_swapped_when_one_is_among_the_swapped_of_the_other(one: str, other: str) -> None:
    assert similar.are_swapped(one, other) == (other in similar.swapped(one))


def test_what_is_longer_than_any_name_is_like_none(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [{"name": "curl", "version": "1"}]), loose_packages_max=0)
    asked = "curl" * 250_000
    monkeypatch.setattr(similar, "swapped", None)
    assert newest(backend).similar(asked, 5) == []
    assert similar.nearest(asked, [asked]) == []


@pytest.mark.parametrize("loose_packages_max", [0, 64])
@pytest.mark.parametrize(("asked", "meant"), [
    ("crul", ["curl", "crun"]), ("emasc", ["emacs"]), ("imagemagik", ["imagemagick", "imagemagick-doc"]), ("ngnix", ["nginx"]),
    ("postgres", ["postgresql"]), ("pyhton3", ["Python3"]), ("libre-office", ["libreoffice"]), ("qqqq", []), ("", []),
])  # fmt: skip
def test_names_that_were_meant_are_found(asked: str, meant: list[str], loose_packages_max: int, tmp_path: Any) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [{"name": name, "version": "1"} for name in NAMES]), loose_packages_max=loose_packages_max)
    snapshot = newest(backend)
    assert snapshot.similar(asked, 2) == meant
    assert snapshot.similar(asked, 1) == meant[:1]


def test_a_package_that_is_gone_is_not_offered(tmp_path: Any) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [{"name": name, "version": "1"} for name in NAMES]), loose_packages_max=0)
    packed(backend, drop(tmp_path, [{"name": "curl", "removed": True}]))
    assert newest(backend).similar("crul", 5) == ["crun"]
