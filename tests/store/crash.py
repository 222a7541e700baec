"""The crash-state explorer: what a power cut at any moment may leave of a run, each such state handed to a check.

A run is repeated and stopped before each of its operations that change something. What was flushed or linked by then is
durable; of the rest a disk may keep all, nothing, any part, or a name without its content. Every single loss and every
single survivor is tried, and both ends; not every subset, for a fault that needs two losses at once shows with `nothing`.
A removal is durable after the next flush or link in its directory; until then the name may come back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend

Blobs = dict[str, bytes]


class PowerCut(BaseException):
    """Not an `Exception`: no code may catch it and go on."""


class CrashBackend(MemoryBackend):
    """A memory backend that knows what is durable, and stops before the change number *stop* (counted from 0)."""

    def __init__(self, blobs: Mapping[str, bytes], stop: int | None = None) -> None:
        super().__init__(blobs)
        self.durable: Blobs = dict(blobs)
        self.changes: list[str] = []
        self._stop = stop

    def create(self, name: str, data: bytes) -> None:
        self._change("create", name, lambda: super(CrashBackend, self).create(name, data))

    def adopt(self, file: str, name: str) -> None:
        self._change("adopt", name, lambda: super(CrashBackend, self).adopt(file, name))

    def remove(self, name: str) -> None:
        self._change("remove", name, lambda: super(CrashBackend, self).remove(name))

    def flush(self, names: Iterable[str]) -> None:
        wanted = list(names)
        self._change("flush", " ".join(wanted), lambda: super(CrashBackend, self).flush(wanted))
        self._make_durable(wanted)

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        self._change("link", name, lambda: super(CrashBackend, self).link(name, data, ready))
        self._make_durable([name])

    def _get(self, name: str) -> bytes:
        self._live()
        return super()._get(name)

    def names(self, directory: str) -> list[str]:
        self._live()
        return super().names(directory)

    def _live(self) -> None:
        # After the cut nothing answers: neither a clean-up in a `finally` nor another thread changes the state.
        if self._stop is not None and len(self.changes) > self._stop:
            raise PowerCut

    def _change(self, verb: str, name: str, act: Callable[[], None]) -> None:
        with self._lock:
            self.changes.append(f"{verb} {name}")
            self._live()
            act()

    def _make_durable(self, names: list[str]) -> None:
        with self._lock:
            directories = {os.path.dirname(name) for name in names}
            for name in [name for name in self.durable if os.path.dirname(name) in directories]:
                if name not in self._blobs:
                    del self.durable[name]
            self.durable.update((name, self._blobs[name]) for name in names)


def survivors(durable: Mapping[str, bytes], visible: Mapping[str, bytes]) -> Iterator[tuple[str, Blobs]]:
    """What a disk may hold when *visible* was seen and *durable* was promised: each state with its description."""
    written = {name: data for name, data in visible.items() if name not in durable}
    removed = {name: data for name, data in durable.items() if name not in visible}
    kept = {name: data for name, data in durable.items() if name in visible}
    for how, rest in _remains(written):
        yield how, kept | rest
        if removed:
            yield f"{how}; every removal undone", kept | rest | removed
        for name in removed if len(removed) > 1 else ():
            yield f"{how}; removal of {name} undone", kept | rest | {name: removed[name]}
            yield f"{how}; only removal of {name} done", kept | rest | {n: d for n, d in removed.items() if n != name}


def _remains(written: Blobs) -> Iterator[tuple[str, Blobs]]:
    yield "all kept", written
    if not written:
        return
    yield "nothing kept", {}
    yield "all empty", dict.fromkeys(written, b"")
    for name, data in written.items():
        others = {other: content for other, content in written.items() if other != name}
        yield f"{name} dropped", others
        yield f"{name} alone kept", {name: data}
        yield f"{name} empty", others | {name: b""}
        yield f"{name} cut in half", others | {name: data[: len(data) // 2]}


def explore(
    run: Callable[[Backend], None],
    check: Callable[[Backend, int], None],
    start: Mapping[str, bytes] | None = None,
) -> int:
    """Cut the power at each step of *run*, and *check* every state that may be left; how many there were.

    *run* must do the same each time, beginning with what *start* holds. *check* gets a backend of its own (it may write
    to it) and the number of changes that were done. The number returned belongs in an assertion of the test: it would
    also pass if nothing were ever cut.
    """
    whole = CrashBackend(start or {})
    run(whole)
    states = 0
    for step in range(len(whole.changes) + 1):
        backend = CrashBackend(start or {}, stop=step)
        with suppress(PowerCut):
            run(backend)
        seen = set()
        for how, blobs in survivors(backend.durable, backend.blobs()):
            if (state := frozenset(blobs.items())) in seen:
                continue
            seen.add(state)
            states += 1
            try:
                check(MemoryBackend(blobs), step)
            except BaseException as error:
                error.add_note(f"power cut after {step} changes, before {(*whole.changes, 'the end')[step]!r}: {how}")
                raise
    return states
