"""The backend in memory that survives a restart: each change is appended to a journal, and reading is from memory alone.

Invariants:

* What `link` makes is durable before anyone can read it.
* `create` and `remove` are appended at once and not waited for. The journal is one sequence, so one flush covers all.
* One process has the journal. It is the only reader too: others see nothing of what is in its memory.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator

from pkgindex.errors import StoreError
from pkgindex.format.journal import FIXED_BYTES, MAKE, REMOVE, Record, encode
from pkgindex.store.journalfile import JournalFile
from pkgindex.store.lock import WriterLock
from pkgindex.store.memory import CAPACITY_BYTES, MemoryBackend
from pkgindex.store.names import checked

LOCK = ".lock"
# A journal is made anew when less than half of it counts, and not before it is worth a pause.
COMPACT_BYTES_MIN = 16 << 20


class JournaledBackend(MemoryBackend):
    """What the journal at *path* holds; the file is made where it is missing.

    Raises `Busy` when another process has it and keeps it for *wait_seconds*.
    """

    def __init__(
        self,
        path: str,
        clock: Callable[[], float] = time.time,
        capacity_bytes: int = CAPACITY_BYTES,
        compact_bytes_min: int = COMPACT_BYTES_MIN,
        wait_seconds: float = 0.0,
    ) -> None:
        super().__init__(None, clock, capacity_bytes)
        path = os.path.abspath(path)
        lock = WriterLock(path + LOCK, f"the journal {path}", wait_seconds)
        lock.__enter__()
        self._release = weakref.finalize(self, lock.__exit__, None, None, None)
        self._compact_bytes_min = self._compact_at = compact_bytes_min
        self._live_bytes = 0
        try:
            self._journal = JournalFile(path)
            for record in self._journal.records():
                self._replay(record)
        except BaseException:
            self._release()
            raise

    def flush(self, names: Iterable[str]) -> None:
        wanted = list(names)
        with self._lock:
            super().flush(wanted)
            if wanted:
                self._journal.flush()

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if ready is not None:
            ready()
        data = bytes(data)
        with self._lock:
            self._admit(checked(name), data)
            written = self._append(name, data)
            self._journal.flush()
            self._keep(name, data, written)

    def remove(self, name: str) -> None:
        with self._lock:
            if checked(name) in self._blobs:
                self._journal.append(encode(REMOVE, name, b"", self._clock(), self._journal.durable))
                self._drop(name)
                self._compact_if_worth_it()

    def close(self) -> None:
        """Durable, and another process may have it; nothing can be written here any more."""
        with self._lock:
            self._journal.flush()
            self._journal.close()
            self._release()

    def _put(self, name: str, data: bytes) -> None:
        self._admit(name, data)
        self._keep(name, data, self._append(name, data))

    def _append(self, name: str, data: bytes) -> float:
        written = self._clock()
        self._journal.append(encode(MAKE, name, data, written, self._journal.durable))
        return written

    def _keep(self, name: str, data: bytes, written: float) -> None:
        super()._keep(name, data, written)
        self._live_bytes += _bytes(name, data)

    def _drop(self, name: str) -> None:
        self._live_bytes -= _bytes(name, self._blobs[name])
        super().remove(name)

    def _replay(self, record: Record) -> None:
        if record.verb == MAKE:
            self._keep(record.name, record.data, record.written)
        elif record.name in self._blobs:
            self._drop(record.name)

    def _compact_if_worth_it(self) -> None:
        size = self._journal.size
        if size < self._compact_at or self._live_bytes * 2 > size:
            return
        try:
            self._journal.replace(self._records())
            self._compact_at = self._compact_bytes_min
        except StoreError:
            # The long one is whole, and goes on; there may be room for a short one later.
            self._compact_at = size * 2

    def _records(self) -> Iterator[bytes]:
        for name, data in self._blobs.items():
            yield encode(MAKE, name, data, self._written[name], 0)


def _bytes(name: str, data: bytes) -> int:
    return FIXED_BYTES + len(name.encode("utf-8", "surrogateescape")) + len(data)
