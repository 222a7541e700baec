"""The store's code as it stands, on a modelled system: its modules find the model where they look for `os` and `time`.

What of a writer needs no shared disk (sorting, building shards) stays on a real one.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import os
import pkgutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, TypeVar

import pkgindex
from simulation.baton import World

T = TypeVar("T")

# All that asks the shared disk; elsewhere `os` is the real one, but for what is random or names a host.
ON_THE_SHARE = ("pkgindex.store.local", "pkgindex.store.files", "pkgindex.store.flushing", "pkgindex.store.generations")
ROOMS = ("pkgindex.store", "pkgindex.packer", "pkgindex.snapshot")


class Current:
    """The world that this process is in; `shared` stands for `os` of whoever is on the shared disk in it."""

    world: World

    def __init__(self) -> None:
        self.shared = SimpleNamespace()

    def enter(self, world: World) -> None:
        self.world = world
        # Looked up here once for all calls: there are a thousand in a schedule.
        self.shared.__dict__.update(
            {name: getattr(world.system, name) for name in dir(world.system) if not name.startswith("_")})


class RealOs:
    """`os`, but for what must be the same each time."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def urandom(self, size: int) -> bytes:
        return self._current.world.random_bytes(size)

    def uname(self) -> os.uname_result:
        return self._current.world.system.uname()

    def getpid(self) -> int:
        return 1

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class Clock:
    """`time`, by the world's clock."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def time(self) -> float:
        return self._current.world.time()

    def monotonic(self) -> float:
        return self._current.world.now

    def sleep(self, seconds: float) -> None:
        self._current.world.sleep(seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class OneAfterTheOther:
    """A `ThreadPoolExecutor` without threads: who has the baton does all of it."""

    def __init__(self, *arguments: object) -> None:
        pass

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - handed to whoever asks for the result, as a pool does
            future.set_exception(error)
        return future

    def map(self, function: Callable[..., T], *iterables: Iterable[Any]) -> Iterator[T]:
        """All of it is done before the first error is told."""
        found, failed = [], None
        for arguments in zip(*iterables, strict=False):
            try:
                found.append(function(*arguments))
            except Exception as error:  # noqa: BLE001 - raised below
                failed = failed or error
        if failed is not None:
            raise failed
        return iter(found)

    def shutdown(self, *arguments: object, **named: object) -> None:
        pass

    def __enter__(self) -> OneAfterTheOther:
        return self

    def __exit__(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def installed() -> Iterator[Current]:
    """While it lasts, the rooms that write and read are on the modelled system."""
    current = Current()
    undo: list[tuple[Any, str, Any]] = []

    def put(module: Any, name: str, value: object) -> None:
        undo.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    real, clock = RealOs(current), Clock(current)
    for module in _modules():
        if getattr(module, "os", None) is os:
            put(module, "os", current.shared if module.__name__ in ON_THE_SHARE else real)
        if getattr(module, "time", None) is time:
            put(module, "time", clock)
        if hasattr(module, "ThreadPoolExecutor"):
            put(module, "ThreadPoolExecutor", OneAfterTheOther)
    put(concurrent.futures, "ThreadPoolExecutor", OneAfterTheOther)
    try:
        yield current
    finally:
        for module, name, value in reversed(undo):
            setattr(module, name, value)


def _modules() -> list[Any]:
    """Every module of the rooms that are installed; none may come later and find the real system."""
    for found in pkgutil.walk_packages(pkgindex.__path__, "pkgindex."):
        if found.name.startswith(ROOMS) and "postgres" not in found.name:
            importlib.import_module(found.name)
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(ROOMS)]
