"""The power is cut at every change that is made to the disk: `dev.py battery powercut`.

    --story NAME     only this one; may be given again
    --kind KIND      only on a `share`, or a `disk` (see battery/fusing.py)
    --every N        every N-th change (1); 0: only when something was acknowledged
    --draws N        what is left to chance is drawn N times a cut (1)
    --stop           end at the first failure, and print it as JSON
    --without WORD   take each flush that has WORD in its name (all: each) out of a copy of the project: it must be missed
    --write          put the table into docs/reliability.md

Real processes write on a file system in user space that keeps what is flushed apart from what is not, and records every
change. For each change a disk is laid out as a cut before it may leave it, in several ways (see battery/volatile.py),
and judged. Prints a row a story, and each failure; exit code 1 then, and 3 where there can be no such file system.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple, Protocol

import marked
from battery import fusing
from battery.ground import Ground
from battery.stories import STORIES, Story, Teller
from battery.trees import Trees
from battery.volatile import CUTS, DRAWN, Change, Disk, Left, fingerprint, lay_out

KINDS = fusing.DISK, fusing.SHARE
FAILURES_SHOWN = 20
# More than the changes of any story: no two cuts draw alike.
DRAWS_APART = 1_000_003
HEADS = ("what was done", "on", "changes", "cut at", "states", "different", "failures")


class Told(Protocol):
    """How a story is told, and how what a cut left of it is judged: by what was acknowledged."""

    def tell(self) -> None: ...
    def judge(self, marks: Sequence[str]) -> None: ...


def _commands(story: Story) -> Callable[[str], tuple[Ground, Told]]:
    def told(root: str) -> tuple[Ground, Told]:
        ground = Ground(root, story.scene.repo)
        return ground, Teller(ground, story)

    return told


def _trees(in_memory: bool) -> Callable[[str], tuple[Ground, Told]]:
    def told(root: str) -> tuple[Ground, Told]:
        ground = Ground(root)
        return ground, Trees(ground, in_memory)

    return told


TOLD = {
    **{story.name: _commands(story) for story in STORIES},
    "two tree servers, a client each": _trees(in_memory=False),
    "a tree server in memory, two clients": _trees(in_memory=True),
}


class Failure(NamedTuple):
    """*what* did not hold after a cut *before* a change, of which *kept* was kept."""

    story: str
    kind: str
    before: str
    kept: str
    what: str

    def __str__(self) -> str:
        return f"{self.story}, on a {self.kind}, cut before {self.before}, {self.kept} kept: {self.what}"


class Row(NamedTuple):
    """*cuts* of the *changes* were tried; of the *states* that were left so many were *different*, and judged."""

    story: str
    kind: str
    changes: int
    cuts: int
    states: int
    different: int
    seconds: float
    failures: tuple[Failure, ...]


class Found(NamedTuple):
    """What a cut before the change number *place* left, and what was acknowledged by then."""

    place: int
    how: str
    marks: tuple[str, ...]
    left: Left


def row(story: str, kind: str, root: str, every: int = 1, failures_max: int = sys.maxsize, draws: int = 1) -> Row:
    began = time.monotonic()
    ground, teller = TOLD[story](root)
    record = recorded(ground, kind, teller)
    changes = [change for change in record if change[0] != "mark"]
    seen: set[tuple[str, int]] = set()
    states, cuts, failures = 0, set(), []
    for found in states_left(Disk(ground.here), record, every, draws):
        states += 1
        cuts.add(found.place)
        key = fingerprint(found.left), len(found.marks)
        if key in seen:
            continue
        seen.add(key)
        if failure := _failure(ground, teller, found):
            failures.append(Failure(story, kind, _told(record, found.place), found.how, failure))
            if len(failures) == failures_max:
                break
    ground.restore()
    return Row(story, kind, len(changes), len(cuts), states, len(seen), time.monotonic() - began, tuple(failures))


def recorded(ground: Ground, kind: str, teller: Told) -> list[Change]:
    """All changes that are made while the story is told."""
    path = f"{ground.root}/record"
    with fusing.mounted(ground.here, kind, path):
        teller.tell()
        fusing.mark(ground.here, END)
    with open(path, "rb") as file:
        record: list[Change] = pickle.load(file)
    return record[:next(place for place, change in enumerate(record) if change[2:] == (END,))]


END = "the end"


def states_left(disk: Disk, record: list[Change], every: int, draws: int) -> Iterator[Found]:
    """What each cut may leave; those right after an acknowledgement always. Where chance decides it does so *draws* times."""
    marks: list[str] = []
    for place, change in enumerate([*record, None]):
        if (every and place % every == 0) or (place and record[place - 1][0] == "mark"):
            for how, cut in CUTS.items():
                for draw in range(draws if how == DRAWN else 1):
                    yield Found(place, how, tuple(marks), cut(disk, random.Random(place + draw * DRAWS_APART)))
        if change is not None:
            disk.play(change)
            if change[0] == "mark":
                marks.append(change[2])


def _failure(ground: Ground, teller: Told, found: Found) -> str:
    ground.clear()
    lay_out(found.left, ground.here)
    try:
        teller.judge(found.marks)
    except Exception as failure:  # noqa: BLE001 - the battery goes on, and tells
        return f"{type(failure).__name__}: {failure}"
    return ""


def _told(record: list[Change], place: int) -> str:
    """The change number *place*, as a person can find it."""
    if place == len(record):
        return "the end"
    verb, _, *arguments = record[place]
    return f"change {place}, {verb} {' '.join(repr(argument)[:60] for argument in arguments)}"


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    if options.without:
        from battery import unflushed

        return unflushed.tried([word for word in options.without if word != "all"], options.write)
    kinds = [kind for kind in options.kind or KINDS if not _is_missing(kind)]
    if not kinds:
        return 3
    print(f"{'what was done':<40}{'on':<7}{'changes':>8}{'cut at':>8}{'states':>8}{'different':>11}{'seconds':>9}"
          f"{'failures':>10}", flush=True)
    rows = []
    for story, kind in product(options.story or TOLD, kinds):
        with tempfile.TemporaryDirectory(prefix="pkgindex-powercut-") as folder:
            rows.append(row(story, kind, os.path.join(folder, "ground"), options.every, 1 if options.stop else sys.maxsize,
                            options.draws))
        _print(rows[-1])
        if options.write:
            _write(rows[-1:])
        if options.stop and rows[-1].failures:
            print(json.dumps(rows[-1].failures[0]))
            break
    return 1 if any(row.failures for row in rows) else 0


def _is_missing(kind: str) -> bool:
    if reason := fusing.reason_against(kind):
        print(f"no {kind} here: {reason}", file=sys.stderr)
    return bool(reason)


def _print(row: Row) -> None:
    print(f"{row.story:<40}{row.kind:<7}{row.changes:>8,}{row.cuts:>8,}{row.states:>8,}{row.different:>11,}{row.seconds:>9.0f}"
          f"{len(row.failures):>10}", flush=True)
    print(*row.failures[:FAILURES_SHOWN], sep="\n", end="\n" if row.failures else "")


def _write(rows: list[Row]) -> None:
    """Rows of stories that were not told this time stay."""
    known = {(cells[0], cells[1]): cells for cells in marked.read("battery powercut")}
    for row in rows:
        counts = (f"{count:,}" for count in (row.changes, row.cuts, row.states, row.different, len(row.failures)))
        known[row.story, row.kind] = [row.story, row.kind, *counts]
    order = [(story, kind) for story in TOLD for kind in KINDS]
    marked.write("battery powercut", [HEADS, *(known[key] for key in order if key in known)])


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py battery powercut", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--story", action="append", choices=TOLD)
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--without", action="append", metavar="WORD")
    for option in ("--stop", "--write"):
        parser.add_argument(option, action="store_true")
    return parser.parse_args(arguments)
