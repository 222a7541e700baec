"""Signals that end a service: the first when its step is finished, the second at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Stoppable(Protocol):
    stopped_by: int | None

    def stop(self, number: int) -> None:
        """End after the present step; called by a signal handler."""

    @property
    def signal_descriptor(self) -> int:
        """What a byte is written to when a signal comes, for `signal.set_wakeup_fd`."""


@contextmanager
def obeyed(service: Stoppable) -> Iterator[None]:
    """SIGTERM and SIGINT stop *service*; the second one at once. Only a main thread may be told of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def obey(number: int, frame: FrameType | None) -> None:
        if service.stopped_by is not None:
            raise KeyboardInterrupt
        service.stop(number)

    descriptor = signal.set_wakeup_fd(service.signal_descriptor, warn_on_full_buffer=False)
    before = {number: signal.signal(number, obey) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
