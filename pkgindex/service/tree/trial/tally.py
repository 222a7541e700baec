"""What a phase of a trial came to."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

WRONG_SHOWN_MAX = 20


class Phase(NamedTuple):
    """One phase: how much was asked and how fast it was answered; `error` counts the answers to malformed lines too."""

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


class Tally:
    """Collects answers while a phase lasts."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []

    def count(self, line: bytes, answer: str, seconds: float, right: bool) -> None:
        """*line* was answered after so many *seconds*."""
        self.seconds.append(seconds)
        self.answers[answer] += 1
        if not right:
            self.wrong.append(f"{line[:200].decode('ascii', 'backslashreplace').strip()}: {answer}")

    def phase(self, name: str, passes: int, seconds: float) -> Phase:
        """All of it, when the phase has taken *seconds*."""
        times = sorted(self.seconds)
        count = len(times)
        ok, fail, error = (self.answers[word] for word in ("OK", "FAIL", "ERROR"))
        rate = round(count / seconds, 1) if seconds else 0.0
        p50, p99 = _at(times, 0.5), _at(times, 0.99)
        return Phase(name, passes, count, round(seconds, 3), rate, p50, p99, ok, fail, error, len(self.wrong))


def _at(times: list[float], share: float) -> float:
    """Milliseconds that this share of the requests took at most."""
    return round(1000 * times[min(len(times) - 1, int(share * len(times)))], 3) if times else 0.0
