"""What one process may have open once only, or had better: journals, connections to a database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class Opened(Generic[T]):
    """By name: whoever opens what is open gets the same one, and with the last who has it it is closed."""

    def __init__(self, opening: Callable[[str], T]) -> None:
        self._opening = opening
        self._lock = threading.Lock()
        self._open: WeakValueDictionary[str, T] = WeakValueDictionary()

    def get(self, name: str) -> T:
        with self._lock:
            found = self._open.get(name)
            if found is None:
                found = self._open[name] = self._opening(name)
            return found
