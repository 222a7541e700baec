"""Timing: functions and whole programs, in turns, so that whatever else the machine does hits all alike.

A figure is the median of its turns. A program's time goes from fork to the end of its output, which is read through a pipe and
counted: some programs do less when they see that nobody reads.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

ROUNDS = 7
# What takes longer than this is asked once more and not seven times; and what takes very long, once.
SLOW_SECONDS = 1.0
VERY_SLOW_SECONDS = 3.0
# A short question is asked again within its turn: after other programs had the processor, its first time is not like the rest.
TURN_SECONDS = 0.05
ASKED_A_TURN_MAX = 50
CHUNK = 1 << 20


class Timed(NamedTuple):
    """`seconds` is the median of all turns, `answer` what the first call returned."""

    seconds: float
    low: float
    high: float
    answer: int


class Ran(NamedTuple):
    """A program that has ended. `peak_kib` is the largest resident size of it and of all that it waited for, `busy` how many
    seconds these computed."""

    seconds: float
    exit: int
    output: bytes
    peak_kib: int
    read_kib: int
    busy: float


def median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least *share* of all values do not exceed.

    >>> quantile(range(1, 101), 0.99), quantile([5.0], 0.99)
    (99, 5.0)
    """
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def interleaved(tasks: Mapping[str, Callable[[], int]], rounds: int = ROUNDS) -> dict[str, Timed]:
    """Each task in turn, A B A B; the first call of each warms up and gives the answer, and is not counted unless very slow."""
    answers, times = {}, {name: list[float]() for name in tasks}
    turns = {}
    for name, task in tasks.items():
        began = time.perf_counter()
        answers[name] = task()
        first = time.perf_counter() - began
        turns[name] = 0 if first > VERY_SLOW_SECONDS else 1 if first > SLOW_SECONDS else rounds
        times[name] += [] if turns[name] else [first]
    for turn in range(rounds):
        for name, task in tasks.items():
            if turn < turns[name]:
                times[name] += _turn(task)
    return {name: Timed(median(found), min(found), max(found), answers[name]) for name, found in times.items()}


def _turn(task: Callable[[], int]) -> list[float]:
    found: list[float] = []
    while not found or (sum(found) < TURN_SECONDS and len(found) < ASKED_A_TURN_MAX):
        began = time.perf_counter()
        task()
        found.append(time.perf_counter() - began)
    return found


def run(command: Sequence[str], env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ran:
    """Run a program to its end. Its errors are not shown: its exit code and its answers are compared."""
    given = _given(stdin)
    try:
        began = time.perf_counter()
        with subprocess.Popen(
            command, env=None if env is None else {**os.environ, **env}, stdin=given, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            output = b"".join(iter(lambda: os.read(process.stdout.fileno(), CHUNK), b""))  # type: ignore[union-attr]
            # Its own wait, because only that tells what this one process used.
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        os.close(given)
    busy = usage.ru_utime + usage.ru_stime
    return Ran(seconds, process.returncode, output, usage.ru_maxrss, usage.ru_inblock // 2, busy)


def lines(command: Sequence[str], env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Callable[[], int]:
    """A task that runs a program and counts its lines."""
    return lambda: run(command, env, stdin).output.count(b"\n")


def drop_from_cache(*places: str) -> None:
    """Have the content of these files, and of all files below these folders, read from the disk the next time.

    Names and inodes stay known: on a share they are asked for anew, and are no part of what is read.
    """
    os.sync()
    for place in places:
        if os.path.isdir(place):
            for folder, _, files in os.walk(place):
                for name in files:
                    _drop(os.path.join(folder, name))
        else:
            _drop(place)


def cold(command: Sequence[str], places: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[float, float]:
    """(KiB, seconds) of a program whose files in *places* are not in the page cache; its own code and libraries are.

    What the same program reads when all is in the cache is taken off.
    """
    found = []
    for _ in range(3):
        run(command, env)
        warm = run(command, env)
        drop_from_cache(*places)
        asked = run(command, env)
        found.append((asked.read_kib - warm.read_kib, asked.seconds))
    return median(kib for kib, _ in found), median(seconds for _, seconds in found)


def _drop(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _given(data: bytes) -> int:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return os.dup(file.fileno())
