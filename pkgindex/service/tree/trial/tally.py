"""What a phase of a trial came to."""

from __future__ import annotations

from time import perf_counter, process_time
from typing import NamedTuple

WRONG_SHOWN_MAX = 20


class Phase(NamedTuple):
    """One phase: how much was asked and how fast it was answered; `error` counts the answers to malformed lines too.

    `busy` is the share of the time that asking and judging took of a processor: near 1 it is not the server that was tried.
    """

    phase: str
    passes: int
    requests: int
    seconds: float
    requests_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    ok: int
    fail: int
    error: int
    wrong: int
    busy: float


class Tally:
    """Collects answers while a phase lasts, which begins now."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._seconds: list[float] = []
        self._answers = {"OK": 0, "FAIL": 0, "ERROR": 0}
        self._began, self._worked = perf_counter(), process_time()

    def count(self, line: bytes, answer: str, seconds: float, right: bool) -> None:
        """*line* was answered after so many *seconds*."""
        self._seconds.append(seconds)
        self._answers[answer] += 1
        if not right:
            self.mistake(line, answer)

    def count_many(self, ok: int, fail: int, seconds: float) -> None:
        """Lines that were sent together had all been answered after so many *seconds*."""
        self._seconds.append(seconds)
        self._answers["OK"] += ok
        self._answers["FAIL"] += fail

    def mistake(self, line: bytes, answer: str) -> None:
        """*answer* to *line* was wrong."""
        self.wrong.append(f"{line[:200].decode('ascii', 'backslashreplace').strip()}: {answer}")

    def phase(self, name: str, passes: int) -> Phase:
        """All of it, at the end of the phase."""
        took, worked = perf_counter() - self._began, process_time() - self._worked
        times, count = sorted(self._seconds), sum(self._answers.values())
        ok, fail, error = (self._answers[word] for word in ("OK", "FAIL", "ERROR"))
        p50, p99 = _at(times, 0.5), _at(times, 0.99)
        return Phase(name, passes, count, round(took, 3), round(count / took, 1), p50, p99, ok, fail, error, len(self.wrong),
                     round(worked / took, 2))


def _at(times: list[float], share: float) -> float:
    """Milliseconds that this share of the requests took at most."""
    return round(1000 * times[min(len(times) - 1, int(share * len(times)))], 3) if times else 0.0
