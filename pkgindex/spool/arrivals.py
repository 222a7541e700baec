"""When a repository is packed: after a quiet period, and not later than a maximum wait. Pure: time comes in.

Invariants:

* A repository is due when nothing has arrived in it for `quiet_seconds`, or when it has waited `wait_seconds_max`.
  An arrival is a new name, or one whose size or time of change is another; what goes away delays nothing.
* What is still growing is not ready, and makes nothing due.
* What was tried and is still there unchanged (it was given back, or could not be moved) is tried again with the next
  arrival or after the maximum wait, not at once: else a broken file would keep the packer busy.
* A full set, which a marker announces, is only ended by quiet: cut in two, each half would replace the other.
* Nothing that happens in one repository changes when another is due; of those that are due, who waited longest comes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from pkgindex.spool.spool import Entry

SETTLE_SECONDS_MAX = 1.0

_Shape = tuple[int, int]


class Arrivals:
    """What was seen in the repositories of a spool. All times are seconds of one clock that never goes back."""

    def __init__(self, quiet_seconds: float, wait_seconds_max: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._wait_seconds_max = wait_seconds_max
        self._settle_seconds = min(quiet_seconds, SETTLE_SECONDS_MAX)
        self._repositories: dict[str, _Repository] = {}

    def seen(self, repo: str, entries: Iterable[Entry], now: float, full: bool = False) -> None:
        """Note what `incoming` of *repo* holds at *now*, and whether the marker of a full set stands there."""
        shapes = {entry.name: (entry.size, entry.mtime_ns) for entry in entries}
        if not shapes:
            self._repositories.pop(repo, None)
            return
        repository = self._repositories.setdefault(repo, _Repository(now))
        repository.full = full
        repository.note(shapes, now)

    def due(self, now: float) -> list[str]:
        """The repositories to pack at *now*, in that order."""
        waiting = [(r.waits_since, repo) for repo, r in self._repositories.items() if self._due_at(r) <= now]
        return [repo for _, repo in sorted(waiting)]

    def ready(self, repo: str, now: float) -> list[str]:
        """The names in *repo* that do not grow any more, sorted; every one when there is no quiet period."""
        repository = self._repositories.get(repo)
        if repository is None:
            return []
        unchanged = repository.unchanged_since.items()
        return sorted(name for name, since in unchanged if since + self._settle_seconds <= now)

    def packed(self, repo: str, tried: Iterable[str], now: float) -> None:
        """Note that packing *repo* ended at *now*, well or not, and which names it took: it goes to the back."""
        repository = self._repositories.get(repo)
        if repository is not None:
            repository.tried.update(tried)
            repository.waits_since = now

    def next_due(self, now: float) -> float | None:
        """Seconds until something may be due; None when nothing waits."""
        at = min(map(self._due_at, self._repositories.values()), default=inf)
        return None if at == inf else max(0.0, at - now)

    def _due_at(self, repository: _Repository) -> float:
        quiet_at = inf if repository.is_all_tried() else repository.arrived + self._quiet_seconds
        waited_at = inf if repository.full else repository.waits_since + self._wait_seconds_max
        settled_at = min(repository.unchanged_since.values()) + self._settle_seconds
        return max(min(quiet_at, waited_at), settled_at)


class _Repository:
    """One repository in which something waits."""

    def __init__(self, now: float) -> None:
        self.waits_since = now
        self.arrived = now
        self.full = False
        self.tried: set[str] = set()
        self.unchanged_since: dict[str, float] = {}
        self._shapes: dict[str, _Shape] = {}

    def note(self, shapes: dict[str, _Shape], now: float) -> None:
        arrived = {name for name, shape in shapes.items() if self._shapes.get(name) != shape}
        if arrived:
            self.arrived = now
        self.unchanged_since = {name: now if name in arrived else self.unchanged_since[name] for name in shapes}
        self.tried = (self.tried & shapes.keys()) - arrived
        self._shapes = shapes

    def is_all_tried(self) -> bool:
        return len(self.tried) >= len(self._shapes)
