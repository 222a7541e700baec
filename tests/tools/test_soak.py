"""The battery of everything at once: what it draws, what it would notice; and its short form."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from battery import saying, soak
from battery.gauges import gauge
from battery.lanes import packages, versions_in
from battery.plans import LANES, steps
from battery.running import CUT_SHORT, unforeseen
from packer.world import drop, newest, packed
from pkgindex.store.memory import MemoryBackend


@pytest.mark.parametrize("lane", LANES)
def test_a_seed_says_every_step_of_a_lane(lane: str) -> None:
    first, again, other = (list(islice(steps(lane, seed), 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({step.verb for step in first}) >= (1 if lane == "submit" else 2)


def test_lanes_do_not_do_the_same() -> None:
    drawn = [tuple(islice(steps(lane, 1), 20)) for lane in LANES]
    assert len(set(drawn)) == len(LANES)


@pytest.mark.parametrize(("values", "flat"), [
    ([60] * 100, True),
    ([10] * 10 + [60] * 90, True),
    ([60] * 50 + [900] + [60] * 49, True),
    ([60] * 60 + [110] * 40, False),
    (list(range(60, 160)), False),
])  # fmt: skip
def test_what_is_higher_at_the_end_than_when_it_was_warm_grows(values: list[int], flat: bool) -> None:
    measured = gauge("a server", "files", values)
    assert measured.is_flat is flat
    assert measured.peak == max(values)


@pytest.mark.parametrize(("megabytes", "flat"), [(0.0, True), (0.005, True), (0.017, False)])
def test_in_a_long_run_ten_megabytes_more_at_the_end_is_growth(megabytes: float, flat: bool) -> None:
    """By so many a look: a reader that remembered all that it had read took ten more in 940 looks."""
    grown = [int((30 + megabytes * look) * 1e6) for look in range(940)]
    assert gauge("a reader", "memory", grown).is_flat is flat
    assert gauge("a reader", "memory", grown[:400]).is_flat


KILLED_STARTING = """
import multiprocessing, os, signal
from multiprocessing import util

started = util.spawnv_passfds

def start_and_die(*arguments):
    if b"spawn_main" in b" ".join(map(os.fsencode, arguments[1])):
        started(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    return started(*arguments)

if __name__ == "__main__":
    util.spawnv_passfds = start_and_die
    multiprocessing.get_context("spawn").Process(target=print).start()
"""


def test_what_python_says_when_a_kill_cuts_the_start_of_a_process_short_is_no_fault(tmp_path: Path) -> None:
    script = tmp_path / "starting.py"
    script.write_text(KILLED_STARTING)
    # Whoever says something holds the other end of the pipe: all has been said when that is closed.
    said = subprocess.run([sys.executable, str(script)], stderr=subprocess.PIPE, text=True, check=False).stderr
    assert unforeseen(said) != []
    assert CUT_SHORT.subn("", f"before\n{said}after\n") == ("before\nafter\n", 1)
    ours = said.replace("EOFError", '  File "/x/pkgindex/service/upkeep.py", line 1, in _apart\n    read()\nEOFError')
    for other in (said.replace("EOFError", "KeyError"), ours):
        assert CUT_SHORT.sub("", other) == other != said


def test_a_slot_says_one_count_or_is_a_mixture(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, packages(3, 1)))
    assert [saying.slot_count(newest(backend), slot) for slot in (3, 4)] == [1, 0]
    packed(backend, drop(tmp_path, packages(3, 2)))
    assert saying.slot_count(newest(backend), 3) == 2
    packed(backend, drop(tmp_path, packages(3, 3)[:2]))
    with pytest.raises(AssertionError, match=r"slot 3 says \[2, 3\]"):
        saying.slot_count(newest(backend), 3)


def test_a_tree_without_what_is_needed_and_twins_that_differ_are_noticed(tmp_path: Path) -> None:
    backend = MemoryBackend()
    whole = [{"name": "a", "releases": [{"version": "1", "depends": ["b"]}]}, {"name": "b", "version": "1"}]
    packed(backend, drop(tmp_path, whole))
    saying.check_tree(newest(backend))
    packed(backend, drop(tmp_path, [{"name": "b", "removed": True}]))
    with pytest.raises(AssertionError, match=r"\{'b'\} are needed"):
        saying.check_tree(newest(backend))
    twins = [{"name": name, "releases": [{"version": "1"}], "files": [f"/opt/{name}/1"]} for name in ("twin-a", "twin-b")]
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, twins))
    saying.check_twins(newest(backend))
    assert versions_in(newest(backend)) == {"twin-a": 1, "twin-b": 1}
    packed(backend, drop(tmp_path, [{**twins[0], "releases": [{"version": "2"}]}]))
    with pytest.raises(AssertionError, match="generation 2"):
        saying.check_twins(newest(backend))
    with pytest.raises(AssertionError, match="twin-a 2 has"):
        versions_in(newest(backend))


def test_what_was_acknowledged_and_is_not_there_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is worth nothing when it cannot find fault."""
    run = soak.Soak(str(tmp_path), 1)
    run.run(float("inf"), 0)
    run.judge()
    assert run.judge_disk() > 0
    assert run.ground.faults == []
    run.submitting.acknowledged[0] = 1
    run.clients[0].needs["t0-1"] = ()
    run.syncing.versions["twin-a"] = 7
    monkeypatch.setattr(run.syncing, "finish", lambda: None)
    Path(run.ground.spool, "host/rejected/rubbish").touch()
    run.judge()
    told = " ".join(run.ground.faults)
    for said in ("slot 0 says 0, and 1 was submitted", "it was answered {'t0-1': ()}", "the host is not as it was synced",
                 "rejected: ['rubbish']"):
        assert said in told


@pytest.mark.slow
def test_everything_at_once_for_a_while_leaves_all_well() -> None:
    assert soak.main(["--steps", "12", "--seed", "1"]) == 0
