"""python3 tools/dev.py lab battery [--minutes M] [--fs n3,n4,gluster] [--scenes NAME,...] [--write]

Plays every scene on every file system, one after the other, and prints a line for each. --write puts the lines into the
table of docs/reliability.md, in the place of those that say the same of an earlier time. Exits with 1 when anything was
wrong, lost, given twice or unsound.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
import time

from environment import PROJECT
from lab import parts
from lab.battery.judge import SHOWN_MAX, Verdict
from lab.battery.nfs import Nfs
from lab.battery.scenes import SCENES
from lab.battery.stage import Lab, Stage
from lab.gluster import Gluster
from lab.guest import Lost
from lab.place import ENVIRONMENT, folder

NAMES = {"n3": "NFSv3", "n4": "NFSv4.2", "gluster": "GlusterFS"}
DEVICES = {"n3": parts.TUN, "n4": parts.TUN, "gluster": parts.FUSE}
HEADS = ("on", "what happened", "publishes", "redone", "answers", "wrong", "lost", "twice", "unsound",
         "refused though done", "stale: median", "worst", "publish: worst", "answer: worst")
PAGE = os.path.join(PROJECT, "docs", "reliability.md")
BEGIN, END = "<!-- lab battery: begin -->", "<!-- lab battery: end -->"


def main(arguments: list[str]) -> int:
    wanted = _parsed(arguments)
    for kind in wanted.fs.split(","):
        if reason := parts.reason_against(DEVICES[kind]):
            print(f"no {NAMES[kind]} here: {reason}", file=sys.stderr)
            return 3
    # Ended from outside, it still takes its guests with it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with open(folder("battery.lock"), "a+b") as busy:
        try:
            fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another battery is running in {folder()}: wait for it, or set {ENVIRONMENT}", file=sys.stderr)
            return 4
        return _all_played(wanted)


def _all_played(wanted: argparse.Namespace) -> int:
    kinds = wanted.fs.split(",")
    scenes = wanted.scenes.split(",") if wanted.scenes else list(SCENES)
    seconds = wanted.minutes * 60 / (len(kinds) * len(scenes))
    rows, sound = [], True
    for kind in kinds:
        lab = _lab(kind)
        lab.up()
        try:
            for scene in scenes:
                if SCENES[scene].sets_clocks and not lab.clocks:
                    print(f"{kind} {scene}: left out, for the clock of these hosts is this machine's", file=sys.stderr)
                    continue
                verdict = _played(lab, kind, scene, seconds)
                sound = sound and verdict is not None and verdict.sound
                rows.append(_row(kind, scene, verdict))
                print(f"| {' | '.join(rows[-1])} |", flush=True)
        finally:
            lab.down()
    print(_table(rows))
    if wanted.write:
        _write(rows)
    return 0 if sound else 1


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py lab battery", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--fs", default="n3,n4")
    parser.add_argument("--scenes", default="")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args(arguments)


def _lab(kind: str) -> Nfs | Gluster:
    return Gluster() if kind == "gluster" else Nfs(kind)


def _played(lab: Lab, kind: str, scene: str, seconds: float) -> Verdict | None:
    """The verdict of one scene; none when the lab itself broke, which is said."""
    began = time.monotonic()
    try:
        stage = Stage(lab, kind, f"{scene}{int(time.time())}", SCENES[scene].partition)
        SCENES[scene].play(stage, seconds)
        verdict = stage.verdict()
    except Lost as lost:
        print(f"{kind} {scene}: {lost}", file=sys.stderr)
        return None
    with open(folder("verdicts.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "scene": scene, **verdict._asdict()}) + "\n")
    for what in ("wrong", "lost", "twice", "faults"):
        for line in getattr(verdict, what)[:SHOWN_MAX]:
            print(f"{kind} {scene}: {what}: {line}", file=sys.stderr)
    print(f"{kind} {scene}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return verdict


def _row(kind: str, scene: str, verdict: Verdict | None) -> list[str]:
    story = SCENES[scene].story
    if verdict is None:
        return [NAMES[kind], story, *["broken"] * (len(HEADS) - 2)]
    refused = ", ".join(f"{call} {count}" for call, count in sorted(verdict.refused.items())) or "-"
    times = ["-"] * 4
    if verdict.publishes:
        times = [f"{seconds:.2f} s" for seconds in (
            verdict.stale_median, verdict.stale_worst, verdict.publish_worst, verdict.look_worst)]
    return [NAMES[kind], story, f"{verdict.publishes:,}", f"{verdict.conflicts:,}", f"{verdict.looks:,}",
            str(len(verdict.wrong)), str(len(verdict.lost)), str(len(verdict.twice)), str(len(verdict.faults)), refused, *times]


def _table(rows: list[list[str]]) -> str:
    lines = [HEADS, ["---"] * len(HEADS), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _write(rows: list[list[str]]) -> None:
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(with_rows(page, rows))


def with_rows(page: str, rows: list[list[str]]) -> str:
    """*page* with *rows* in its table, in the place of those that are of the same file system and the same scene."""
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    known = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    found = {tuple(row[:2]): row for row in (*known, *rows)}
    order = [(name, scene.story) for name in NAMES.values() for scene in SCENES.values()]
    return f"{before}{BEGIN}\n\n{_table([found[key] for key in order if key in found])}\n\n{END}{after}"
