"""Each reading command refused by the disk at every call that it makes to the index: `dev.py battery reads`.

    --scene NAME     only this one; may be given again
    --error NAME     only this one; may be given again
    --every N        every N-th call (1)
    --within         by taps inside the process
    --write          put the sums, by command and by error, into docs/reliability.md

One call answers with the error. The command must give the answer that it gives when nobody disturbs it, with the same exit
code, or say what is wrong: the place and what to do, no traceback, an exit code of its own that is not that of "nothing
found". Nothing may be written. Prints a row a command and error; exit code 1 when anything else was seen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from battery import strace, taps
from battery.errors import ERRORS, Row, mark, meets, options, require_clean, table
from battery.ground import Ground
from battery.scenes import READING, Scene, with_places
from battery.strace import Point
from battery.trial import Ended, prepare, run

NOTHING_FOUND = 1
# How long it took is no part of the answer.
_seconds = re.compile(r"\d+\.\d+ s\b")


def rows(scene: Scene, root: str, errors: Iterable[str], way: object = strace, every: int = 1) -> Iterable[Row]:
    ground = Ground(root, scene.repo)
    prepare(ground, scene)
    ground.restart()
    wanted = run(ground, scene.words)
    assert wanted.code == scene.code and wanted.answered, wanted
    ground.restart()
    points, _ = way.points(ground, scene.words, scene.environment)  # type: ignore[attr-defined]
    for error in errors:
        chosen = [point for point in points if meets(error, point)][::every]
        if chosen:
            yield _row(ground, scene, way, error, chosen, wanted)


def _row(ground: Ground, scene: Scene, way: object, error: str, points: list[Point], wanted: Ended) -> Row:
    began, before = time.monotonic(), ground.fingerprint()
    answered = 0
    faults = []
    for point in points:
        ground.restart()
        try:
            ended = way.refused(ground, scene.words, scene.environment, point, error)  # type: ignore[attr-defined]
            answered += _is_answered(ground, scene, point, error, ended, wanted)
            assert ground.fingerprint() == before, "it has written"
        except AssertionError as fault:
            faults.append(f"{scene.name}, {error} at {point}: {fault}")
    clean = len(points) - answered - len(faults)
    return Row(scene.name, error, len(points), clean, answered, time.monotonic() - began, tuple(faults))


def _is_answered(ground: Ground, scene: Scene, point: Point, error: str, ended: Ended, wanted: Ended) -> bool:
    """Whether it gave the whole answer; a clean failure otherwise."""
    # `verify` answers with what is wrong.
    require_clean(ground, scene, point, error, ended._replace(said=ended.said or ended.answered))
    if ended.code == wanted.code:
        assert _seconds.sub("", ended.answered) == _seconds.sub("", wanted.answered), f"it answered {ended.answered!r}"
        return True
    assert ended.code != NOTHING_FOUND, f"it found nothing, and said: {ended.said!r}"
    return False


def main(arguments: list[str]) -> int:
    chosen = options("reads", __doc__, READING, arguments)
    way = taps if chosen.within or strace.reason_against() else strace

    def found() -> Iterable[Row]:
        for scene, root in with_places(chosen.scene, READING):
            yield from rows(scene, root, chosen.error or ERRORS, way, chosen.every)

    return table(found(), "answered", mark("reads", way) if chosen.write else "")
