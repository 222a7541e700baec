"""Packed in any order and any split, with whatever limits, a repository gives the same answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from packer.world import REPO, Expected, answers, checked, drop, make, newest, packed
from pkgindex.config import Settings
from pkgindex.format import block, page
from pkgindex.packer import collect, layover, merge
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.store.memory import MemoryBackend

EXAMPLES = settings().max_examples // 2

# Case pairs, names that need escapes or are hashed, and some that nobody may ship.
NAMES = ["a", "b", "libc6", "docbook2x", "docbook2X", "g++", "@scope/x", "\u00e9t\u00e9", "n" * 200, "N" * 80, "virtual"]
PATHS = ["/a", "/a\tb", "/a\nb", "/a/b", "/a\u00e9", "/usr", "/usr/bin/x", "/usr/bin/y", "/usr/bin/xy", "/usr/share/doc/z",
         "/a b", "/a\x01"]
WORDS = ["web", "server", "library", "c++", "for", "x86_64"]

names = st.sampled_from(NAMES)
relation = st.builds(
    lambda alternatives: " | ".join(alternatives),
    st.lists(st.builds(lambda name, tail: name + tail, names, st.sampled_from(["", ":any", " (>= 1)", " (= 2) [amd64]"])),
             min_size=1, max_size=2),
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
release = st.fixed_dictionaries(
    {"version": st.sampled_from(["1", "2"])},
    optional={
        "architecture": st.sampled_from(["amd64", "all"]), "summary": texts, "description": texts, "section": texts,
        "depends": st.lists(relation, max_size=3), "provides": st.lists(relation, max_size=1),
        "recommends": st.lists(relation, max_size=2), "files": st.lists(st.sampled_from(PATHS), max_size=5),
    },
)  # fmt: skip
files_alone = st.fixed_dictionaries(
    {"files": st.lists(st.sampled_from(PATHS), min_size=1, max_size=4)},
    optional={"architecture": st.sampled_from(["amd64", "all"])},
)
whole = st.fixed_dictionaries({"releases": st.lists(release, min_size=1, max_size=2)})
removed = st.just({"removed": True})


def named(content: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda name, rest: {"name": name, **rest}, names, content)


package = named(st.one_of(release, release, files_alone, whole, removed))
limits = st.fixed_dictionaries({
    "loose_packages_max": st.sampled_from([0, 1, 3, 64]), "loose_paths_max": st.sampled_from([0, 4, 20_000]),
    "shards_max": st.sampled_from([1, 6]),
})  # fmt: skip
partitions = st.sampled_from(["package", "bucket", "whole"])


@pytest.fixture(autouse=True, scope="module")
def small_parts() -> Iterator[None]:
    """A few names already make several slices, pages, ranges and blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "NAMES_PER_PAGE", 2)
        patch.setattr(block, "LINES", 3)
        patch.setattr(layover, "PARTITION_BYTES", 60)
        patch.setattr(collect, "SAMPLE_EVERY", 2)
        yield


def split(submissions: list[Submission], cuts: list[bool]) -> list[list[Submission]]:
    """A new pack begins wherever *cuts* says so."""
    packs: list[list[Submission]] = [[]]
    for submission, cut in zip(submissions, cuts + [False] * len(submissions), strict=False):
        if cut and packs[-1]:
            packs.append([])
        packs[-1].append(submission)
    return packs


def merged(backend: MemoryBackend, how: str, chosen: dict[str, int]) -> None:
    if how:
        merge.merge(Target(backend, REPO, Settings(**chosen)), force=how == "force")


@settings(max_examples=EXAMPLES)
@given(
    contents=st.lists(st.lists(package, min_size=1, max_size=3), min_size=1, max_size=7),
    cuts=st.lists(st.booleans(), max_size=7), chosen=limits, partition=partitions,
    merges=st.lists(st.sampled_from(["", "policy", "force"]), min_size=7, max_size=7),
)  # fmt: skip
def test_any_split_of_what_came_gives_the_answers_of_one_pack(
    contents: list[list[dict[str, Any]]], cuts: list[bool], chosen: dict[str, int], partition: str, merges: list[str]
) -> None:
    expected = Expected()
    with tempfile.TemporaryDirectory() as directory:
        submissions = [drop(directory, content) for content in contents]
        one, many = MemoryBackend(), MemoryBackend()
        make(one, "package")
        make(many, partition)
        packed(one, *submissions)
        for part, how in zip(split(submissions, cuts), merges, strict=False):
            report = packed(many, *part, **chosen)
            assert (report.packed, report.refused) == (tuple(part), ())
            expected.pack(part)
            note(f"{len(part)} submissions: {report.change}")
            checked(newest(many), expected.all())
            merged(many, how, chosen)
            checked(newest(many), expected.all())
        checked(newest(one), expected.all())
        assert answers(newest(many)) == answers(newest(one))


@settings(max_examples=EXAMPLES)
@given(
    contents=st.lists(st.lists(named(release), min_size=1, max_size=2), min_size=2, max_size=6), data=st.data(),
    chosen=limits, cuts=st.lists(st.booleans(), max_size=6),
)  # fmt: skip
def test_submissions_about_different_packages_may_come_in_any_order(
    contents: list[list[dict[str, Any]]], data: st.DataObject, chosen: dict[str, int], cuts: list[bool]
) -> None:
    seen: set[str] = set()
    distinct = []
    for content in contents:
        distinct.append([package for package in content if package["name"] not in seen])
        seen.update(package["name"] for package in content)
    with tempfile.TemporaryDirectory() as directory:
        submissions = [drop(directory, content) for content in distinct if content]
        straight, shuffled = MemoryBackend(), MemoryBackend()
        packed(straight, *submissions)
        for part in split(data.draw(st.permutations(submissions)), cuts):
            packed(shuffled, *part, **chosen)
        expected = Expected()
        expected.pack(submissions)
        checked(newest(shuffled), expected.all())
        assert answers(newest(shuffled)) == answers(newest(straight))


mode = st.sampled_from(["full", "full", "incremental"])


@settings(max_examples=EXAMPLES)
@given(
    pool=st.lists(st.tuples(st.lists(package, max_size=3), mode), min_size=1, max_size=4), data=st.data(),
    chosen=limits, partition=partitions,
)  # fmt: skip
def test_full_sets_replace_what_they_speak_for_and_the_same_again_changes_nothing(
    pool: list[tuple[list[dict[str, Any]], str]], data: st.DataObject, chosen: dict[str, int], partition: str
) -> None:
    expected, backend = Expected(), MemoryBackend()
    make(backend, partition)
    with tempfile.TemporaryDirectory() as directory:
        drops = [drop(directory, content, mode=mode) for content, mode in pool]
        for number in range(data.draw(st.integers(1, 5), label="packs")):
            part = data.draw(st.lists(st.sampled_from(drops), min_size=1, max_size=4, unique=True), label="part")
            # The same bytes, dropped anew.
            part = [submission._replace(id=f"{submission.id}-{number}") for submission in part]
            packed(backend, *part, **chosen)
            expected.pack(part)
            checked(newest(backend), expected.all())
            assert packed(backend, *part, **chosen).generation == 0
