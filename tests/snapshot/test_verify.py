"""Verification finds whatever is wrong with any file of a generation, and finds nothing wrong with a sound one."""

from __future__ import annotations

import random
import tempfile
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packer.damage import damaged, reachable, small, verdict_of
from packer.world import REPO, answers, drop, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import NoIndex, NotFound, StoreError
from pkgindex.format import block, dead, lists, manifest, page, reverse
from pkgindex.format import group as group_file
from pkgindex.format.envelope import seal
from pkgindex.format.manifest import PARTITIONS, Manifest
from pkgindex.format.page import Entry
from pkgindex.packer import merge
from pkgindex.packer.target import Target
from pkgindex.snapshot.verify import verify
from pkgindex.store.memory import MemoryBackend

# Removed, a manifest leaves no trace but in the one after it.
FIRST, SECOND, LAST = "generations/0000000000000001", "generations/0000000000000002", "generations/0000000000000004"


@pytest.fixture(params=PARTITIONS)
def sound(request: pytest.FixtureRequest) -> MemoryBackend:
    return small(request.param)


def test_a_sound_index_has_no_faults_and_all_of_it_is_counted(sound: MemoryBackend) -> None:
    verdict = verdict_of(sound)
    assert verdict.sound
    assert (verdict.generation, verdict.faults, verdict.unlisted) == (4, (), 0)
    counts = verdict.checked
    found = [name.split("/")[0] for name in reachable(sound)]
    assert counts.generations == 4
    assert (counts.pages, counts.forward, counts.reverse, counts.dead, counts.shards) == tuple(
        found.count(kind) for kind in ("pages", "forward", "reverse", "dead", "shards"))
    assert (counts.names, counts.packages) == (6, 5)
    # In the shards: 7 paths of the first publish, 2 of the second; vim's is loose.
    assert counts.pairs == 8
    assert counts.edges == 6
    assert counts.bytes == sum(len(sound.read(name)) for name in reachable(sound))


def test_any_damage_to_any_file_is_found_and_named(sound: MemoryBackend) -> None:
    blobs = sound.blobs()
    tried = 0
    for name in reachable(sound):
        # The files differ by partition, their reading does not: one is tried thoroughly.
        for how, state in damaged(blobs, name, thorough=newest(sound).manifest.partition == "package"):
            if how == "gone" and name.startswith("generations/"):
                continue
            tried += 1
            verdict = verdict_of(state)
            assert [fault for fault in verdict.faults if name in fault.file], (name, how, verdict.faults)
            assert all(fault.problem and "pkgindex" in fault.remedy for fault in verdict.faults)
    assert tried > 200


def test_one_damaged_file_is_not_held_against_the_others(sound: MemoryBackend) -> None:
    blobs = sound.blobs()
    for name in reachable(sound):
        state = {**blobs, name: blobs[name][:-1]}
        if name.startswith("generations/") and name != LAST:
            assert len(verdict_of(state).faults) <= 2  # and the one after it, whose parent it is not
        elif name != LAST:
            assert {fault.file for fault in verdict_of(state).faults} == {name}


def test_reading_a_damaged_index_gives_the_right_answer_or_an_error(sound: MemoryBackend) -> None:
    """Shards excepted: reading 100 MB to answer from 20 KB is what their whole checksum is not for."""
    blobs, right = sound.blobs(), answers(newest(sound))
    for name in reachable(sound):
        if name.startswith("shards/"):
            continue
        for how, state in damaged(blobs, name, thorough=False):
            try:
                found = answers(newest(MemoryBackend(state)))
            except StoreError:
                continue
            assert found == right or (how == "gone" and name == LAST), (name, how)


def test_a_manifest_that_is_missing_among_the_others_is_noticed(sound: MemoryBackend) -> None:
    blobs = sound.blobs()
    for number in (2, 3):
        state = {name: data for name, data in blobs.items() if name != f"generations/{number:016d}"}
        faults = verdict_of(state).faults
        assert [fault.file for fault in faults] == [f"generations/{number + 1:016d}"]
        assert f"made from generation {number}" in faults[0].problem


