"""Schedules of writers, readers and crashes on a modelled shared disk: no wrong answer, nothing lost, nobody stuck."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from simulation.running import Simulator, simulator
from simulation.script import Event, Role, Script, drawn, parsed
from simulation.shrinking import shrunk

# A quick run takes the first; `dev.py simulate --schedules N` takes any number, and `test --all` the large one.
QUICK = 200
LARGE = 20_000
PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with simulator() as found:
        yield found


def quiet(*roles: Role, share: bool = True, keep: int = 4, events: tuple[Event, ...] = ()) -> Script:
    """A script in which only *events* happen."""
    return Script(1, share, keep, roles, 0, 0, 0, 0, events)


def simulated(schedules: int, seed: int) -> dict[str, int]:
    """What the tool counts, which gives sets the same order each time."""
    command = [sys.executable, "tools/simulate.py", "--schedules", str(schedules), "--seed", str(seed)]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return {what: int(count.replace(",", "")) for count, what in re.findall(r"(\d[\d,]*) (\w+)", run.stdout.splitlines()[-1])}


@pytest.mark.parametrize("schedules", [QUICK, pytest.param(LARGE, marks=pytest.mark.slow)])
def test_whatever_the_order_every_answer_is_right_and_nothing_is_lost(schedules: int) -> None:
    counted = simulated(schedules, seed=schedules)
    assert (counted["schedules"], counted["failed"]) == (schedules, 0)
    assert counted["crashes"] > schedules // 10
    assert counted["faults"] > schedules // 5
    assert counted["generations"] > 4 * schedules


def test_a_schedule_is_the_same_each_time_in_every_process() -> None:
    program = (
        "from simulation.running import simulator; from simulation.script import drawn\n"
        "with simulator() as running:\n"
        "    for seed in range(40, 46): print(running.run(drawn(seed))[1:])"
    )
    told = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                       env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": f"{PROJECT}/tests:{PROJECT}"}).stdout
        for _ in range(2)
    }
    assert len(told) == 1
    assert len(told.pop().splitlines()) == 6


def test_a_script_says_all_there_is_to_it(running: Simulator) -> None:
    script = drawn(7)
    outcome = running.run(script)
    assert parsed(script.text()) == script
    again = parsed(script._replace(events=outcome.events).text())
    assert running.run(again) == outcome


def test_a_failure_is_made_short_and_stays_the_same_failure(running: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulation import running as room

    def none_may_crash(stage: object) -> None:
        assert not stage.world.crashes, "a host crashed"  # type: ignore[attr-defined]

    monkeypatch.setattr(room, "_judge", none_may_crash)
    seed = next(seed for seed in range(200) if running.run(drawn(seed)).failure is not None)
    short, outcome = shrunk(drawn(seed), running.run)
    assert str(outcome.failure).startswith("a host crashed")
    assert [event.what for event in short.events or ()] == ["crash"]
    assert sum(len(role.verbs) for role in short.roles) <= 2
