"""Telling systemd how a service is doing, by sd_notify(3): one datagram a message, to the socket it names.

Invariant: nothing here ever fails: a service manager that does not listen is no reason to stop packing.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

SOCKET = "NOTIFY_SOCKET"
STATUS_CHARACTERS_MAX = 200


class Notifier:
    """Speaks to the socket that *environment* names; to nobody where it names none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = _address(environment.get(SOCKET, ""))
        self.watchdog_seconds = _watchdog_seconds(environment) if self._address else None
        """How often `alive` is to be said, None when nobody waits for it."""

    def ready(self) -> None:
        self._send("READY=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows, in one line."""
        self._send("STATUS=" + " ".join(text.split())[:STATUS_CHARACTERS_MAX])

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            # Without waiting: a manager whose queue is full must not hold up a packer.
            channel.setblocking(False)
            channel.sendto(message.encode("utf-8", "backslashreplace"), self._address)


@contextmanager
def kept_alive(notifier: Notifier, is_well: Callable[[], bool]) -> Iterator[None]:
    """As long as *is_well*, tell the service manager so, when it wants to know; packing may take longer than it waits."""
    if notifier.watchdog_seconds is None:
        yield
        return
    over = threading.Event()

    def beat(seconds: float) -> None:
        while not over.wait(seconds):
            if is_well():
                notifier.alive()

    thread = threading.Thread(target=beat, args=(notifier.watchdog_seconds,), name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _address(name: str) -> str:
    """The address of the socket *name*; a leading `@` stands for the NUL of an abstract one.

    >>> _address("/run/notify"), _address("@abstract"), _address("vsock:1:2")
    ('/run/notify', '\\x00abstract', '')
    """
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else ""


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """Half of what the manager waits, as sd_watchdog_enabled(3) advises; None when it waits for nobody, or somebody else."""
    try:
        waits = int(environment.get("WATCHDOG_USEC", "0")) / 1e6
        process = int(environment.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return waits / 2 if waits > 0 and process == os.getpid() else None
