"""Differences between generations, beside what comparing every package of both gives."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from packer.world import REPO, JsonPackage, drop, packed, plain
from pkgindex.config import Settings
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.target import Target
from pkgindex.query.relating.differences import changed_names, differences
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

packages = st.fixed_dictionaries(
    {"name": st.sampled_from([f"p{number}" for number in range(6)])},
    optional={
        "version": st.sampled_from(["1", "2"]), "depends": st.sampled_from([["p1"], ["p2 (>= 1)"], ["elsewhere"]]),
        "description": st.sampled_from(["one", "two"]), "files": st.sampled_from([["/a"], ["/a", "/b"]]),
        "removed": st.just(True),
    },
)  # fmt: skip
# One of them fills more pages than the others need.
submissions = st.lists(packages, max_size=4) | st.just([{"name": f"many{number}", "version": "1"} for number in range(600)])


def shipped(snapshot: Snapshot) -> dict[str, Any]:
    names = [name for name, entry in snapshot.entries() if entry.shipped]
    return {name: plain(package) for name in names if (package := snapshot.package(name)) is not None}


def history(*contents: list[JsonPackage]) -> list[Snapshot]:
    """All generations of a repository into which these were packed one after the other."""
    backend = MemoryBackend()
    with tempfile.TemporaryDirectory() as directory:
        for content in contents:
            packed(backend, drop(directory, content))
    reader = Reader(backend, REPO)
    return [reader.at(number) for number in reader.numbers()]


@settings(max_examples=60, deadline=None)
@given(st.lists(submissions, min_size=2, max_size=4))
def test_what_differs_is_what_comparing_every_package_finds(contents: list[list[JsonPackage]]) -> None:
    snapshots = history(*contents)
    for before in snapshots:
        for after in snapshots:
            old, new = shipped(before), shipped(after)
            expected = {name: ("added" if name not in old else "removed" if name not in new else "changed")
                        for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
            assert {hit.package: hit.change for hit in differences(before, after)} == expected
            assert changed_names(before, after) == expected.keys()


def test_a_difference_says_both_generations_and_all_versions() -> None:
    before, after = history(
        [{"name": "curl", "version": "1"}, {"name": "old", "version": "1"}],
        [{"name": "curl", "version": "2"}, {"name": "old", "removed": True}, {"name": "new", "version": "3"}])
    assert [tuple(hit) for hit in differences(before, after)] == [
        (REPO, 2, "curl", "changed", 1, ("1",), ("1", "2")), (REPO, 2, "new", "added", 1, (), ("3",)),
        (REPO, 2, "old", "removed", 1, ("1",), ()),
    ]  # fmt: skip


def test_a_package_that_is_only_named_by_others_than_before_has_not_changed() -> None:
    before, after = history([{"name": "lib", "version": "1"}], [{"name": "app", "version": "1", "depends": ["lib", "nobody"]}])
    assert changed_names(before, after) == {"app"}


def test_a_rebuild_changes_nothing() -> None:
    backend = MemoryBackend()
    with tempfile.TemporaryDirectory() as directory:
        packed(backend, drop(directory, [{"name": f"p{number}", "version": "1", "files": ["/a"]} for number in range(9)]))
    rebuild(Target(backend, REPO, Settings()))
    reader = Reader(backend, REPO)
    before, after = (reader.at(number) for number in reader.numbers())
    assert before.manifest.page_stamps != after.manifest.page_stamps
    assert changed_names(before, after) == set()


class Counting(MemoryBackend):
    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    def read(self, name: str) -> bytes:
        self.reads.append(name)
        return super().read(name)


def test_pages_that_both_generations_have_are_not_read(tmp_path: Path) -> None:
    backend = Counting()
    packed(backend, drop(tmp_path, [{"name": f"p{number}", "version": "1"} for number in range(1000)]))
    packed(backend, drop(tmp_path, [{"name": "p7", "version": "2"}]))
    reader = Reader(backend, REPO)
    before, after = (reader.at(number) for number in reader.numbers())
    backend.reads.clear()
    assert changed_names(before, after) == {"p7"}
    assert sorted(os.path.dirname(name) for name in backend.reads) == ["pages", "pages"]
    assert len(after.manifest.page_stamps) > 2
