"""Watching a spool for ever: what arrives is packed, repository by repository; between that, upkeep.

    look        list the spool; events only wake up
    pack        the repository that has waited longest, if one is due; then look again
    sync        the host's package managers that have changed something
    recover     now and then, what dead packers had claimed
    wait        until something may be due

Invariants:

* A signal is obeyed between two steps: what is being packed is published first.
* A repository whose packing failed is left alone for a while, each time longer; the others do not wait for it.
* A spool that is not there (its share is not mounted) is waited for; nothing is made in its place.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping

from pkgindex.config import Settings
from pkgindex.errors import NoIndex, PkgindexError
from pkgindex.service.backoff import Backoff
from pkgindex.service.following import Following
from pkgindex.service.log import Log, in_journal, silent, to_stderr
from pkgindex.service.notify import Notifier, kept_alive
from pkgindex.service.packing import Outcome, line, pack_repository, recover
from pkgindex.service.signals import obeyed
from pkgindex.service.upkeep import Upkeep
from pkgindex.spool.arrivals import Arrivals
from pkgindex.spool.spool import Spool
from pkgindex.spool.wakeup import Wakeup
from pkgindex.store.place import place_of

RETIRE_SECONDS = 300.0
# A step that took so long hangs: from then on the service manager is no longer told that all is well.
STEP_SECONDS_MAX = 3600.0


def watch(
    settings: Settings,
    say: Callable[[str], None] = to_stderr,
    tell: Callable[[str], None] = silent,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Pack what arrives in the spool until SIGTERM, or SIGINT, which raises `KeyboardInterrupt` when all is finished.

    *say* is given the lines of the log, *tell* what goes on while a repository is packed. A second signal does not wait for
    the end of the step.
    """
    found = os.environ if environment is None else environment
    watcher = Watcher(settings, Log(say, in_journal(found)), tell, Notifier(found))
    try:
        with obeyed(watcher):
            watcher.run()
    finally:
        watcher.close()
    if watcher.stopped_by == signal.SIGINT:
        raise KeyboardInterrupt


