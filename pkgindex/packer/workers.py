"""Many slices of work, on all cores when it is much, and here when it is little: a process costs 100 ms to start."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class Workers:
    """Runs functions of picklable arguments; *processes* of 0 means in this process, one after the other."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._pool: Executor | None = None

    def start(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        if self.processes:
            return self._started().submit(function, *arguments)
        future: Future[T] = Future()
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result, as a pool does
            future.set_exception(error)
        return future

    def map(
        self, function: Callable[..., T], argument_lists: Sequence[tuple[Any, ...]],
        tell: Callable[[str], None] = lambda message: None, what: str = "working",
    ) -> list[T]:
        """The results, in order; the first failure is raised. *tell* hears *what*, and then how far it is: `WHAT, 3 of 64`."""
        tell(what)
        started = [self.start(function, *arguments) for arguments in argument_lists]
        results = []
        for future in started:
            results.append(future.result())
            tell(f"{what}, {len(results)} of {len(started)}")
        return results

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            if kind is KeyboardInterrupt:  # a person waits, and nothing of it will be used
                import multiprocessing

                for child in multiprocessing.active_children():
                    child.terminate()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _started(self) -> Executor:
        if self._pool is None:
            import multiprocessing
            import signal

            # A forked child would keep the writer's lock when its parent dies. Ctrl-C at a terminal reaches all of them.
            self._pool = ProcessPoolExecutor(self.processes, mp_context=multiprocessing.get_context("spawn"),
                                             initializer=belong_to_parent, initargs=(signal.SIGINT,))
        return self._pool


def _end_at_once() -> None:
    # A pool's process would wait for ever: it holds the other end of its own queue.
    os._exit(1)


def belong_to_parent(*signals: int, end: Callable[[], None] = _end_at_once) -> None:
    """In a process that helps: *signals* are the business of the one that started it, and when that ends, so does this one,
    by *end*.
    """
    import multiprocessing
    import signal
    import threading

    for number in signals:
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            end()

    threading.Thread(target=watch, daemon=True).start()


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
