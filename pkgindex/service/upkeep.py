"""Upkeep: merging shards and retiring generations, in a thread or a process of its own, while packing goes on.

Invariants:

* One piece of work at a time, and each repository waits for each kind of work once at most.
* What fails is told and left for the next time; it costs no packing.
* At the end the piece of work under way is finished, and no other is begun.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable

from pkgindex.config import Settings
from pkgindex.errors import PkgindexError
from pkgindex.packer.merge import merge
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target
from pkgindex.packer.workers import belong_to_parent
from pkgindex.service.log import Log, in_journal, to_stderr
from pkgindex.store.apart import told_apart
from pkgindex.store.place import place_of

UPKEEP_NICE = 10
# At a terminal, and when a service ends, all processes get them; what they are for is the business of who keeps up.
SIGNALS = signal.SIGINT, signal.SIGTERM


class Upkeep:
    """Upkeep of the repositories of an index. *apart*: by processes that end with their work, which takes neither the
    interpreter from a process that serves, nor the memory.
    """

    def __init__(self, settings: Settings, log: Log, apart: bool = False) -> None:
        self._settings = settings
        self._perform = self._apart if apart else self.perform
        self._place = place_of(settings)
        self._log = log
        self._queue: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._waiting: set[tuple[str, str]] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def merge(self, repo: str) -> None:
        """Merge the shards of *repo*, when there are too many or too dead ones."""
        self._ask("merge", repo)

    def retire(self, repo: str) -> None:
        self._ask("retire", repo)

    def wait(self) -> None:
        """Until all that was asked for is done; nobody may ask meanwhile."""
        if self._thread is not None:
            self._queue.put(("", ""))
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Finish what is under way."""
        self._stop.set()
        self.wait()

    def _ask(self, work: str, repo: str) -> None:
        # Adding and discarding are atomic; the worst that may happen is that the work is looked at twice.
        if (work, repo) in self._waiting:
            return
        self._waiting.add((work, repo))
        self._queue.put((work, repo))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            work, repo = self._queue.get()
            if not work or self._stop.is_set():
                return
            self._waiting.discard((work, repo))
            self._perform(work, repo)

    def perform(self, work: str, repo: str) -> None:
        """Do *work*, `merge` or `retire`, here and now."""
        kinds: dict[str, Callable[[str], None]] = {"merge": self._merge, "retire": self._retire}
        try:
            with told_apart(self._place.where(repo)):
                if self._place.has(repo):
                    kinds[work](repo)
        except PkgindexError as error:
            self._log.warning(f"{repo}: {work}: {error}")
        except Exception as error:  # noqa: BLE001 - a fault in here must not end the thread and with it all upkeep
            self._log.error(f"{repo}: {work}: internal error {error!r}: please report it")

    def _apart(self, work: str, repo: str) -> None:
        process = multiprocessing.get_context("spawn").Process(target=_perform_apart, args=(self._settings, work, repo))
        try:
            process.start()
        except OSError as error:
            self._log.warning(f"{repo}: {work}: no process can be started for it ({error.strerror}); it is done again in time")
            return
        process.join()
        if process.exitcode:
            self._log.warning(f"{repo}: {work}: its process ended with {process.exitcode}; it is done again in time")

    def _merge(self, repo: str) -> None:
        merged = merge(Target(self._place.backend(repo), repo, self._settings))
        if merged is not None:
            self._log.info(
                f"{repo}: generation {merged.generation}, {merged.parts} shards merged, "
                f"{merged.before_bytes / 1e6:.1f} MB became {merged.after_bytes / 1e6:.1f} MB, {merged.seconds:.2f} s"
            )

    def _retire(self, repo: str) -> None:
        retired = retire(self._place.backend(repo), repo, self._settings)
        if retired.generations or retired.blobs:
            self._log.info(
                f"{repo}: {len(retired.generations)} generations retired, {retired.blobs} files, {retired.bytes / 1e6:.1f} MB"
            )


def _perform_apart(settings: Settings, work: str, repo: str) -> None:
    belong_to_parent(*SIGNALS)
    os.nice(UPKEEP_NICE)
    Upkeep(settings, Log(to_stderr, in_journal(os.environ))).perform(work, repo)