class Watcher:
    """The loop. `stop` may be called by a signal handler or another thread; all else belongs to the thread of `run`."""

    def __init__(
        self, settings: Settings, log: Log, tell: Callable[[str], None], notifier: Notifier, root: str = "/"
    ) -> None:
        self.stopped_by: int | None = None
        self._settings = settings
        self._log = log
        self._tell = tell
        self._notifier = notifier
        self._spool = Spool(settings.spool)
        self._following = Following(settings, log, tell, root)
        self._wakeup = Wakeup(
            settings.spool, settings.poll_seconds, settings.polling, log.warning, lambda: self._following.directories
        )
        self._arrivals = Arrivals(settings.quiet_seconds, settings.wait_seconds_max)
        self._backoff = Backoff()
        self._upkeep = Upkeep(settings, log)
        self._missing = False
        self._recover_at = self._retire_at = 0.0
        self._step_began = time.monotonic()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End after the present step."""
        self.stopped_by = number
        self._wakeup.interrupt()

    @property
    def signal_descriptor(self) -> int:
        return self._wakeup.signal_descriptor

    def run(self) -> None:
        self._log.info(f"watching {self._spool.root}, packing into {place_of(self._settings).name}")
        with kept_alive(self._notifier, lambda: time.monotonic() - self._step_began < STEP_SECONDS_MAX):
            try:
                self._look()
                self._notifier.ready()
                while self.stopped_by is None:
                    self._step()
            finally:
                self._notifier.stopping()
                self._upkeep.close()
        self._log.info("stopped")

    def close(self) -> None:
        """After `run`, when no signal can come any more."""
        self._wakeup.close()

    def _step(self) -> None:
        self._step_began = time.monotonic()
        repositories = self._look()
        now = time.monotonic()
        due = self._arrivals.due(now)
        if self._keep_up(repositories, now):
            return
        if due:
            self._pack(due[0])
        elif not self._missing and self._following.look(now):
            self._sync(now)
        else:
            self._wakeup.wait(self._timeout(now))

    def _look(self) -> list[str]:
        """List the spool; the repositories in it."""
        try:
            repositories = self._spool.repositories()
            for repo in repositories:
                self._list(repo)
        except PkgindexError as error:  # of the spool as a whole: it is not mounted, or cannot be read
            if not self._missing:
                self._log.warning(f"{error}; waiting for it")
            self._missing = True
            self._arrivals = Arrivals(self._settings.quiet_seconds, self._settings.wait_seconds_max)
            return []
        if self._missing:
            self._log.info(f"{self._spool.root} is there")
        self._missing = False
        return repositories

    def _list(self, repo: str) -> None:
        now = time.monotonic()
        try:
            # In its back-off a repository counts as empty: when it is over, what lies there has just arrived.
            entries = [] if self._backoff.holds(repo, now) else self._spool.incoming(repo)
            self._arrivals.seen(repo, entries, time.monotonic(), self._spool.full_marked(repo))
        except NoIndex:
            raise
        except PkgindexError as error:
            self._failed(repo, str(error))

    def _pack(self, repo: str) -> None:
        ready = set(self._arrivals.ready(repo, time.monotonic()))
        # Whoever waits for the lock makes all other repositories wait; a while later it costs nobody anything.
        settings = self._settings._replace(lock_wait_seconds=0.0)
        try:
            entries = [entry for entry in self._spool.incoming(repo) if entry.name in ready]
            if not entries:  # another packer was quicker
                return
            try:
                outcome = pack_repository(settings, self._spool, repo, self._tell, entries)
            finally:
                self._wakeup.moved()
        except PkgindexError as error:
            self._failed(repo, str(error))
            return
        except Exception as error:  # noqa: BLE001 - one file that hits a fault in here must not stop all repositories
            self._failed(repo, f"internal error {error!r}: please report it")
            return
        self._backoff.succeeded(repo)
        self._arrivals.packed(repo, outcome.waiting, time.monotonic())
        self._report(outcome)

    def _sync(self, now: float) -> None:
        synced = self._following.sync(now)
        self._wakeup.moved()
        if synced is not None and synced.outcome is not None:
            self._notifier.status(self._following.line)
            self._upkeep.merge(synced.repo)

    def _report(self, outcome: Outcome) -> None:
        if outcome.report.packed or outcome.rejected or outcome.waiting:
            said = line(outcome)
            self._log.info(said)
            self._notifier.status(said)
        for fault in outcome.report.faults:
            self._log.warning(f"{outcome.report.repo}: {fault}")
        for name in outcome.rejected:
            self._log.warning(f"{outcome.report.repo}: rejected {name!a}: the file of that name with .reason says why")
        for unmoved in outcome.unmoved:
            self._log.warning(unmoved)
        if outcome.report.generation:
            self._upkeep.merge(outcome.report.repo)

    def _failed(self, repo: str, why: str) -> None:
        seconds = self._backoff.failed(repo, time.monotonic())
        self._arrivals.seen(repo, [], time.monotonic())
        self._log.error(f"{repo}: {why}; tried again in {seconds:g} s")
        self._notifier.status(f"{repo}: {why}")

    def _keep_up(self, repositories: list[str], now: float) -> bool:
        """Recover and retire when it is time; whether something came back that may be packed."""
        if now >= self._retire_at:
            self._retire_at = now + RETIRE_SECONDS
            for repo in repositories:
                self._upkeep.retire(repo)
                self._upkeep.merge(repo)
        if now < self._recover_at:
            return False
        self._recover_at = now + max(self._settings.lease_seconds, self._settings.poll_seconds)
        return any([self._recovered(repo) for repo in repositories])  # noqa: C419 - each of them, not up to the first

    def _recovered(self, repo: str) -> bool:
        try:
            recovered = recover(self._settings, self._spool, repo)
        except PkgindexError as error:
            self._failed(repo, str(error))
            return False
        for name in recovered.returned:
            self._log.warning(f"{repo}: {name} comes back from a packer that died")
        for writer, why in recovered.stuck.items():
            self._log.warning(f"{repo}: what {writer} had claimed cannot be brought back: {why}")
        return bool(recovered.returned)

    def _timeout(self, now: float) -> float:
        if self._missing:
            return self._settings.poll_seconds
        waits = [self._arrivals.next_due(now), self._backoff.next_over(now), min(self._recover_at, self._retire_at) - now,
                 self._following.next_due(now)]
        return max(0.0, min(wait for wait in waits if wait is not None))
