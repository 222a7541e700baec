"""The quick forms of the batteries that kill commands, and refuse them, at the calls that they make; the long ones are slow."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from battery import errors, full, judging, kill, readers, reads, strace, taps
from battery.ground import Ground
from battery.scenes import READING, SCENES, Scene, named
from battery.trial import Ended, run

EVERY_QUICK, EVERY_ERROR, EVERY_READ = 30, 50, 20
# All of them take an hour and more: `dev.py battery` runs them.
EVERY_SLOW, EVERY_SLOW_ERROR, EVERY_SLOW_READ = 8, 20, 40
WAYS = [strace, taps]
REFUSED = [
    *(pytest.param(errors, scene, EVERY_SLOW_ERROR, id=scene.name) for scene in SCENES),
    *(pytest.param(reads, scene, EVERY_SLOW_READ, id=scene.name) for scene in READING),
]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__.rpartition(".")[2])
def way(request: pytest.FixtureRequest) -> ModuleType:
    if request.param is strace and strace.reason_against():
        pytest.skip(strace.MISSING)
    found: ModuleType = request.param
    return found


def faults(rows: Iterable[errors.Row]) -> list[str]:
    return [fault for row in rows for fault in row.faults]


def test_a_pack_that_is_killed_at_any_call_leaves_all_well(tmp_path: Path, way: ModuleType) -> None:
    row = kill.row(named("pack"), str(tmp_path / "ground"), way, EVERY_QUICK)
    assert row.failures == ()
    assert row.calls > 150
    assert row.points - row.missed > 5


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_command_that_is_killed_at_any_call_leaves_all_well(
    tmp_path: Path, way: ModuleType, scene: Scene
) -> None:
    row = kill.row(scene, str(tmp_path / "ground"), way, EVERY_SLOW)
    assert row.failures == ()
    assert row.points - row.missed > 1


def test_a_pack_that_the_disk_refuses_at_any_call_says_so_and_leaves_all_well(tmp_path: Path, way: ModuleType) -> None:
    rows = list(errors.rows(named("pack"), str(tmp_path / "ground"), ["EIO", "ENOSPC"], way, EVERY_ERROR))
    assert faults(rows) == []
    assert sum(row.clean for row in rows) > 2


@pytest.fixture
def small_disks() -> None:
    if reason := full.reason_against():
        pytest.skip(reason)


def test_a_pack_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path: Path, small_disks: None) -> None:
    rows = list(full.rows(named("pack"), str(tmp_path / "ground"), 4))
    assert faults(rows) == []
    assert [row.clean > 1 and row.succeeded >= full.SUCCESSES for row in rows] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_command_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    tmp_path: Path, small_disks: None, scene: Scene
) -> None:
    rows = list(full.rows(scene, str(tmp_path / "ground")))
    assert faults(rows) == []
    assert sum(row.clean for row in rows) > 0


def test_a_search_that_the_disk_refuses_at_any_call_is_right_or_says_so(tmp_path: Path, way: ModuleType) -> None:
    rows = list(reads.rows(named("search"), str(tmp_path / "ground"), ["EIO", "ENOENT"], way, EVERY_READ))
    assert faults(rows) == []
    assert sum(row.succeeded for row in rows) > 2


@pytest.mark.slow
@pytest.mark.parametrize(("battery", "scene", "every"), REFUSED)
def test_every_command_that_the_disk_refuses_at_any_call_says_so_or_is_not_disturbed(
    tmp_path: Path, way: ModuleType, battery: ModuleType, scene: Scene, every: int
) -> None:
    assert faults(battery.rows(scene, str(tmp_path / "ground"), errors.ERRORS, way, every)) == []


def test_a_question_that_is_answered_wrongly_is_a_fault(tmp_path: Path) -> None:
    class Lying:
        """Answers at each refused call as if there were nothing."""

        points = staticmethod(taps.points)

        @staticmethod
        def refused(*arguments: object) -> Ended:
            return Ended(next(codes), "repo: nothing found; try another word")

    codes = iter([0, 1, 3])
    [row] = reads.rows(named("owner"), str(tmp_path / "ground"), ["EIO"], Lying, 12)
    assert row.points == 3
    assert [fault.split(":")[1].split(" ")[1:3] for fault in row.faults] == [["it", "answered"], ["it", "found"]]


def test_a_write_that_takes_half_is_finished(tmp_path: Path) -> None:
    [row] = errors.rows(named("pack"), str(tmp_path / "ground"), ["SHORT"], taps)
    assert row.faults == ()
    assert row.succeeded == row.points > 3


def test_what_is_lost_torn_or_left_is_a_failure(tmp_path: Path) -> None:
    """The judge is worth nothing when it cannot find fault."""
    scene = named("pack")
    ground = Ground(str(tmp_path / "ground"), scene.repo)
    judge = judging.Judge(ground, scene)
    judge.judge(run(ground, scene.words))
    damages = {
        "what it did is not there": lambda: None,
        "the answers are others": lambda: shutil.rmtree(f"{ground.spool}/{scene.repo}/incoming"),
        "left over": lambda: ground.write("index/repo/forward/00/nobody", b""),
    }
    for said, damage in damages.items():
        ground.restore()
        damage()
        with pytest.raises(AssertionError, match=said):
            judge.judge(Ended(0 if said.startswith("what") else kill.KILLED, ""))


def test_an_answer_without_a_place_or_with_a_traceback_is_a_fault(tmp_path: Path) -> None:
    scene, point = named("pack"), strace.Point("fsync", 1, True)
    ground = Ground(str(tmp_path / "ground"), scene.repo)
    for said in ("Traceback (most recent call last)", "something went wrong", f"{ground.here}/x: Input/output error"):
        with pytest.raises(AssertionError):
            errors.require_clean(ground, scene, point, "EIO", Ended(3, said))
    errors.require_clean(ground, scene, point, "EIO", Ended(3, f"{ground.here}/x: Input/output error; try again"))


def test_a_stat_that_the_disk_refuses_is_not_taken_for_an_empty_scratch_file(tmp_path: Path) -> None:
    """It was once, and a generation without its packages came of it."""
    [row] = errors.rows(named("pack"), str(tmp_path / "ground"), ["EIO"], _Looks)
    assert row.faults == ()
    assert row.clean > 2


class _Looks:
    """Taps in looks at scratch files alone."""

    refused = staticmethod(taps.refused)

    @staticmethod
    def points(*arguments: object) -> tuple[list[strace.Point], Ended]:
        found, ended = taps.points(*arguments)  # type: ignore[arg-type]
        return [point for point in found if point.call == "lstat"], ended


@pytest.mark.slow
def test_no_reader_is_told_anything_wrong_beside_all_that_writes() -> None:
    assert readers.main(["--generations", "200"]) == 0
