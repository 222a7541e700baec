"""Schedules of writers, readers and crashes on a modelled shared disk, each run and judged: `dev.py simulate`.

    --schedules N    how many (1,000)
    --seed S         of the first; each next one has the next number (1)
    --minutes M      as many of them as there is time for
    --processes P    how many at a time (one a core)
    --write          put the figures into docs/reliability.md
    --brief          end with the first batch that has a failure, and tell only what failed
    --replay SEED    one schedule again, with what happened in it
    --script FILE    the same of a script that a failure printed

A schedule that fails is made short and printed, with what happened in it and its script; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(PROJECT, "tests"))

from simulation.running import Outcome, Simulator, simulator  # noqa: E402
from simulation.script import Script, drawn, parsed  # noqa: E402
from simulation.shrinking import shrunk  # noqa: E402

BATCH = 50
FAILURES_SHOWN = 3


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    if options.replay is not None:
        return _replay(drawn(options.replay))
    if options.script:
        with open(options.script, encoding="utf-8") as file:
            return _replay(parsed(file.read()))
    began = time.monotonic()
    totals: Counter[str] = Counter()
    failed: list[int] = []
    starts = range(options.seed, options.seed + options.schedules, BATCH)
    batches = [(start, min(start + BATCH, options.seed + options.schedules)) for start in starts]
    for seeds, counted in _run(batches, options.processes):
        failed += seeds
        totals.update(counted)
        print(f"\r{totals['schedules']} of {options.schedules}, {len(failed)} failed", end="", file=sys.stderr)
        if (failed and options.brief) or time.monotonic() - began > options.minutes * 60:
            break
    print(file=sys.stderr)
    if failed and options.brief:
        return _briefly(min(failed))
    for seed in sorted(failed)[:FAILURES_SHOWN]:
        tell(drawn(seed))
    seconds = time.monotonic() - began
    print(summary(totals, len(failed), options, seconds))
    if options.write:
        _write(totals, len(failed), options, seconds)
    return 1 if failed else 0


def summary(totals: Counter[str], failed: int, options: argparse.Namespace, seconds: float) -> str:
    return (
        f"{totals['schedules']:,} schedules from seed {options.seed}: {failed} failed; {totals['points']:,} calls to the disk, "
        f"{totals['generations']:,} generations, {totals['crashes']:,} crashes, {totals['faults']:,} faults, {seconds:.0f} s"
    )


def _write(totals: Counter[str], failed: int, options: argparse.Namespace, seconds: float) -> None:
    from marked import write

    heads = ("schedules", "from seed", "failed", "calls to the disk", "generations", "crashes", "faults", "processes",
             "seconds")
    figures = (totals["schedules"], options.seed, failed, totals["points"], totals["generations"], totals["crashes"],
               totals["faults"], options.processes, round(seconds))
    write("simulate", [heads, [f"{figure:,}" for figure in figures]])


def tell(script: Script) -> None:
    """A failing schedule, made short."""
    with simulator() as running:
        short, outcome = shrunk(script, running.run)
    print(f"\nseed {script.seed} fails (dev.py simulate --replay {script.seed}); made short:\n")
    _print(short, outcome)


def _briefly(seed: int) -> int:
    with simulator() as running:
        print(f"seed {seed}: {running.run(drawn(seed)).failure}")
    return 1


def _replay(script: Script) -> int:
    with simulator() as running:
        outcome = running.run(script)
    _print(script._replace(events=script.events or outcome.events), outcome)
    return 1 if outcome.failure is not None else 0


def _print(script: Script, outcome: Outcome) -> None:
    for actor, role in enumerate(script.roles):
        print(f"  actor {actor} on host {role.host}: {', '.join(role.verbs) or 'nothing'}")
    print(*outcome.trace, sep="\n")
    if outcome.failure is not None:
        traceback.print_exception(outcome.failure, file=sys.stdout)
    print(f"\n{script.text()}\n")


def _run(batches: list[tuple[int, int]], processes: int) -> Iterator[tuple[list[int], Counter[str]]]:
    if processes == 1:
        yield from map(_batch, batches)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_batch, batches)


def _batch(seeds: tuple[int, int]) -> tuple[list[int], Counter[str]]:
    failed, counted = [], Counter[str]()
    with simulator() as running:
        for seed in range(*seeds):
            outcome = _counted(running, drawn(seed), counted)
            if outcome.failure is not None:
                failed.append(seed)
    return failed, counted


def _counted(running: Simulator, script: Script, counted: Counter[str]) -> Outcome:
    outcome = running.run(script)
    counted.update(schedules=1, points=outcome.points, generations=outcome.generations, crashes=outcome.crashes,
                   faults=outcome.faults)
    return outcome


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py simulate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--replay", type=int)
    parser.add_argument("--script")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of a set is part of a schedule.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main(sys.argv[1:]))
