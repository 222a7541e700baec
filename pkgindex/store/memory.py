"""A backend that is a table in memory: the twin that tests use, with the laws of every other."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

from pkgindex.errors import Exists, Gone, NoSpace
from pkgindex.store.names import checked

CAPACITY_BYTES = 1 << 40


class MemoryBackend:
    """Starts with *blobs*; *clock* gives seconds, and holds no more than *capacity_bytes*."""

    remote = False

    def __init__(
        self,
        blobs: Mapping[str, bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
        capacity_bytes: int = CAPACITY_BYTES,
    ) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._capacity_bytes = capacity_bytes
        self._blobs = dict(blobs or {})
        self._written = dict.fromkeys(self._blobs, clock())
        self._scratch: str | None = None

    def create(self, name: str, data: bytes) -> None:
        with self._lock:
            self._put(checked(name), bytes(data))

    def adopt(self, file: str, name: str) -> None:
        try:
            with open(file, "rb") as stream:
                data = stream.read()
        except FileNotFoundError:
            raise Gone(f"{file} is not there to become {name}") from None
        with self._lock:
            self._put(checked(name), data)
        os.unlink(file)

    def helped(self) -> AbstractContextManager[None]:
        return nullcontext()

    def flush(self, names: Iterable[str]) -> None:
        with self._lock:
            for name in [checked(name) for name in names]:
                self._get(name)

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if ready is not None:
            ready()
        with self._lock:
            self._put(checked(name), bytes(data))

    def read(self, name: str) -> bytes:
        with self._lock:
            return self._get(name)

    def size(self, name: str) -> int:
        with self._lock:
            return len(self._get(name))

    def age_seconds(self, name: str) -> float:
        with self._lock:
            self._get(name)
            return max(0.0, self._clock() - self._written[name])

    def names(self, directory: str) -> list[str]:
        inside = f"{checked(directory)}/" if directory else ""
        with self._lock:
            return list({name[len(inside) :].split("/")[0] for name in self._blobs if name.startswith(inside)})

    def remove(self, name: str) -> None:
        with self._lock:
            self._blobs.pop(checked(name), None)
            self._written.pop(name, None)

    def local_file(self, name: str, checksum: str = "") -> str | None:
        checked(name)
        return None

    def scratch(self) -> str:
        with self._lock:
            if self._scratch is None:
                self._scratch = tempfile.mkdtemp(prefix="pkgindex-")
                weakref.finalize(self, shutil.rmtree, self._scratch, True)
            return self._scratch

    def free_bytes(self) -> int:
        with self._lock:
            return self._capacity_bytes - sum(map(len, self._blobs.values()))

    def blobs(self) -> dict[str, bytes]:
        """All that is there now, by name."""
        with self._lock:
            return dict(self._blobs)

    def _get(self, name: str) -> bytes:
        try:
            return self._blobs[checked(name)]
        except KeyError:
            raise Gone(f"{name} is no longer there: begin again from the newest generation") from None

    def _put(self, name: str, data: bytes) -> None:
        self._admit(name, data)
        self._keep(name, data, self._clock())

    def _admit(self, name: str, data: bytes) -> None:
        if name in self._blobs:
            raise Exists(f"{name} exists already, and a name is used once")
        # Not summed up where nobody asked for a limit: that would make every write pay for all that is there.
        if self._capacity_bytes != CAPACITY_BYTES and len(data) > self.free_bytes():
            raise NoSpace(f"no space left to write {name}: remove something, or give the backend more")

    def _keep(self, name: str, data: bytes, written: float) -> None:
        self._blobs[name] = data
        self._written[name] = written
