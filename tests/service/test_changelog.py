from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packer.world import REPO, drop, make, packed
from pkgindex.config import Settings
from pkgindex.errors import Corrupt
from pkgindex.model.changes import Change
from pkgindex.packer.retire import retire
from pkgindex.service.changelog import tell
from pkgindex.snapshot.changes import ALONE, changes_since
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.verify import verify
from pkgindex.store.memory import MemoryBackend
from store.crash import CrashBackend

DAY = 86_400.0
Look = Callable[..., list[Change]]


def package(name: str, *versions: str, at: str = "", **fields: str) -> dict[str, Any]:
    found = {"installed": "true", **({"installed-at": at} if at else {}), **fields}
    return {"name": name, "releases": [{"version": version, "architecture": "amd64", "fields": found, "depends": "libc6 (>= 2)"}
                                       for version in versions]}


def gone(name: str) -> dict[str, Any]:
    return {"name": name, "removed": True}


@pytest.fixture
def backend() -> MemoryBackend:
    backend = MemoryBackend()
    make(backend, "package")
    return backend


@pytest.fixture
def look(backend: MemoryBackend, tmp_path: Path) -> Look:
    """A look at a host that finds *packages* changed, published unless it is *interrupted*."""

    def look(now: float, *packages: dict[str, Any], keep: float = 90 * DAY, interrupted: bool = False) -> list[Change]:
        found = tell(backend, REPO, [json.dumps(each).encode() for each in packages], keep, now)
        if not interrupted:
            packed(backend, drop(tmp_path, list(packages)))
        return found

    return look


def told(backend: MemoryBackend, since: float = 0.0) -> list[tuple[str, str, str, str, float]]:
    return [(change.action, change.package, change.before, change.after, change.at) for change in changes_since(backend, since)]


def test_the_first_look_finds_no_change(look: Look, backend: MemoryBackend) -> None:
    assert look(1 * DAY, package("curl", "7.88")) == [] == told(backend)


def test_installs_upgrades_and_removals_are_told_the_newest_first(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "7.9"), package("wget", "1"))
    look(2 * DAY, package("curl", "7.10"), package("jq", "1.6"))
    look(3 * DAY, package("curl", "7.9"), gone("wget"))
    assert told(backend) == [
        ("downgraded", "curl", "7.10", "7.9", 3 * DAY), ("removed", "wget", "1", "", 3 * DAY),
        ("upgraded", "curl", "7.9", "7.10", 2 * DAY), ("installed", "jq", "", "1.6", 2 * DAY),
    ]
    assert told(backend, 2 * DAY) == told(backend)[:2]


def test_time_is_the_package_manager_s_where_it_knows_it(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "7"))
    look(3 * DAY, package("curl", "8", at="1970-01-03T00:00:00Z"), package("late", "1", at="1971-01-01T00:00:00Z"))
    assert told(backend) == [("installed", "late", "", "1", 3 * DAY), ("upgraded", "curl", "7", "8", 2 * DAY)]
    assert {change.seen for change in changes_since(backend, 0.0)} == {3 * DAY}
    assert told(backend, 2.5 * DAY) == told(backend)[:1]


def test_what_was_known_of_a_package_that_is_gone_stays_known(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "7", summary="web client", odd="café"))
    look(2 * DAY, gone("curl"))
    (change,) = changes_since(backend, 0.0)
    assert change.record is not None
    assert dict(change.record.fields) == {"installed": "true", "summary": "web client", "odd": "café"}
    assert [relation[0].written for relation in change.record.relations["depends"]] == ["libc6 (>= 2)"]
    assert Reader(backend, REPO).snapshot().package("curl") is None


def test_what_changes_beside_the_version_is_no_change(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "7"))
    look(2 * DAY, package("curl", "7", requested="false"))
    assert told(backend) == []


def test_a_look_that_was_interrupted_is_told_once(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "7"), package("wget", "1"))
    look(2 * DAY, package("curl", "8"), interrupted=True)
    look(3 * DAY, package("curl", "8"), gone("wget"), interrupted=True)
    look(4 * DAY, package("curl", "8"), gone("wget"))
    look(5 * DAY, package("curl", "7"))
    look(6 * DAY, package("curl", "8"))
    assert told(backend) == [
        ("upgraded", "curl", "7", "8", 6 * DAY), ("downgraded", "curl", "8", "7", 5 * DAY),
        ("removed", "wget", "1", "", 3 * DAY), ("upgraded", "curl", "7", "8", 2 * DAY),
    ]


def test_what_is_told_is_durable_before_anything_is_submitted(tmp_path: Path) -> None:
    backend = CrashBackend({})
    packed(backend, drop(tmp_path, [package("curl", "1")]))
    tell(backend, REPO, [json.dumps(package("curl", "2")).encode()], 90 * DAY, 1 * DAY)
    assert told(MemoryBackend(backend.durable)) == [("upgraded", "curl", "1", "2", 1 * DAY)]


def test_changes_stay_when_generations_are_retired_and_go_when_they_are_old(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "1"))
    for day in range(2, 8):
        look(day * DAY, package("curl", str(day)))
        retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0.0))
    assert Reader(backend, REPO).numbers() == [8]
    assert [change[3] for change in told(backend)] == ["7", "6", "5", "4", "3", "2"]
    look(10 * DAY, package("curl", "10"), keep=5 * DAY)
    assert [change[3] for change in told(backend)] == ["10", "7", "6", "5"]


def test_a_damaged_list_is_named(look: Look, backend: MemoryBackend) -> None:
    look(1 * DAY, package("curl", "1"))
    look(2 * DAY, package("curl", "2"))
    (stamp,) = backend.names("changes")
    data = backend.read(f"changes/{stamp}")
    backend.remove(f"changes/{stamp}")
    backend.create(f"changes/{stamp}", data[:-1])
    with pytest.raises(Corrupt, match=f"changes/{stamp}.*remove the file"):
        changes_since(backend, 0.0)
    (fault,) = verify(backend, REPO).faults
    assert (fault.file, fault.remedy) == (f"changes/{stamp}", ALONE) and "remove" not in fault.problem


@pytest.mark.parametrize(("went", "told_at"), [
    (2.5 * DAY, 2.5 * DAY), (0.5 * DAY, 3 * DAY), (3.5 * DAY, 3 * DAY), (None, 3 * DAY),
], ids=["within", "before it came", "after it was missed", "nothing written down"])
def test_a_removal_has_the_time_of_the_diary_when_that_can_be_right(
    look: Look, backend: MemoryBackend, went: float | None, told_at: float
) -> None:
    look(1 * DAY, package("curl", "7.88", at="1970-01-02T00:00:00Z"))
    diary = {("curl", "7.88"): went} if went is not None else {}
    (found,) = tell(backend, REPO, [json.dumps(gone("curl")).encode()], 90 * DAY, 3 * DAY, lambda: diary)
    assert (found.at, found.seen) == (told_at, 3 * DAY)


def test_no_diary_is_read_where_nothing_was_removed(look: Look, backend: MemoryBackend) -> None:
    def diary() -> dict[tuple[str, str], float]:
        raise AssertionError("it may be large")

    look(1 * DAY, package("curl", "7.88"))
    assert len(tell(backend, REPO, [json.dumps(package("curl", "8")).encode()], 90 * DAY, 2 * DAY, diary)) == 1
