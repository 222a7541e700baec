"""Leaving alone what failed, for a while that doubles with every failure in a row. Pure: time comes in."""

from __future__ import annotations

FIRST_SECONDS = 1.0
SECONDS_MAX = 300.0


class Backoff:
    """Which repositories are left alone. All times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def failed(self, repo: str, now: float) -> float:
        """Note a failure; for how many seconds *repo* is left alone."""
        failures = self._failures[repo] = self._failures.get(repo, 0) + 1
        seconds = SECONDS_MAX if failures > 16 else min(SECONDS_MAX, FIRST_SECONDS * 2 ** (failures - 1))
        self._until[repo] = now + seconds
        return seconds

    def succeeded(self, repo: str) -> None:
        self._failures.pop(repo, None)
        self._until.pop(repo, None)

    def holds(self, repo: str, now: float) -> bool:
        return now < self._until.get(repo, now)

    def next_over(self, now: float) -> float | None:
        """Seconds until a repository may be tried again; None when none is left alone."""
        return min((until - now for until in self._until.values() if until > now), default=None)
