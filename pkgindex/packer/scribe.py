"""A process that makes many small files for one that has better things to do.

A server's event loop and the thread that writes share one interpreter, and after each call to the system the thread waits
until the loop lets it go on: 88 files took 52 ms beside a busy loop, and take some 20 here.

Invariants:

* Whoever asked flushes: it holds `Backend.helped` meanwhile, so that its flush covers what was made here.
* The process ends with whoever started it. What it was killed over is told as a failure, and begun again by the next one.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from pkgindex.errors import PkgindexError, StoreError
from pkgindex.store.backend import Backend

# Fewer are made sooner than they are sent.
FILES_LEAST = 16


class Scribe:
    """Creates blobs in *backend*, by a process that is started when it is first worth while."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def create(self, blobs: Sequence[tuple[str, bytes]]) -> None:
        """Create *blobs*, names with their contents. Raises what `Backend.create` raises; some may be there then."""
        if len(blobs) < FILES_LEAST or self._backend.remote or self._backend.local_file("generations") is None:
            for name, data in blobs:
                self._backend.create(name, data)
            return
        try:
            pipe = self._pipe or self._start()
            pipe.send(blobs)
            failure = pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise StoreError("the process that helps to write was killed, perhaps for want of memory: try again") from error
        if failure is not None:
            raise failure

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.join()
            self._process = None

    def _start(self) -> Connection:
        # A forked child would keep the writer's lock when its parent dies.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_write, args=(self._backend, theirs), daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe


def _write(backend: Backend, pipe: Connection) -> None:
    """Create what comes through *pipe*, until whoever sends it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            blobs = pipe.recv()
        except EOFError:
            return
        failure: PkgindexError | None = None
        try:
            for name, data in blobs:
                backend.create(name, data)
        except PkgindexError as error:
            failure = error
        pipe.send(failure)
