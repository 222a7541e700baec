"""Faults put into system calls from outside, by strace: no call escapes it, whoever makes it (SQLite, Python itself).

The counter of `when=` is each thread's own; the calls of a run are counted by a run that is only looked at, and those
that concern neither the index nor the spool are left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from battery.ground import Ground
from battery.trial import Ended, Started

MISSING = "strace is not here (apt-get install strace)"
TRACED = "%file,%desc"
# Calls after which something on the disk may be different; a command ended before any other leaves what it leaves before
# the next of these.
CHANGING = frozenset((
    "write", "pwrite64", "writev", "pwritev", "link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "mkdir", "mkdirat", "rmdir", "utimensat", "fsync", "fdatasync", "syncfs", "ftruncate", "truncate", "fallocate",
    "copy_file_range", "sendfile", "symlink", "symlinkat",
))
_line = re.compile(r"(\d+) +([a-z0-9_]+)\((.*)")


class Point(NamedTuple):
    """The call number *place* (from 1) of those called *call*, within its thread."""

    call: str
    place: int
    changes: bool = False

    def __str__(self) -> str:
        return f"{self.call} {self.place}"


def reason_against() -> str:
    return "" if shutil.which("strace") else MISSING


def traced(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], *options: str) -> Ended:
    """Run *words* with strace attached before its first call."""
    started = Started(ground, words, environment)
    log = f"{ground.root}/calls"
    tracer = subprocess.Popen(["strace", "-f", "-o", log, *options, "-p", str(started.pid)], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    assert "attached" in said, f"strace: {said}{tracer.stderr.read() if not said else ''}"
    started.go()
    try:
        return started.wait()
    finally:
        tracer.stderr.read()
        tracer.wait()
        tracer.stderr.close()


def points(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[list[Point], Ended]:
    """Every call of the command that concerns its files, in order, and how it ends when it is left alone."""
    ended = traced(ground, words, environment, "-y", "-e", f"trace={TRACED}")
    with open(f"{ground.root}/calls", encoding="utf-8", errors="replace") as file:
        return counted(file, ground.here), ended


def counted(lines: object, here: str) -> list[Point]:
    """The points of a log of strace's.

    >>> counted(['7 close(1) = 0', '7 close(3</h/a>) = 0', '8 fsync(4</h/a>) = 0', '7 exited'], '/h')
    [Point(call='close', place=2, changes=False), Point(call='fsync', place=1, changes=True)]
    """
    calls: Counter[tuple[str, str]] = Counter()
    found: dict[Point, None] = {}
    for line in lines:  # type: ignore[attr-defined]
        match = _line.match(line)
        if match is None:
            continue
        thread, call, rest = match.groups()
        calls[thread, call] += 1
        if f"{here}/" in rest:
            changes = call in CHANGING or (call in ("open", "openat") and "O_CREAT" in rest)
            found[Point(call, calls[thread, call], changes)] = None
    return list(found)


def killed(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], point: Point) -> Ended:
    return _injected(ground, words, environment, point, "signal=KILL")


def refused(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], point: Point, error: str) -> Ended:
    """The call answers *error*, and has done nothing."""
    return _injected(ground, words, environment, point, f"error={error}")


def _injected(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], point: Point, what: str) -> Ended:
    options = ("-e", f"trace={point.call}", "-e", f"inject={point.call}:{what}:when={point.place}")
    return traced(ground, words, environment, *options)
