"""Which databases of the host's package managers `watch` syncs, and when.

    stamp       a hook says that its manager changed something: at once
    state       a database is not what it was when it was synced last: as soon as it has been quiet for a while
    timer       all of them, now and then, for what nobody told

What the settings name is looked at again and again, and with a timer every database of the host; a stamp needs neither.

Invariants:

* A manager that is at work is waited for, and nothing else waits with it.
* A stamp is taken before the database is read, and settled only when all databases of its manager are synced.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import Busy, PkgindexError
from pkgindex.service.backoff import Backoff
from pkgindex.service.log import Log
from pkgindex.service.sync import Synced, line, sync
from pkgindex.sources.hosts import managers
from pkgindex.sources.hosts.database import Database
from pkgindex.spool import stamps

# How often a manager that is at work is looked at again.
BUSY_SECONDS = 0.5
# How often environments are looked for that were made meanwhile.
FINDING_SECONDS = 60.0


class _Due(NamedTuple):
    database: Database
    at: float


class Following:
    """All times are of the monotonic clock, and passed in."""

    def __init__(self, settings: Settings, log: Log, tell: Callable[[str], None], root: str = "/") -> None:
        # Whoever waits for a lock makes all other repositories wait; a moment later it costs nobody anything.
        self._settings = settings._replace(lock_wait_seconds=0.0)
        self._log = log
        self._tell = tell
        self._root = root
        self._backoff = Backoff()
        self._due: dict[str, _Due] = {}
        self._stamped: set[str] = set()
        self._ignored: set[str] = set()
        self._followed: list[Database] = []
        self._states: dict[str, bytes] = {}
        self._find_at = self._all_at = 0.0
        self.directories: tuple[str, ...] = ()
        self.line = ""

    def look(self, now: float) -> bool:
        """Notice what has changed; whether there is something to sync."""
        self._find(now)
        for manager in stamps.dropped(self._settings.spool):
            if manager not in self._stamped | self._ignored:
                self._stamped.add(manager)
                databases = managers.found(manager, self._root, self._settings)
                self._want(databases, now)
                if not databases:
                    self._take(manager)
                    self._settle(manager)
        for database in self._followed:
            self._notice(database, now)
        return self._next(now) is not None

    def sync(self, now: float) -> Synced | None:
        """Sync one that is due; None when that had to be put off."""
        due = self._next(now)
        if due is None:
            return None
        database = due.database
        try:
            why = database.busy()
            if why:
                self._put_off(database, why, now)
                return None
            self._take(database.manager)
            synced = sync(self._settings, database, tell=self._tell)
        except Busy as error:
            self._put_off(database, str(error), now)
            return None
        except PkgindexError as error:
            self._failed(database, str(error))
            return None
        except Exception as error:  # noqa: BLE001 - one record that hits a fault in here must not stop all repositories
            self._failed(database, f"internal error {error!r}: please report it")
            return None
        self._done(database, synced)
        return synced

    def next_due(self, now: float) -> float | None:
        """Seconds until something may be due; None when nobody knows."""
        waits = [max(due.at - now, self._held(due, now)) for due in self._due.values()]
        if self._settings.sync_seconds:
            waits.append(self._all_at - now)
        return max(0.0, min(waits)) if waits else None

    def _find(self, now: float) -> None:
        """Look for databases, and whether it is time for all of them."""
        timed = self._settings.sync_seconds
        if now < self._find_at and not (timed and now >= self._all_at):
            return
        self._find_at = now + (min(FINDING_SECONDS, timed) if timed else FINDING_SECONDS)
        find = managers.everything if timed else managers.configured
        self._followed = find(self._root, self._settings)
        self.directories = tuple(directory for database in self._followed for directory in database.watched)
        if timed and now >= self._all_at:
            self._all_at = now + timed
            self._want(self._followed, now)

    def _notice(self, database: Database, now: float) -> None:
        """Want *database* when it is not what it was, once it has stayed so for the quiet period."""
        with suppress(PkgindexError, OSError):  # it went this moment; what is indexed of it stays
            state = database.state()
            if state != self._states.get(database.repo):
                self._states[database.repo] = state
                self._due[database.repo] = _Due(database, now + self._settings.quiet_seconds)

    def _want(self, databases: list[Database], now: float) -> None:
        for database in databases:
            self._due[database.repo] = _Due(database, now)

    def _next(self, now: float) -> _Due | None:
        ready = [due for due in self._due.values() if due.at <= now and not self._held(due, now)]
        return min(ready, key=lambda due: due.at, default=None)

    def _held(self, due: _Due, now: float) -> float:
        """How long its failures still keep it waiting."""
        return (self._backoff.next_over(now) or 0.0) if self._backoff.holds(due.database.repo, now) else 0.0

    def _put_off(self, database: Database, why: str, now: float) -> None:
        self._tell(why)
        self._due[database.repo] = _Due(database, now + BUSY_SECONDS)

    def _failed(self, database: Database, why: str) -> None:
        seconds = self._backoff.failed(database.repo, time.monotonic())
        self._log.error(f"{database.repo}: {why}; tried again in {seconds:g} s")

    def _done(self, database: Database, synced: Synced) -> None:
        self._backoff.succeeded(database.repo)
        self._due.pop(database.repo, None)
        self._settle(database.manager)
        for trouble in synced.troubles:
            self._log.warning(f"{synced.repo}: {trouble}")
        if synced.differs:
            self.line = line(synced)
            self._log.info(self.line)

    def _take(self, manager: str) -> None:
        try:
            stamps.take(self._settings.spool, manager)
        except OSError as error:
            self._ignored.add(manager)
            self._log.warning(f"the stamps of {manager} cannot be taken, and are ignored: {error.strerror}: see to it that "
                              f"{stamps.folder(self._settings.spool)} belongs to this user")

    def _settle(self, manager: str) -> None:
        """Forget the stamp, unless another database of the manager is still to be synced."""
        if manager in self._stamped and not any(due.database.manager == manager for due in self._due.values()):
            self._stamped.discard(manager)
            with suppress(OSError):
                stamps.settle(self._settings.spool, manager)