def test_a_sound_generation_of_another_line_is_not_the_parent() -> None:
    """As when a share's server lost a generation, and another writer gave its number again."""
    ours, theirs = small("package").blobs(), small("package").blobs()
    first_two = {name: data for name, data in theirs.items() if name in (FIRST, SECOND)}
    faults = verdict_of({**ours, **first_two}).faults
    assert [(fault.file, fault.problem) for fault in faults] == [(SECOND, "is not the generation that 3 was made from")]


def test_where_the_newest_manifest_is_damaged_the_one_before_is_checked() -> None:
    blobs = small("package").blobs()
    verdict = verdict_of({**blobs, LAST: b"nonsense"})
    assert verdict.generation == 3
    assert [fault.file for fault in verdict.faults] == [LAST]


def test_an_older_generation_can_be_checked_by_its_number() -> None:
    backend = small("package")
    verdict = verify(backend, REPO, generation=2)
    assert (verdict.generation, verdict.faults, verdict.checked.packages) == (2, (), 4)
    with pytest.raises(NotFound, match="generation 9 of 'debian' is not retained"):
        verify(backend, REPO, generation=9)


def test_without_any_generation_there_is_no_index() -> None:
    with pytest.raises(NoIndex, match="pkgindex pack debian"):
        verify(MemoryBackend(), REPO)


def test_a_newer_format_is_no_damage_and_the_remedy_is_an_upgrade() -> None:
    backend = small("package")
    blobs = backend.blobs()
    name = next(name for name in reachable(backend) if name.startswith("forward/"))
    state = {**blobs, name: blobs[name].replace(b"pkgindex 1 ", b"pkgindex 7 ", 1)}
    assert [fault.remedy for fault in verdict_of(state).faults] == ["upgrade pkgindex"]


# What is written whole and still wrong: the work of a writer with a fault, not of a disk.


