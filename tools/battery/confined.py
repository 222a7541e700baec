"""Everything hostile in one spool, packed under strace: nothing but the index and the spool is opened, whatever asks for it."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from typing import NamedTuple

from battery import hostile, opened
from battery.bombs import QUICK, SUBMISSIONS, tame
from battery.ground import Ground
from battery.intruders import Intruders
from fuzz import seeds
from fuzz.changing import drawn

HEADS = ("submissions", "ended with", "calls", "files and directories", "outside")
MARK = "battery hostile, opened"
CHANGED = 20


class Row(NamedTuple):
    submissions: int
    code: int
    calls: int
    paths: int
    faults: tuple[str, ...]

    def cells(self) -> list[str]:
        return [*(f"{number:,}" for number in self[:-1]), str(len(self.faults))]


def packed(folder: str) -> Row:
    ground = Ground(f"{folder}/ground")
    hostile.run(["init", ground.repo], hostile.environment_of(ground))
    intruders = Intruders(ground, folder)
    count = sum(getattr(intruders, kind)() for kind in Intruders.KINDS) + _dropped(ground)
    with intruders.swapping("links_in_place_of_files"):
        ended, found = watched(ground, ["pack"])
    faults = [*hostile.unbounded(ended), *intruders.faults(), *opened.outside(found, own(ground))]
    return Row(count, ended.code, len(found), len({touched.path for touched in found}), tuple(faults))


def _dropped(ground: Ground) -> int:
    """A sound one, the examples of each source, each changed some times, and what asks for more than it is."""
    ground.drop(tame(), "tame.jsonl")
    given = [(bomb.filename, bomb.make()) for bomb in SUBMISSIONS if bomb.name in QUICK]
    dice = random.Random(1)
    for filename, examples in zip(seeds.FILENAMES, seeds.SUBMISSIONS, strict=True):
        given += [(filename, data) for data in (*examples, *(drawn(examples, dice) for _ in range(CHANGED)))]
    for number, (filename, data) in enumerate(given, 2):
        ground.drop(data, f"{filename}@copy-{number}")
    return 1 + len(given)


def watched(ground: Ground, words: Sequence[str]) -> tuple[hostile.Ended, list[opened.Touched]]:
    """The command *words*, and every path that it or a child of it named to the system."""
    log, scratch = f"{ground.root}/calls", f"{ground.here}/scratch"
    os.makedirs(scratch)
    command = ["strace", *opened.OPTIONS, log, sys.executable, "-m", "pkgindex.cli.main", *words]
    ended = hostile.measured(command, {**hostile.environment_of(ground), "TMPDIR": scratch})
    with open(log, encoding="utf-8", errors="replace") as file:
        return ended, list(opened.touched(file, os.getcwd()))


def own(ground: Ground) -> tuple[str, ...]:
    return tuple(f"{ground.here}/{name}" for name in ("index", "spool", "cache", "scratch"))
