"""Each writing command on a disk that is really full: `dev.py battery full`.

    --scene NAME     only this one; may be given again
    --every N        every N-th size (1)
    --write          put the sums into docs/reliability.md

A tmpfs is mounted where the index and the spool are, and before each trial made as large as what lies there, and so many pages
or files more: none, one, two, until the command succeeds several times in a row. Before that it must fail as at a refused call
(see `errors`): an exit code of its own, the place and what to do, nothing unfinished. Then the disk is made larger, and the
same command goes on. Needs Linux and who may mount.
"""

from __future__ import annotations

import mmap
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from battery.errors import Row, require_clean, table
from battery.ground import Ground
from battery.judging import Judge
from battery.scenes import SCENES, Scene, parser_of, with_places
from battery.strace import Point
from battery.trial import Ended, run

AMPLE = "size=256m,nr_inodes=100k"
# It may succeed by chance (a note that is not kept), and fail with a page more.
SUCCESSES = 4
# A pack of a few packages needs some hundred pages.
SIZES_MAX = 4096
BYTES, FILES = "no bytes left", "no files left"
_remedy = re.compile("make room|free some")


def reason_against() -> str:
    """Why no small disk can be mounted here, or nothing."""
    if platform.system() != "Linux":
        return "a small disk needs Linux"
    with tempfile.TemporaryDirectory() as place:
        try:
            with mounted(place):
                return ""
        except (OSError, AssertionError) as error:
            return f"a small disk cannot be mounted here: {error}"


@contextmanager
def mounted(place: str) -> Iterator[Callable[[str], None]]:
    """A tmpfs at *place*; gives what changes its size."""

    def mount(*words: str) -> None:
        ran = subprocess.run(["mount", "-t", "tmpfs", *words, "tmpfs", place], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"mount {' '.join(words)}: {ran.stderr.strip().partition(chr(10))[0]}"

    mount("-o", AMPLE)
    try:
        yield lambda options: mount("-o", f"remount,{options}")
    finally:
        subprocess.run(["umount", place], check=True)


def rows(scene: Scene, root: str, every: int = 1) -> Iterable[Row]:
    ground = Ground(root, scene.repo)
    with mounted(ground.here) as resize:
        judge = Judge(ground, scene)
        for limit in (BYTES, FILES):
            yield _row(judge, ground, scene, resize, limit, every)


def _row(judge: Judge, ground: Ground, scene: Scene, resize: Callable[[str], None], limit: str, every: int) -> Row:
    began = time.monotonic()
    tried = clean = succeeded = in_a_row = 0
    faults = []
    for spare in range(0, SIZES_MAX, every):
        ground.restore()
        resize(_just(ground.here, limit, spare))
        tried += 1
        try:
            ended = _run(ground, scene, resize)
            in_a_row = in_a_row + 1 if ended.code == scene.code else 0
            require_clean(ground, scene, Point("write", spare, True), "ENOSPC", ended)
            assert ended.code == scene.code or _remedy.search(ended.said), f"it does not say to make room: {ended.said!r}"
            judge.judge(ended)
        except Exception as fault:  # noqa: BLE001 - the battery goes on, and tells
            faults.append(f"{scene.name}, {limit} but {spare}: {type(fault).__name__}: {fault}")
        else:
            succeeded += ended.code == scene.code
            clean += ended.code != scene.code
        if in_a_row == SUCCESSES:
            break
    else:
        faults.append(f"{scene.name} does not succeed with {SIZES_MAX} to spare")
    return Row(scene.name, limit, tried, clean, succeeded, time.monotonic() - began, tuple(faults))


def _run(ground: Ground, scene: Scene, resize: Callable[[str], None]) -> Ended:
    """The command, on the disk as it is; whoever goes on then has room."""
    try:
        return run(ground, scene.words, scene.environment)
    finally:
        resize(AMPLE)


def _just(place: str, limit: str, spare: int) -> str:
    """The options with which a disk holds what it holds, and *spare* pages or files more."""
    now = os.statvfs(place)
    if limit == BYTES:
        # None at all would mean that there is no limit.
        return f"size={(now.f_blocks - now.f_bfree + spare) * mmap.PAGESIZE or mmap.PAGESIZE}"
    return f"nr_inodes={now.f_files - now.f_ffree + spare}"


def main(arguments: list[str]) -> int:
    chosen = parser_of("full", __doc__, SCENES).parse_args(arguments)
    if reason := reason_against():
        print(f"nothing was tried: {reason}")
        return 3

    def found() -> Iterable[Row]:
        for scene, root in with_places(chosen.scene, SCENES):
            yield from rows(scene, root, chosen.every)

    return table(found(), "had enough", "battery full" if chosen.write else "", "sizes tried")
