"""Each writing command is killed before every call that it makes to its files: `dev.py battery kill`.

    --scene NAME     only this one; may be given again
    --every N        every N-th call (1)
    --within         by taps inside the process instead of strace, which sees more
    --write          put the table into docs/reliability.md

SIGKILL comes when the call begins, so that it is not done. Prints a row a command, and each failure; exit code 1 then.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import marked
from battery import strace, taps
from battery.ground import Ground
from battery.judging import Judge
from battery.scenes import SCENES, Scene, parser_of, with_places
from battery.strace import Point

KILLED = -9
FAILURES_SHOWN = 20


class Row(NamedTuple):
    """*points* were tried, at *missed* of them the command had ended before; *failures* say what did not hold."""

    scene: str
    calls: int
    points: int
    missed: int
    seconds: float
    failures: tuple[str, ...]


def row(scene: Scene, root: str, way: object = strace, every: int = 1) -> Row:
    began = time.monotonic()
    ground = Ground(root, scene.repo)
    judge = Judge(ground, scene)
    points, ended = way.points(ground, scene.words, scene.environment)  # type: ignore[attr-defined]
    assert ended.code == scene.code, f"{scene.name}, only looked at: {ended}"
    chosen = points[::every]
    missed, failures = 0, []
    for point in chosen:
        ground.restore()
        missed += _tried(judge, way, ground, scene, point, failures)
    return Row(scene.name, len(points), len(chosen), missed, time.monotonic() - began, tuple(failures))


def _tried(judge: Judge, way: object, ground: Ground, scene: Scene, point: Point, failures: list[str]) -> int:
    """Whether the kill came too late: which calls there are is not the same each time (a directory is listed in any order)."""
    try:
        ended = way.killed(ground, scene.words, scene.environment, point)  # type: ignore[attr-defined]
        assert ended.code in (KILLED, scene.code), ended
        judge.judge(ended)
        return ended.code != KILLED
    except Exception as failure:  # noqa: BLE001 - the battery goes on, and tells
        failures.append(f"{scene.name}, killed before {point}: {type(failure).__name__}: {failure}")
        return 0


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    way = taps if options.within or strace.reason_against() else strace
    if way is taps and not options.within:
        print(f"{strace.MISSING}: calls are counted within the process, where those of SQLite are not seen")
    print(f"{'command':<34}{'calls':>7}{'killed at':>11}{'too late':>10}{'seconds':>9}{'failures':>10}", flush=True)
    rows = []
    for scene, root in with_places(options.scene, SCENES):
        rows.append(row(scene, root, way, options.every))
        _print(rows[-1])
    total = [sum(row[place] for row in rows) for place in (1, 2, 3)]
    summed = Row("all", *total, sum(row.seconds for row in rows), tuple(one for row in rows for one in row.failures))
    _print(summed)
    failures = [failure for row in rows for failure in row.failures]
    print(*failures[:FAILURES_SHOWN], sep="\n")
    if options.write:
        heads = ("command", "calls", "killed at", "too late", "failures")
        marked.write("battery kill", [heads, *(_cells(row) for row in (*rows, summed))])
    return 1 if failures else 0


def _print(row: Row) -> None:
    print(f"{row.scene:<34}{row.calls:>7,}{row.points - row.missed:>11,}{row.missed:>10,}{row.seconds:>9.0f}"
          f"{len(row.failures):>10}", flush=True)


def _cells(row: Row) -> list[str]:
    counts = row.calls, row.points - row.missed, row.missed, len(row.failures)
    return [row.scene, *(f"{count:,}" for count in counts)]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = parser_of("kill", __doc__, SCENES)
    parser.add_argument("--within", action="store_true")
    return parser.parse_args(arguments)