def resealed(blobs: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    """With another newest manifest, sealed as it should be."""
    found = manifest.decode(blobs[LAST], REPO, 4, LAST)
    token = blobs[LAST].split(b" ")[3].decode().partition("-")[2]
    return {**blobs, LAST: manifest.encode(found._replace(**changes), token)}


@pytest.mark.parametrize("field", ["names", "packages", "filed", "paths", "facts_bytes"])
def test_counts_of_the_manifest_that_do_not_add_up_are_found(field: str) -> None:
    blobs = small("package").blobs()
    found: Manifest = manifest.decode(blobs[LAST], REPO, 4, LAST)
    faults = verdict_of(resealed(blobs, **{field: getattr(found, field) + 1})).faults
    assert [(fault.file, field in fault.problem) for fault in faults] == [(LAST, True)]


@pytest.mark.parametrize(
    "change", [{"packages": 9}, {"rows": 9}, {"number": 9}, {"checksum": "00000000"}, {"dead": 9}, {"size": 9}]
)
def test_what_the_manifest_says_of_a_shard_must_be_so(change: dict[str, Any]) -> None:
    blobs = small("package").blobs()
    shards = manifest.decode(blobs[LAST], REPO, 4, LAST).shards
    for place in range(len(shards)):
        if "dead" in change and not shards[place].dead:
            continue
        changed = (*shards[:place], shards[place]._replace(**change), *shards[place + 1 :])
        assert verdict_of(resealed(blobs, shards=changed)).faults, (place, change)


def test_a_shard_more_or_less_than_there_should_be_is_found() -> None:
    blobs = small("package").blobs()
    shards = manifest.decode(blobs[LAST], REPO, 4, LAST).shards
    for shard in shards:
        without = tuple(other for other in shards if other != shard)
        faults = verdict_of(resealed(blobs, shards=without)).faults
        assert any(shard.kind in fault.file or fault.file == LAST for fault in faults)
    # Its dead are forgotten: they would be seen twice.
    for kind in ("text", "paths"):
        alive = tuple(shard._replace(dead=0, dead_stamp="") if shard.kind == kind else shard for shard in shards)
        assert verdict_of(resealed(blobs, shards=alive)).faults


def test_a_loose_package_that_is_not_listed_as_such_is_found() -> None:
    blobs = small("package").blobs()
    loose = manifest.decode(blobs[LAST], REPO, 4, LAST).loose
    for name in loose:
        rest = {other: bits for other, bits in loose.items() if other != name}
        assert [repr(name) in fault.problem for fault in verdict_of(resealed(blobs, loose=rest)).faults] == [True, True]


def changed_entry(backend: MemoryBackend, package: str, **changes: Any) -> dict[str, bytes]:
    """The blobs, with one entry of the directory changed."""
    blobs = backend.blobs()
    for name in reachable(backend):
        if name.startswith("pages/"):
            stamp = name.rpartition(".")[2]
            entries = page.decode(blobs[name], stamp, name)
            if package in entries:
                entries[package] = entries[package]._replace(**changes)
                return {**blobs, name: page.encode(entries, stamp)}
    raise AssertionError(package)


@pytest.mark.parametrize("changes", [
    {"meta": b"12345678"}, {"files": {}}, {"texts": {"de": b"12345678"}}, {"paths": 7}, {"forward_bytes": 7},
    {"reverse_bytes": 7}, {"forward": ""}, {"reverse": ""}, {"forward": "1-000000"}, {"paths": "x"},
])  # fmt: skip
def test_an_entry_that_says_otherwise_than_the_files_is_found(changes: dict[str, Any], sound: MemoryBackend) -> None:
    assert verdict_of(changed_entry(sound, "zlib1g", **changes)).faults


def test_edges_are_compared_in_both_directions(sound: MemoryBackend) -> None:
    blobs = sound.blobs()
    tried = 0
    for name in reachable(sound):
        if not name.startswith("reverse/"):
            continue
        stamp = name.rpartition(".")[2]
        records = group_file.decode("reverse", blobs[name], stamp, name)
        for target, record in records.items():
            dependants = dict(reverse.decode(record, target, name))
            for changed in (
                {**dependants, "stranger": 1},
                {dependant: mask ^ 2 for dependant, mask in dependants.items()},
                dict(list(dependants.items())[1:]),
            ):
                tried += 1
                data = group_file.encode("reverse", {**records, target: reverse.encode(changed)}, stamp)
                assert name in {fault.file for fault in verdict_of({**blobs, name: data}).faults}
    assert tried >= 9


def test_a_file_with_a_package_that_no_page_knows_is_found(sound: MemoryBackend) -> None:
    blobs = sound.blobs()
    name = next(name for name in reachable(sound) if name.startswith("forward/"))
    stamp = name.rpartition(".")[2]
    records = {**group_file.decode("forward", blobs[name], stamp, name), "stranger": b"\x93\x90\x80\x80"}
    faults = verdict_of({**blobs, name: group_file.encode("forward", records, stamp)}).faults
    assert [(fault.file, "'stranger'" in fault.problem) for fault in faults] == [(name, True)]


def test_a_dead_list_that_was_written_wrongly_is_found() -> None:
    backend = small("package")
    blobs = backend.blobs()
    for name in reachable(backend):
        if name.startswith("dead/"):
            kind, _, rest = name.removeprefix("dead/").partition("-")
            number, stamp = rest.split(".")
            right = dead.decode(blobs[name], kind, int(number), stamp, name)
            for wrong in ([], right[1:], ["libc6", *right[1:]], [*right, "vim"]):
                data = dead.encode(kind, int(number), wrong, stamp)
                assert verdict_of({**blobs, name: data}).faults, (name, wrong)


def test_content_that_is_no_content_is_a_fault_and_no_crash() -> None:
    backend = small("package")
    blobs = backend.blobs()
    for name in reachable(backend):
        kind = name.split("/")[0]
        if kind in ("pages", "forward", "reverse", "dead"):
            stamp = name.rpartition(".")[2]
            for content in (None, 7, [], [1, 2, 3], {}, {"x": 1}, {1: 2}, "text", {"curl": ["a"] * 8}):
                data = seal(kind.removesuffix("s"), stamp, content)
                assert name in {fault.file for fault in verdict_of({**blobs, name: data}).faults}, (name, content)


def test_a_path_too_many_in_a_shard_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A shard that is sound as a file, and was built from other pairs than the forward files say."""
    right = block.encode
    monkeypatch.setattr(block, "encode", lambda pairs: right([*pairs[:-1], pairs[-1].replace(b"/usr", b"/usx")]))
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [{"name": "a", "version": "1", "files": ["/usr/b", "/usr/c"]}]), loose_packages_max=0)
    monkeypatch.undo()
    assert [fault.file.startswith("shards/paths-") for fault in verdict_of(backend).faults] == [True]


@pytest.mark.parametrize("change", [
    lambda block: [*block[:-1], block[-1]._replace(token=block[-1].token + "x")],
    lambda block: [*block[:-1], block[-1]._replace(numbers=array("I", [3 - block[-1].numbers[0]]))],
    lambda block: block[:-1] or block,
    lambda block: list(reversed(block)),
    lambda block: [listing._replace(numbers=array("I", [*listing.numbers, 3])) for listing in block],
])  # fmt: skip
def test_an_attribute_list_that_says_otherwise_than_the_forward_files_is_found(
    change: Callable[[list[lists.Listing]], list[lists.Listing]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A shard that is sound as a file, and was built from other lists."""
    right = lists.encode
    monkeypatch.setattr(lists, "encode", lambda block: right(change(block)))
    backend = MemoryBackend()
    content = [{"name": "a", "version": "1", "depends": ["b"]}, {"name": "b", "version": "1", "section": "web"}]
    packed(backend, drop(tmp_path, content), loose_packages_max=0)
    monkeypatch.undo()
    assert {fault.file.startswith("shards/text-") for fault in verdict_of(backend).faults} == {True}


@given(st.integers(0, 2**32))
@settings(max_examples=20)
def test_nothing_is_wrong_after_any_history(seed: int) -> None:
    """Whatever is packed, split, removed, folded and merged: a generation that was published verifies."""
    dice = random.Random(seed)
    backend = MemoryBackend()
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(dice.randint(1, 5)):
            limit = dice.choice([0, 0, 2, 64])
            mode = dice.choice(["", "", "full", "incremental"])
            packed(backend, drop(directory, [random_package(dice) for _ in range(dice.randint(1, 6))], mode=mode),
                   loose_packages_max=limit)
            if dice.random() < 0.3:
                merge.merge(Target(backend, REPO, Settings()), force=True)
            if "generations" in {name.split("/")[0] for name in backend.blobs()}:
                assert verdict_of(backend).faults == ()


def random_package(dice: random.Random) -> dict[str, Any]:
    names = ["a", "b", "c", "docbook2x", "docbook2X", "g++", "libé", "n" * 200]
    if dice.random() < 0.15:
        return {"name": dice.choice(names), "removed": True}
    return {
        "name": dice.choice(names),
        "version": dice.choice(["1", "2"]),
        "architecture": dice.choice(["amd64", "all"]),
        "summary": dice.choice(["", "a tool", "the c++ library"]),
        "section": dice.choice(["", "web", "Text/Web"]),
        "keywords": dice.choice(["", "one, two", "\u00e9t\u00e9 (web)"]),
        "depends": [dice.choice([*names, "virtual:any (>= 1) | b"]) for _ in range(dice.randint(0, 3))],
        "files": [f"/usr/{dice.choice('xyz')}/{dice.choice('stu')}\n{dice.choice('vw')}" for _ in range(dice.randint(0, 4))],
    }


def test_a_generation_that_is_retired_meanwhile_is_no_damage(tmp_path: Any) -> None:
    """The files of the generation vanish while it is checked, because a newer one took over: that one is checked."""

    class Overtaken(MemoryBackend):
        overtaken = False

        def read(self, name: str) -> bytes:
            if name.startswith("forward/") and not self.overtaken:
                self.overtaken = True
                packed(self, drop(tmp_path, [{"name": "new", "version": "1"}]))
                self.remove(LAST)
                self.remove(name)
                packed(self, drop(tmp_path, [{"name": lost_name(name), "removed": True}], mode="incremental"))
            return super().read(name)

    verdict = verdict_of(Overtaken(small("package").blobs()))
    assert verdict.generation > 4


def lost_name(blob: str) -> str:
    return blob.split("/")[2].rpartition(".")[0]


def test_entries_without_any_file_are_found() -> None:
    state = changed_entry(small("package"), "zlib1g", **Entry()._asdict())
    assert any("neither" in fault.problem for fault in verdict_of(state).faults)
