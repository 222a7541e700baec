"""What a target is: a function that is given any bytes, and must come back or raise nothing but what its reader promises."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

BYTES_MAX = 1024


class Expected(suppress):
    """Errors that a reader promises. How often they were met tells whether an example is sound."""

    met = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        caught = bool(super().__exit__(kind, error, trace))
        Expected.met += caught
        return caught


class Target(NamedTuple):
    """*seeds* are what is given first, and changed.

    An input has *bytes_max* at most, so that there are many of them; a seed that is longer is given as it is, once.
    """

    try_bytes: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    bytes_max: int = BYTES_MAX

    def small(self) -> tuple[bytes, ...]:
        """The seeds that are changed."""
        return tuple([seed for seed in self.seeds if len(seed) <= self.bytes_max])
