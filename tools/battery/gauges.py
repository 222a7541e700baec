"""What a long run takes: memory and open files of its processes, bytes on its disk, looked at again and again."""

from __future__ import annotations

import os
import statistics
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

LOOK_SECONDS = 1.0
# What comes before has not been everywhere yet: modules are imported, caches filled.
WARM_SHARE = 0.25
GROWTH_MAX = {"memory": 1.05, "files": 1.25, "disk": 1.25}
# Below this much nothing is called growth: so many bytes, so many open files.
SLACK = {"memory": 3 << 20, "files": 24, "disk": 8 << 20}
# Whoever was looked at less often is never warm: in a short run nearly all memory is what is imported in its course.
WARM_LOOKS = 600
SLACK_OF_SHORT_RUNS = {**SLACK, "memory": 32 << 20}


class Gauge(NamedTuple):
    """Of one thing (*what* of *whose*): when it was warm, at the end, and the most that it ever was, in so many looks."""

    whose: str
    what: str
    warm: int
    last: int
    peak: int
    looks: int

    @property
    def is_flat(self) -> bool:
        """Whether the end is as the beginning was."""
        slack = SLACK if self.looks >= WARM_LOOKS else SLACK_OF_SHORT_RUNS
        return self.last <= self.warm * GROWTH_MAX[self.what] + slack[self.what]


def gauge(whose: str, what: str, values: list[int]) -> Gauge:
    """Of what was looked at in order. The end is the middle one of the last values, for a moment proves nothing."""
    warm = max(1, int(len(values) * WARM_SHARE))
    early, late = values[warm : 2 * warm] or values, values[-warm:]
    return Gauge(whose, what, int(statistics.median(early)), int(statistics.median(late)), max(values), len(values))


class Gauges:
    """Looks at processes, by name, and at directories, until it is closed."""

    def __init__(self, processes: Callable[[], dict[str, int]], directories: Iterable[str]) -> None:
        self._processes, self._directories = processes, tuple(directories)
        self._seen: dict[tuple[str, str], list[int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> list[Gauge]:
        self._over.set()
        self._thread.join()
        return [gauge(*key, values) for key, values in self._seen.items()]

    def _run(self) -> None:
        while True:
            for name, process in self._processes().items():
                try:
                    self._note(name, "memory", memory_bytes(process))
                    self._note(name, "files", len(os.listdir(f"/proc/{process}/fd")))
                except OSError:
                    continue
            self._note("index and spool", "disk", sum(map(size_of, self._directories)))
            if self._over.wait(LOOK_SECONDS):
                return

    def _note(self, whose: str, what: str, value: int) -> None:
        self._seen.setdefault((whose, what), []).append(value)


def memory_bytes(process: int) -> int:
    """What of it is in memory."""
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def size_of(directory: str) -> int:
    """Bytes of all files below it, as long as they are there."""
    size = 0
    for top, _, names in os.walk(directory):
        for name in names:
            try:
                size += os.lstat(os.path.join(top, name)).st_size
            except FileNotFoundError:
                continue
    return size
