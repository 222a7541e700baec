"""Writing many small blobs: one after another on a local disk, by several threads where each costs a network's latency."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from pkgindex.format import dead, names, page
from pkgindex.format import group as group_file
from pkgindex.format.page import Entry
from pkgindex.store.backend import Backend

THREADS = 16


class BlobWriter:
    """Creates blobs under one stamp. Nothing is durable before `flush`, here or in the process that gathers the names."""

    def __init__(self, backend: Backend, stamp: str) -> None:
        self.stamp = stamp
        self.names: list[str] = []
        self._backend = backend
        self._threads = ThreadPoolExecutor(THREADS) if backend.remote else None
        self._pending: list[Future[None]] = []

    def facts(self, kind: str, group: str, records: Mapping[str, bytes]) -> None:
        """A forward or reverse file."""
        self._create(names.facts_name(kind, group, self.stamp), group_file.encode(kind, records, self.stamp))

    def page(self, number: int, entries: dict[str, Entry]) -> None:
        self._create(names.page_name(number, self.stamp), page.encode(entries, self.stamp))

    def dead(self, kind: str, number: int, packages: list[str]) -> None:
        self._create(names.dead_name(kind, number, self.stamp), dead.encode(kind, number, packages, self.stamp))

    def adopt(self, file: str, kind: str, number: int) -> None:
        """A finished shard."""
        name = names.shard_name(kind, number, self.stamp)
        self.names.append(name)
        self._backend.adopt(file, name)

    def finish(self) -> list[str]:
        """Wait until all are written. Where each flush is a round trip they are flushed here, in parallel; otherwise
        their names are given back, for whoever gathers them to flush all at once."""
        try:
            for future in self._pending:
                future.result()
        finally:
            if self._threads is not None:
                self._threads.shutdown()
        if self._backend.remote:
            self._backend.flush(self.names)
            return []
        return self.names

    def _create(self, name: str, data: bytes) -> None:
        """Now, or before `finish` returns."""
        self.names.append(name)
        if self._threads is None:
            self._backend.create(name, data)
        else:
            self._pending.append(self._threads.submit(self._backend.create, name, data))
