"""Waiting until there may be something to do in a spool.

Watch events wake up and do nothing else: they get lost, on shares there are none, and so the caller lists the spool after
every wait, and now and then without an event.

Invariants:

* What came between a listing and the moment from which its directory is watched ends the wait at once.
* Without watches (share, option, too few of them, spool not mounted) a wait lasts no longer than the poll period.
* `interrupt` takes no lock, so that a signal handler may call it.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from pkgindex.spool.watches import Watches
from pkgindex.store.filesystem import is_remote

# With watches: how long an event that got lost may go unnoticed.
LISTING_SECONDS_MAX = 30.0
DRAIN_BYTES = 4096
# watchdog holds the event of a move back for half a second, when it has not read the other half yet, and all that come after.
HELD_BACK_SECONDS = 0.6
LISTING_SECONDS_MEANWHILE = 0.01


class Wakeup:
    """Waits for the spool below *root*, and for changes in the directories *beside*; *warn* is told once when it has to do
    without watches that it should have."""

    def __init__(
        self,
        root: str,
        poll_seconds: float,
        polling: bool,
        warn: Callable[[str], None] | None = None,
        beside: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._root = root
        self._beside = beside
        self._poll_seconds = poll_seconds
        self._polling = polling
        self._warn = warn
        self._watches: Watches | None = None
        self._mounted: tuple[int, int] | None = None
        self._held_back_until = 0.0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def wait(self, timeout: float | None) -> None:
        """Return after *timeout* seconds (None: no limit of the caller's), or earlier when the spool is to be listed."""
        self._follow_mount()
        seconds_max = self._poll_seconds
        if self._watches is not None:
            try:
                if self._watches.follow():
                    return
                held_back = time.monotonic() < self._held_back_until
                seconds_max = LISTING_SECONDS_MEANWHILE if held_back else LISTING_SECONDS_MAX
            except OSError as error:
                self._do_without(error)
        seconds = seconds_max if timeout is None else min(timeout, seconds_max)
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if poll.poll(max(0.0, seconds) * 1000):
            self._drain()

    def moved(self) -> None:
        """Files were moved out of folders that are watched, as claims are: for a moment events may come late."""
        self._held_back_until = time.monotonic() + HELD_BACK_SECONDS

    def interrupt(self) -> None:
        """End the wait, or the next one when there is none now."""
        with suppress(BlockingIOError):  # full: it will end
            os.write(self._writer, b"!")

    @property
    def signal_descriptor(self) -> int:
        """For `signal.set_wakeup_fd`: the handler of a signal that comes just before the wait begins, or to another
        thread, would only run when it ends."""
        return self._writer

    def close(self) -> None:
        """Stop watching. No other call may be under way or follow."""
        self._stop_watches()
        os.close(self._reader)
        os.close(self._writer)

    @property
    def watching(self) -> bool:
        """Whether events are listened to."""
        return self._watches is not None

    def _follow_mount(self) -> None:
        """Look at the root again when it is another directory than before: it was mounted, or unmounted."""
        if self._polling:
            return
        try:
            status = os.stat(self._root)
            mounted = (status.st_dev, status.st_ino)
        except OSError:
            mounted = None
        if mounted == self._mounted:
            return
        self._mounted = mounted
        self._stop_watches()
        if mounted is not None and not is_remote(self._root):
            self._watches = Watches(self._root, self.interrupt, self._beside)

    def _do_without(self, error: OSError) -> None:
        self._stop_watches()
        self._polling = True
        if self._warn is not None:
            self._warn(
                f"cannot watch {self._root!a}: {error.strerror}: it is listed every {self._poll_seconds:g} s instead; "
                "raise fs.inotify.max_user_watches and max_user_instances, or choose polling to be rid of this warning"
            )

    def _stop_watches(self) -> None:
        if self._watches is not None:
            self._watches.close()
            self._watches = None

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._reader, DRAIN_BYTES):
                pass
