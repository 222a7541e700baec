"""Each writing command refused by the disk at every call that it makes to its files: `dev.py battery errors`.

    --scene NAME     only this one; may be given again
    --error NAME     only this one; may be given again
    --every N        every N-th call (1)
    --within         by taps inside the process, which alone can make a write short (SHORT), and see less
    --write          put the sums, by command and by error, into docs/reliability.md

One call answers with the error and has done nothing. The command must fail cleanly (an exit code of its own, lines that name
the place and say what to do, no traceback, nothing unfinished left behind) or succeed because the call did not matter; the
old generation or the new one is there, and the same command again works. Prints a row a command and error; exit code 1 when
anything else was seen.
"""

from __future__ import annotations

import argparse
import errno
import os
import time
from collections.abc import Iterable
from typing import NamedTuple

import marked
from battery import strace, taps
from battery.ground import Ground
from battery.judging import Judge
from battery.scenes import SCENES, Scene, parser_of, with_places
from battery.strace import Point
from battery.trial import Ended

OPENING = frozenset(("open", "openat"))
NAMING = OPENING | {"link", "linkat", "rename", "renameat", "renameat2", "replace", "unlink", "unlinkat", "remove", "mkdir",
                    "mkdirat", "rmdir", "stat", "lstat", "newfstatat", "access"}
FLUSHING = frozenset(("fsync", "fdatasync", "syncfs"))
# What takes things away: refused there, or at a look that it needs, what it was to take away stays, and `gc` finds it.
REMOVING = frozenset(("unlink", "unlinkat", "remove", "rmdir"))
EXIT_CODES = frozenset((1, 2, 3, 4, 5))
FAILURES_SHOWN = 20


def meets(error: str, point: Point) -> bool:
    """Whether a disk may answer *error* to the call."""
    if error in ("ENOSPC", "EDQUOT", "EROFS"):
        return point.changes and point.call not in REMOVING | {"utimensat", "utime"}
    if error == "EMFILE":
        return point.call in OPENING
    if error == "ENOENT":
        return point.call in NAMING
    if error == "SHORT":
        return point.call == "write"
    if error == "EINTR":
        return point.call in OPENING | FLUSHING | {"read", "write"}
    return True


ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ESTALE", "ENOENT", "EINTR", "SHORT")


class Row(NamedTuple):
    scene: str
    error: str
    points: int
    clean: int
    succeeded: int
    seconds: float
    faults: tuple[str, ...]


def rows(scene: Scene, root: str, errors: Iterable[str], way: object = strace, every: int = 1) -> Iterable[Row]:
    ground = Ground(root, scene.repo)
    judge = Judge(ground, scene)
    points, _ = way.points(ground, scene.words, scene.environment)  # type: ignore[attr-defined]
    for error in errors:
        chosen = [point for point in points if meets(error, point)][::every]
        if chosen and (error != "SHORT" or way is taps):
            yield _row(judge, ground, scene, way, error, chosen)


def _row(judge: Judge, ground: Ground, scene: Scene, way: object, error: str, points: list[Point]) -> Row:
    began = time.monotonic()
    clean = succeeded = 0
    faults = []
    for point in points:
        ground.restore()
        try:
            ended = way.refused(ground, scene.words, scene.environment, point, error)  # type: ignore[attr-defined]
            require_clean(ground, scene, point, error, ended)
            judge.judge(ended)
        except Exception as fault:  # noqa: BLE001 - the battery goes on, and tells
            faults.append(f"{scene.name}, {error} at {point}: {type(fault).__name__}: {fault}")
            continue
        succeeded += ended.code == scene.code
        clean += ended.code != scene.code
    return Row(scene.name, error, len(points), clean, succeeded, time.monotonic() - began, tuple(faults))


def require_clean(ground: Ground, scene: Scene, point: Point, error: str, ended: Ended) -> None:
    """That a failure is told as one, and leaves nothing behind; *error* empty: whatever the disk said."""
    assert "Traceback" not in ended.said, ended.said
    assert ended.code == scene.code or ended.code in EXIT_CODES, f"exit code {ended.code}"
    if ended.code != scene.code:
        said = ended.said.strip().rpartition("\n")[2]
        assert ground.here in said or ground.repo in said, f"it does not say where: {ended.said!r}"
        system = os.strerror(getattr(errno, error)) if hasattr(errno, error) else ""
        assert not system or not said.endswith(system), f"it does not say what to do: {said!r}"
    if point.changes and point.call not in REMOVING:
        left = [path for path in ground.left_behind() if not path.endswith("/heartbeat")]
        assert not left, f"left behind: {left}"


def main(arguments: list[str]) -> int:
    chosen = options("errors", __doc__, SCENES, arguments)
    way = taps if chosen.within or strace.reason_against() else strace
    if way is taps and not chosen.within:
        print(f"{strace.MISSING}: calls are refused within the process, where those of SQLite are not seen")

    def found() -> Iterable[Row]:
        for scene, root in with_places(chosen.scene, SCENES):
            yield from rows(scene, root, chosen.error or ERRORS, way, chosen.every)

    return table(found(), "did not matter", mark("errors", way) if chosen.write else "")


def mark(word: str, way: object) -> str:
    """The place of the page for what was met this way."""
    return f"battery {word}{' --within' if way is taps else ''}"


def table(rows: Iterable[Row], succeeded: str, place: str = "", tried: str = "calls refused") -> int:
    """Print *rows* as they come, their sum, and the faults; write the sums to *place* of the page. Gives the exit code."""
    print(f"{'command':<34}{'error':<14}{tried:>14}{'clean failures':>16}"
          f"{succeeded:>16}{'seconds':>9}{'faults':>8}", flush=True)
    found = []
    for row in rows:
        found.append(row)
        _print(row)
    total = summed("all", found)
    _print(total)
    print(*total.faults[:FAILURES_SHOWN], sep="\n")
    if place:
        sums = [summed(name, [row for row in found if name in (row.scene, row.error)])
                for name in dict.fromkeys([*(row.scene for row in found), *(row.error for row in found)])]
        heads = ("command, or error", tried, "clean failures", succeeded, "faults")
        marked.write(place, [heads, *(_cells(row) for row in (*sums, total))])
    return 1 if total.faults else 0


def summed(name: str, rows: list[Row]) -> Row:
    return Row(name, "", sum(row.points for row in rows), sum(row.clean for row in rows), sum(row.succeeded for row in rows),
               sum(row.seconds for row in rows), tuple(fault for row in rows for fault in row.faults))


def _cells(row: Row) -> list[str]:
    return [row.scene, *(f"{count:,}" for count in (row.points, row.clean, row.succeeded, len(row.faults)))]


def _print(row: Row) -> None:
    print(f"{row.scene:<34}{row.error:<14}{row.points:>14,}{row.clean:>16,}{row.succeeded:>16,}{row.seconds:>9.0f}"
          f"{len(row.faults):>8}", flush=True)


def options(word: str, description: str | None, scenes: Iterable[Scene], arguments: list[str]) -> argparse.Namespace:
    parser = parser_of(word, description, scenes)
    parser.add_argument("--error", action="append", choices=ERRORS)
    parser.add_argument("--within", action="store_true")
    return parser.parse_args(arguments)
