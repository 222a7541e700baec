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
from functools import cached_property
from typing import Any, TypeVar

import pkgindex
from simulation.baton import World
from simulation.system import System

T = TypeVar("T")

# All that asks the shared disk; elsewhere `os` is the real one, but for what is random or names a host.
ON_THE_SHARE = ("pkgindex.store.local", "pkgindex.store.files", "pkgindex.store.flushing", "pkgindex.store.generations")
ROOMS = ("pkgindex.store", "pkgindex.packer", "pkgindex.snapshot")


class Current:
    """The world that the threads of this process are in."""

    world: World

    @property
    def system(self) -> System:
        return self.world.system


class SharedOs:
    """`os` of the world that runs."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def __getattr__(self, name: str) -> Any:
        return getattr(self._current.world.system, name)


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
        return iter([future.result() for future in [self.submit(function, *found) for found in zip(*iterables, strict=False)]])

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

    shared, real, clock = SharedOs(current), RealOs(current), Clock(current)
    for module in _modules():
        if getattr(module, "os", None) is os:
            put(module, "os", shared if module.__name__ in ON_THE_SHARE else real)
        if getattr(module, "time", None) is time:
            put(module, "time", clock)
        if hasattr(module, "ThreadPoolExecutor"):
            put(module, "ThreadPoolExecutor", OneAfterTheOther)
        for found in _lazy_properties(module):
            # Python 3.11 holds it while the property is worked out, and then nobody may pass on the baton.
            put(found, "lock", contextlib.nullcontext())
    put(concurrent.futures, "ThreadPoolExecutor", OneAfterTheOther)
    try:
        yield current
    finally:
        for module, name, value in reversed(undo):
            setattr(module, name, value)


def _lazy_properties(module: Any) -> list[Any]:
    classes = [found for found in vars(module).values() if isinstance(found, type) and found.__module__ == module.__name__]
    properties = [found for owner in classes for found in vars(owner).values() if isinstance(found, cached_property)]
    return [found for found in properties if hasattr(found, "lock")]


def _modules() -> list[Any]:
    """Every module of the rooms that are installed; none may come later and find the real system."""
    for found in pkgutil.walk_packages(pkgindex.__path__, "pkgindex."):
        if found.name.startswith(ROOMS) and "postgres" not in found.name:
            importlib.import_module(found.name)
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(ROOMS)]
