"""A rebuild of a sound index changes no answer; of a damaged one it makes a sound one, and little is lost."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from packer.damage import FIRST, SECOND, THIRD, damaged, reachable, small, verdict_of
from packer.world import REPO, answers, drop, holding, newest, packed, plain
from pkgindex.config import Settings
from pkgindex.errors import NewerFormat, NoIndex, NoSpace, StoreError
from pkgindex.format.manifest import PARTITIONS
from pkgindex.packer import rebuild as module
from pkgindex.packer.pack import Report, pack
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.retire import retire
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.snapshot.verify import verify
from pkgindex.store.faults import unread
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

LAST = "generations/0000000000000004"
SAMPLE = Path(__file__).parents[2] / "spool" / "debian" / "incoming"


def rebuilt(backend: Any, *submissions: Submission, **settings: Any) -> Report:
    return rebuild(Target(backend, REPO, Settings(**settings)), submissions)


def everything(backend: Any) -> dict[str, Any]:
    snapshot = newest(backend)
    shipped = [name for name, entry in sorted(snapshot.entries()) if entry.shipped]
    found = {name: plain(package) for name in shipped if (package := snapshot.package(name)) is not None}
    batches = snapshot.matching("", lambda text: True, lambda paths: list(range(len(paths))))
    pairs = [pair for batch in batches for pair in zip(*batch, strict=True)]
    owners = list(snapshot.owners({path.encode().replace(b"\n", b"\0") for path, _ in pairs}))
    counts = {field: getattr(snapshot.manifest, field) for field in ("packages", "filed", "names", "paths", "facts_bytes")}
    return {**answers(snapshot), "packages": found, "pairs": pairs, "owners": owners, "counts": counts}


@pytest.fixture(params=PARTITIONS)
def partition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("loose", [0, 64])
def test_a_rebuild_of_a_sound_index_changes_no_answer(partition: str, loose: int) -> None:
    backend = small(partition)
    before = everything(backend)
    report = rebuilt(backend, loose_packages_max=loose)
    assert (report.generation, report.faults, report.change.action) == (5, (), "rebuild")
    assert everything(backend) == before
    assert verdict_of(backend).sound
    manifest = newest(backend).manifest
    assert (manifest.parent, manifest.partition, manifest.fulls) == (4, partition, {})
    assert manifest.recent


def test_all_is_written_anew_and_what_was_there_is_left_to_gc() -> None:
    backend = small("package")
    before = backend.blobs()
    rebuilt(backend, loose_packages_max=0)
    assert all(backend.blobs()[name] == data for name, data in before.items())
    assert all(f".{5}-" in name for name in reachable(backend) if not name.startswith("generations/"))


def test_damage_to_anything_but_facts_costs_nothing(partition: str) -> None:
    """Pages, reverse files, shards, dead lists and manifests: all of it follows from the forward files."""
    backend = small(partition)
    blobs, before = backend.blobs(), everything(backend)
    tried = 0
    for name in reachable(backend):
        if name.startswith("forward/"):
            continue
        for how, state in damaged(blobs, name, thorough=False):
            if name == LAST and how == "gone":
                continue
            tried += 1
            mended = MemoryBackend(state)
            rebuilt(mended)
            assert verdict_of(mended).faults == (), (name, how)
            assert everything(mended) == before, (name, how)
            retire(mended, REPO, Settings(keep_generations=1, grace_seconds=0))
    assert tried > 150


def test_a_lost_forward_file_comes_back_in_part_and_the_listing_repairs_the_rest(partition: str, tmp_path: Path) -> None:
    backend = small(partition)
    blobs, before = backend.blobs(), everything(backend)
    loose = newest(backend).manifest.loose
    for name in reachable(backend):
        if not name.startswith("forward/"):
            continue
        mended = MemoryBackend({**blobs, name: b""})
        report = rebuilt(mended)
        assert verdict_of(mended).faults == ()
        after = everything(mended)
        lost = [line.partition(":")[0] for line in report.faults]
        assert lost
        assert report.change.changed == len(lost)
        assert [pair for pair in after["pairs"] if pair[1] not in loose] == [
            pair for pair in before["pairs"] if pair[1] not in loose]
        assert after["packages"].keys() == before["packages"].keys()
        for package in before["packages"].keys() - set(lost):
            assert after["packages"][package] == before["packages"][package]
        for key, edges in before.items():
            if key.startswith("rdeps") and "constrained" not in key:
                assert {(edge.name, edge.kind) for edge in after[key]} == {(edge.name, edge.kind) for edge in edges}
        pack(Target(mended, REPO, Settings()), [drop(tmp_path, [*FIRST[:2], *SECOND, THIRD[1]], mode="full")])
        assert everything(mended) == before
        assert verdict_of(mended).faults == ()


def test_submissions_given_with_it_are_packed_on_top(tmp_path: Path) -> None:
    backend = small("package")
    blobs, before = backend.blobs(), everything(backend)
    name = next(name for name in reachable(backend) if name.startswith("forward/"))
    mended = MemoryBackend({**blobs, name: b"nonsense"})
    listing = drop(tmp_path, [*FIRST[:2], *SECOND, THIRD[1]], mode="full")
    report = rebuilt(mended, listing)
    assert (report.generation, report.packed) == (6, (listing,))
    assert everything(mended) == before


def test_without_any_manifest_that_can_be_read_the_pages_are_found_by_listing(partition: str) -> None:
    backend = small(partition)
    before = everything(backend)
    blobs = {name: b"\0" if name.startswith("generations/") else data for name, data in backend.blobs().items()}
    mended = MemoryBackend(blobs)
    report = rebuilt(mended)
    assert report.generation == 5
    assert everything(mended) == before
    assert newest(mended).manifest.partition == partition
    assert verdict_of(mended).faults == ()
    assert [name for name in mended.blobs() if name.startswith("generations/")] == ["generations/0000000000000005"]


def test_a_generation_that_nobody_can_follow_is_retired_with_those_below_it() -> None:
    blobs = {**small("package").blobs(), "generations/0000000000000003": b"nonsense"}
    backend = MemoryBackend(blobs)
    report = rebuilt(backend)
    assert report.faults == ("generations up to 3 cannot be followed any more and were retired",)
    assert sorted(backend.names("generations")) == ["0000000000000004", "0000000000000005"]


def test_all_pages_can_be_lost_and_what_was_removed_stays_removed(partition: str) -> None:
    backend = small(partition)
    before = everything(backend)
    blobs = {name: b"" if name.startswith("pages/") else data for name, data in backend.blobs().items()}
    mended = MemoryBackend(blobs)
    report = rebuilt(mended)
    assert "old" not in everything(mended)["packages"]
    assert everything(mended) == before
    assert report.change.changed == 0
    assert verdict_of(mended).faults == ()


def test_an_index_without_packages_is_rebuilt_too(partition: str) -> None:
    backend = MemoryBackend({name: data for name, data in small(partition).blobs().items() if name.endswith("01")})
    assert rebuilt(backend).generation == 2
    assert verdict_of(backend).faults == ()
    assert newest(backend).manifest.partition == partition


def test_an_index_of_a_newer_format_is_left_alone() -> None:
    blobs = small("package").blobs()
    backend = MemoryBackend({**blobs, LAST: blobs[LAST].replace(b"pkgindex 1", b"pkgindex 4", 1)})
    before = backend.blobs()
    with pytest.raises(NewerFormat, match="upgrade"):
        rebuilt(backend)
    assert backend.blobs() == before


class Guarded(MemoryBackend):
    """Some files may not be read by this user."""

    def read(self, name: str) -> bytes:
        if name.startswith("forward/"):
            raise unread(PermissionError(13, "Permission denied"), name)
        return super().read(name)


def test_what_may_not_be_read_is_not_taken_for_lost() -> None:
    backend = Guarded(small("package").blobs())
    before = backend.blobs()
    with pytest.raises(StoreError, match="give this user read permission"):
        rebuilt(backend)
    assert backend.blobs() == before
    assert {fault.remedy for fault in verdict_of(backend).faults} == {"give this user read permission on the index"}


def test_a_shard_that_is_damaged_too_gives_back_the_blocks_that_are_whole(tmp_path: Path) -> None:
    backend = MemoryBackend()
    paths = [f"/usr/share/{number:05d}" for number in range(2000)]
    packed(backend, drop(tmp_path, [{"name": "a", "version": "1", "files": paths}]), loose_packages_max=0)
    blobs = backend.blobs()
    forward = next(name for name in blobs if name.startswith("forward/"))
    shard = next(name for name in blobs if name.startswith("shards/paths-"))
    frame = blobs[shard].index(b"\x28\xb5\x2f\xfd")
    damaged = blobs[shard][: frame + 20] + b"\xff" * 40 + blobs[shard][frame + 60 :]
    mended = MemoryBackend({**blobs, forward: b"", shard: damaged})
    report = rebuilt(mended)
    kept = [path for path, _ in everything(mended)["pairs"]]
    assert 1500 < len(kept) < 2000
    assert set(kept) < set(paths)
    assert [f"kept are {len(kept)} of 2000 paths" in line for line in report.faults] == [True]
    assert verdict_of(mended).faults == ()


def test_where_there_is_no_generation_there_is_nothing_to_rebuild() -> None:
    with pytest.raises(NoIndex):
        rebuilt(MemoryBackend())


def test_a_rebuild_that_does_not_fit_on_the_disk_changes_nothing() -> None:
    blobs = small("package").blobs()
    backend = MemoryBackend(blobs, capacity_bytes=sum(map(len, blobs.values())) + 1000)
    with pytest.raises(NoSpace, match="nothing has changed"):
        rebuilt(backend)
    assert backend.blobs() == blobs


def test_a_writer_that_is_first_loses_nothing(tmp_path: Path) -> None:
    """Another one publishes while the rebuild works: it is done again, on top."""

    class Overtaken(MemoryBackend):
        overtaken = False

        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            if not self.overtaken:
                self.overtaken = True
                packed(self, drop(tmp_path, [{"name": "new", "version": "1"}]))
            super().link(name, data, ready)

    backend = Overtaken(small("package").blobs())
    assert rebuilt(backend).generation == 6
    assert "new" in everything(backend)["packages"]
    assert verdict_of(backend).faults == ()
    assert {name.rpartition(".")[2].split("-")[0] for name in backend.blobs() if name.startswith("forward/")} >= {"5", "6"}


@given(st.integers(0, 2**32))
@trying(max_examples=40)
def test_whatever_is_damaged_nothing_is_raised_and_the_rebuilt_index_is_sound(seed: int) -> None:
    dice = random.Random(seed)
    backend = SMALL[dice.choice(PARTITIONS)]
    blobs = backend.blobs()
    hit = []
    for name in dice.sample(sorted(blobs), dice.randint(1, 8)):
        if not name.startswith("generations/"):
            hit.append(name)
        how = dice.randint(0, 3)
        if how == 0 and not name.startswith("generations/"):
            del blobs[name]
        elif how == 1:
            blobs[name] = blobs[name][: dice.randint(0, len(blobs[name]))]
        else:
            # Not the number of the format in a manifest: what is newer than we are is left alone.
            place = dice.randrange(10 if name.startswith("generations/") else 0, len(blobs[name]))
            blobs[name] = blobs[name][:place] + bytes([dice.randrange(256)]) + blobs[name][place + 1 :]
    verdict = verdict_of(blobs)
    mended = MemoryBackend(blobs)
    report = rebuilt(mended)
    assert verdict_of(mended).faults == ()
    if verdict.sound:
        assert report.faults == ()
        assert everything(mended) == everything(backend)
    assert everything(mended)["packages"].keys() >= {"libc6"} or hit


@pytest.mark.parametrize("processes", [0, 2])
def test_the_sample_is_rebuilt_the_same_on_a_disk(tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if processes:
        monkeypatch.setattr(module, "ALONE_BYTES_MAX", 0)
    (tmp_path / "repo").mkdir()
    backend = LocalBackend(str(tmp_path / "repo"))
    listings = [Submission(str(path), path.name, path.name) for path in sorted(SAMPLE.iterdir())]
    packed(backend, *listings)
    before = plainly(backend)
    for path in (tmp_path / "repo" / "shards").iterdir():
        path.write_bytes(path.read_bytes()[:-4096])
    shutil.rmtree(tmp_path / "repo" / "reverse")
    assert not verify(backend, REPO).sound
    report = rebuilt(backend, processes=processes)
    assert report.faults == ()
    assert plainly(backend) == before
    assert verify(backend, REPO).sound
    assert [name for name in (tmp_path / "repo" / "tmp").iterdir() if name.name.startswith("rebuild-")] == []


def plainly(backend: LocalBackend) -> Mapping[str, Any]:
    """Without the packages of every word, of which the sample has thousands."""
    snapshot = newest(backend)
    packages = {name: plain(found) for name, entry in snapshot.entries() if (found := snapshot.package(name)) is not None}
    dependants = {name: snapshot.dependants(name) for name, _ in snapshot.entries()}
    found = {word: holding(snapshot, word) for word in ("library", "shell", "c", "tool", "python3")}
    batches = snapshot.matching("", lambda text: True, lambda paths: list(range(len(paths))))
    return {"packages": packages, "dependants": dependants, "found": found,
            "pairs": [pair for batch in batches for pair in zip(*batch, strict=True)]}


SMALL = {partition: small(partition) for partition in PARTITIONS}


class Hesitant(MemoryBackend):
    """Refuses to read each blob at first."""

    def __init__(self, blobs: Mapping[str, bytes]) -> None:
        super().__init__(blobs)
        self.refused: set[str] = set()

    def read(self, name: str) -> bytes:
        if name not in self.refused:
            self.refused.add(name)
            raise unread(OSError(5, "Input/output error"), name)
        return super().read(name)


def test_what_the_disk_refuses_once_is_not_lost(partition: str) -> None:
    """It was once: of one refused look at a manifest came that all before it were retired."""
    before = everything(small(partition))
    backend = Hesitant(small(partition).blobs())
    report = rebuilt(backend)
    assert report.faults == ()
    assert len([name for name in backend.refused if name.startswith("generations/")]) == 4
    assert len([name for name in backend.blobs() if name.startswith("generations/")]) == 5
    assert everything(MemoryBackend(backend.blobs())) == before
