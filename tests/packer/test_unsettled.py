"""What was committed and stands in deltas alone: damage to them is found, and a rebuild loses no more than what was damaged;
retiring and racing writers lose nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from packer.damage import damaged, reachable, small, verdict_of
from packer.test_commit import Mirror, everything
from packer.world import REPO, newest
from pkgindex.config import Settings
from pkgindex.errors import Exists, Gone
from pkgindex.format.manifest import PARTITIONS
from pkgindex.packer import retire as retiring
from pkgindex.packer import spill
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import fold
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.retire import retire
from pkgindex.packer.settle import Settling, settle
from pkgindex.packer.target import Target
from pkgindex.store.backend import Backend
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

COMMITS: tuple[dict[str, tuple[str, ...] | None], ...] = (
    {"bash": ("vim",), "new": ("bash", "curl")}, {"curl": None}, {"newer": ("new",)}, {"new": ("libc6",), "vim": ()},
)


def committed(partition: str, monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryBackend, dict[str, tuple[str, ...]]]:
    """Shards, dead and loose packages, and over all of that deltas: some in a file, some in the manifest."""
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 200)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend = small(partition)
    mirror = Mirror(backend)
    for changes in COMMITS:
        mirror.commit(changes)
    assert newest(backend).manifest.deltas
    assert newest(backend).manifest.tail
    return backend, mirror.needs


def files_of(backend: MemoryBackend) -> list[str]:
    return [*reachable(backend), *(name for name in backend.blobs() if name.startswith("deltas/"))]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_every_damage_to_what_a_generation_with_deltas_names_is_found(
    partition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, _ = committed(partition, monkeypatch)
    assert verdict_of(backend).faults == ()
    assert verdict_of(backend).checked.deltas == len(newest(backend).manifest.deltas)
    blobs, tried = backend.blobs(), 0
    named = {f"deltas/{found.stamp}" for found in newest(backend).manifest.deltas}
    for name in [name for name in files_of(backend) if name in named or name.startswith(("pages/", "generations/"))]:
        for how, state in damaged(blobs, name, thorough=name in named):
            if state == blobs or (how == "gone" and name.startswith("generations/")):
                continue
            found = verdict_of(state)
            assert not found.sound, f"{name}: {how}"
            if name in named:
                assert {fault.file for fault in found.faults} == {name}, "one damaged file is one fault"
            tried += 1
    assert tried > 60


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_rebuild_keeps_what_stands_in_deltas_alone(partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, needs = committed(partition, monkeypatch)
    rebuild(Target(backend, REPO, Settings()))
    assert not newest(backend).manifest.unsettled
    assert everything(backend) == needs


def test_a_rebuild_finds_what_a_lost_file_of_deltas_held_where_it_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, needs = committed("package", monkeypatch)
    [spilled] = newest(backend).manifest.deltas
    backend.remove(f"deltas/{spilled.stamp}")
    report = rebuild(Target(backend, REPO, Settings()))
    count = spilled.last - spilled.first + 1
    assert f"deltas/{spilled.stamp} cannot be read" in report.faults[0]
    assert f"others had what {count} changed" in report.faults[0]
    assert everything(backend) == needs


def test_what_nothing_has_of_a_lost_file_of_deltas_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, needs = committed("package", monkeypatch)
    [spilled] = newest(backend).manifest.deltas
    backend.remove(f"deltas/{spilled.stamp}")
    retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0))
    report = rebuild(Target(backend, REPO, Settings()))
    assert "others had what 0 changed; commit again what is missing" in report.faults[0]
    assert everything(backend)["new"] == needs["new"], "the newest commit stands in the manifest"


def test_a_rebuild_of_a_damaged_manifest_goes_back_to_the_commit_before_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, needs = committed("package", monkeypatch)
    last = f"generations/{newest(backend).generation:016d}"
    state = MemoryBackend({**backend.blobs(), last: backend.read(last)[:-1]})
    report = rebuild(Target(state, REPO, Settings()))
    before = newest(backend).generation - 1
    assert any(f"what was committed after generation {before} may stand in manifests alone" in line for line in report.faults)
    assert everything(state) == {**needs, "new": ("bash", "curl"), "vim": ("libc6",)}


@pytest.mark.parametrize("looked_at_max", [0, 256])
def test_retiring_takes_deltas_that_are_merged_or_settled_and_no_other(
    looked_at_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 100)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    monkeypatch.setattr(retiring, "LOOKED_AT_MAX", looked_at_max)
    backend, soon = MemoryBackend(), Settings(keep_generations=2, grace_seconds=0)
    mirror = Mirror(backend)
    for number in range(30):
        mirror.commit({f"p{number}": ()})
        retire(backend, REPO, soon)
        assert everything(backend) == mirror.needs
    named = {f"deltas/{found.stamp}" for found in newest(backend).manifest.deltas}
    there = {name for name in backend.blobs() if name.startswith("deltas/")}
    assert named <= there
    assert len(there) < len(named) + 4
    settle(mirror.ledger.target)
    mirror.commit({"after": ()})
    mirror.commit({"after that": ()})
    retire(backend, REPO, soon)
    assert {name for name in backend.blobs() if name.startswith("deltas/")} == {
        f"deltas/{found.stamp}" for found in newest(backend).manifest.deltas}
    assert everything(backend) == mirror.needs


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_committers_settling_and_folding_at_once_lose_nothing(
    tmp_path: object, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 300)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    monkeypatch.setattr("pkgindex.format.page.NAMES_PER_PAGE", 4)
    backend: Backend = LocalBackend(str(tmp_path)) if kind == "local" else MemoryBackend()
    target = Target(backend, REPO, Settings())
    committing, failed = [True] * 3, []  # type: ignore[var-annotated]

    def commit_all(writer: int) -> None:
        known = Ledger(target)
        for number in range(12):
            while True:
                known.refresh()
                try:
                    commit(known, {f"p{writer}-{number}": (f"p{writer}-{number - 1}",) if number else ()})
                    break
                except (Exists, Gone):
                    continue
        committing[writer] = False

    def keep_up(act: Callable[[], object]) -> None:
        while any(committing):
            act()

    def settle_by_steps() -> None:
        settling = Settling(target, 1)
        while any(committing) and not settling.step():
            pass

    def guarded(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - for the test's own thread to raise
            failed.append(error)
            committing[:] = [False] * 3

    Mirror(backend).commit({"first": ()})
    acts: list[Callable[[], object]] = [lambda writer=writer: commit_all(writer) for writer in range(3)]  # type: ignore[misc]
    acts += [lambda: keep_up(settle_by_steps), lambda: keep_up(lambda: fold(target))]
    threads = [threading.Thread(target=guarded, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    expected = {f"p{writer}-{number}": (f"p{writer}-{number - 1}",) if number else () for writer in range(3)
                for number in range(12)}
    assert everything(backend) == {"first": (), **expected}
    assert Ledger(target).refresh() == {"first": (), **expected}
