"""Serving the tree of a repository, by one process or by several at one port.

Several are servers of their own, that share the directory as servers on several hosts do; the system hands each connection
to one of them. The process that starts them serves nobody: it starts again what has died, and does the upkeep. Metrics are
each one's own, at a port of its own: the first at the one that is asked for, the others at those after it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import BadInput, PkgindexError, StoreError
from pkgindex.packer.workers import belong_to_parent
from pkgindex.service.log import Log, in_journal, to_stderr
from pkgindex.service.packing import target
from pkgindex.service.tree.server import UPKEEP_SECONDS, Options, allow_files, bound, serve
from pkgindex.service.tree.writer import ProcessWriter
from pkgindex.service.upkeep import Upkeep
from pkgindex.store.place import place_of

# What dies again and again is not started faster than that.
RESTART_SECONDS = 1.0


class Served(NamedTuple):
    """A repository, as a process that serves it is told of it."""

    settings: Settings
    repo: str

    def serve(self, options: Options, log: Log, ready: Callable[[tuple[str, int]], None], upkeep: Callable[[], None]) -> None:
        place = place_of(self.settings)
        packed = target(self.settings, self.repo, log.info)
        writer = self._writer if place.shared else None
        serve(packed, place.lock(self.repo), options, log, ready, upkeep, place.words(self.repo), writer)

    def _writer(self, lock: str) -> ProcessWriter:
        return ProcessWriter(self.settings, self.repo, lock)


def serve_tree(
    settings: Settings, repo: str, options: Options, workers: int, log: Log, ready: Callable[[tuple[str, int]], None]
) -> None:
    """Serve *repo* until SIGTERM, or SIGINT, which raises `KeyboardInterrupt` at the end. *workers* of 1: in this process.

    Raises `BadInput` for several workers where one process has all to itself.
    """
    place = place_of(settings)
    if workers > 1 and not place.shared:
        raise BadInput(f"--workers {workers}: {place.name} is of one process; serve it without that, or keep it elsewhere")
    upkeep = Upkeep(settings, log, apart=place.shared)

    def keep_up() -> None:
        upkeep.retire(repo)
        upkeep.merge(repo)

    try:
        if workers == 1:
            Served(settings, repo).serve(options, log, ready, keep_up)
        else:
            _Workers(Served(settings, repo), options, log).run(workers, ready, keep_up)
    finally:
        upkeep.close()


class _Workers:
    def __init__(self, served: Served, options: Options, log: Log) -> None:
        self._served, self._options, self._log = served, options._replace(shared=True), log
        self._stopped_by: int | None = None
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, SpawnProcess] = {}
        self._places: dict[int, int] = {}

    def run(self, count: int, ready: Callable[[tuple[str, int]], None], upkeep: Callable[[], None]) -> None:
        allow_files(self._options.limits.connections_max)
        # It keeps the port, also one that the system chose; as nobody listens here no connection comes to it.
        with bound(self._options) as kept, _pipe(self._context) as (bell, ring):
            address = kept.getsockname()[:2]
            self._options = self._options._replace(port=address[1])

            def obey(number: int, frame: object) -> None:
                self._stopped_by = number
                ring.send(None)

            before = {number: signal.signal(number, obey) for number in (signal.SIGTERM, signal.SIGINT)}
            try:
                if self._started(count, bell):
                    ready(address)
                    self._look_after(bell, upkeep)
            finally:
                self._end()
                for number, handler in before.items():
                    signal.signal(number, handler)
        if self._stopped_by == signal.SIGINT:
            raise KeyboardInterrupt

    def _started(self, count: int, bell: Pipe) -> bool:
        """Start *count* processes; whether all serve, and no signal came meanwhile."""
        waiting = dict(self._start(place) for place in range(count))
        while waiting and self._stopped_by is None:
            wait([bell, *waiting])
            for pipe in [pipe for pipe in waiting if pipe.poll()]:
                del waiting[pipe]
                if not _hears(pipe):
                    raise StoreError(f"a process that was to serve {self._served.repo!r} ended: its last words are above")
        return self._stopped_by is None

    def _look_after(self, bell: Pipe, upkeep: Callable[[], None]) -> None:
        due = time.monotonic() + UPKEEP_SECONDS
        while self._stopped_by is None:
            wait([bell, *self._processes], max(0.0, due - time.monotonic()))
            for sentinel in [sentinel for sentinel, process in self._processes.items() if not process.is_alive()]:
                process = self._processes.pop(sentinel)
                self._log.error(f"a process that served {self._served.repo} ended with {process.exitcode}: starting another")
                bell.poll(RESTART_SECONDS)
                if self._stopped_by is None:
                    self._start(self._places.pop(sentinel))
            if time.monotonic() >= due:
                due = time.monotonic() + UPKEEP_SECONDS
                upkeep()

    def _start(self, place: int) -> tuple[Pipe, SpawnProcess]:
        """A process more, at *place* among them, and what hears of it when it serves."""
        metrics_port = self._options.metrics_port
        options = self._options._replace(metrics_port=metrics_port + place if metrics_port > 0 else metrics_port)
        hears, tells = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(self._served, options, tells))
        process.start()
        tells.close()
        self._processes[process.sentinel] = process
        self._places[process.sentinel] = place
        return hears, process

    def _end(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.join()


def _work(served: Served, options: Options, ready: Pipe) -> None:
    """One of several: serves until it is told to end, or its parent is gone."""
    belong_to_parent(end=_end_in_order)
    log = Log(to_stderr, in_journal(os.environ))

    def serving(address: tuple[str, int]) -> None:
        # Of one that was started again nobody waits to hear.
        with suppress(BrokenPipeError):
            ready.send(address)

    try:
        served.serve(options, log, serving, lambda: None)
    except KeyboardInterrupt:
        # At a terminal all processes hear of it, and it was obeyed.
        return
    except PkgindexError as error:
        log.error(str(error))
        raise SystemExit(error.exit_code) from error


def _end_in_order() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _hears(pipe: Pipe) -> bool:
    """Whether something was said, and not just hung up."""
    try:
        pipe.recv()
    except EOFError:
        return False
    return True


@contextmanager
def _pipe(context: SpawnContext) -> Iterator[tuple[Pipe, Pipe]]:
    hears, tells = context.Pipe(duplex=False)
    with hears, tells:
        yield hears, tells
