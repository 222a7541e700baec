"""Who works in a spool, and what on: writers and the identities of submissions.

Invariants:

* No two writers that ever worked in a spool have the same folder, nor two submissions the same id: both hold 80 random bits.
* A writer is only called dead when this host, in this life of its kernel and seen from the same processes, has no such
  process. Of every other writer nothing but its heartbeat is known.
"""

from __future__ import annotations

import os
import re
from base64 import b32encode
from typing import NamedTuple

BOOT_ID = "/proc/sys/kernel/random/boot_id"
PROCESS_NAMESPACE = "/proc/self/ns/pid"
UNKNOWN_BOOT = "unknown"

HOST_BYTES_MAX = 48

_folder = re.compile(
    r"(?P<host>[A-Za-z0-9%-][A-Za-z0-9.%-]*)\+(?P<boot>[a-z0-9]+)\+(?P<pid>[0-9]{1,10})"
    r"\+(?P<started>[0-9]{1,20})\+(?P<token>[a-z2-7]{16})"
)
_escaped = re.compile(r"%([0-9a-f]{2})")


class WriterId(NamedTuple):
    """A process that packs. `started` is in clock ticks since boot, 0 where the system does not tell."""

    host: str
    boot: str
    pid: int
    token: str
    started: int = 0

    @property
    def folder(self) -> str:
        """The name of the folder that holds what this writer has claimed."""
        host = "".join(_escape(byte) for byte in self.host.encode("utf-8", "surrogateescape"))
        if host.startswith("."):
            host = "%2e" + host[1:]
        return f"{host}+{self.boot}+{self.pid}+{self.started}+{self.token}"


def parse_folder(name: str) -> WriterId | None:
    """The writer whose folder is called *name*, or None when it is no writer's."""
    found = _folder.fullmatch(name)
    if found is None:
        return None
    host = _escaped.sub(lambda escape: chr(int(escape[1], 16)), found["host"])
    return WriterId(
        host.encode("latin-1").decode("utf-8", "surrogateescape"),
        found["boot"],
        int(found["pid"]),
        found["token"],
        int(found["started"]),
    )


def current() -> WriterId:
    """A new writer in this process."""
    host = os.fsencode(os.uname().nodename)[:HOST_BYTES_MAX].decode("utf-8", "surrogateescape")
    pid = os.getpid()
    return WriterId(host or "localhost", _boot(), pid, new_id(), _started(pid))


def new_id() -> str:
    """16 characters that nobody had before: they are equal on no disk, case-insensitive ones included."""
    return b32encode(os.urandom(10)).decode("ascii").lower()


def is_dead(writer: WriterId, here: WriterId) -> bool:
    """Whether *here* can tell that the process of *writer* has ended; False when it cannot."""
    if (writer.host, writer.boot) != (here.host, here.boot) or here.boot == UNKNOWN_BOOT:
        return False
    try:
        os.kill(writer.pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    if _is_zombie(writer.pid):
        return True
    # The number may have gone to another process since.
    started = _started(writer.pid)
    return bool(started and writer.started) and started != writer.started


def _escape(byte: int) -> str:
    character = chr(byte)
    return character if byte < 128 and (character.isalnum() or character in "-.") else f"%{byte:02x}"


def _boot() -> str:
    """One life of one kernel, and the namespace in which process numbers count: containers of a host share the rest."""
    try:
        with open(BOOT_ID, encoding="ascii") as file:
            boot = file.read().strip().replace("-", "").lower()
        namespace = os.stat(PROCESS_NAMESPACE).st_ino
    except OSError:
        return UNKNOWN_BOOT
    return f"{boot}n{namespace}" if boot.isalnum() else UNKNOWN_BOOT


def _started(pid: int) -> int:
    """When a process began, in the kernel's ticks; 0 when that is not told."""
    try:
        return int(_facts(pid)[19])
    except (OSError, IndexError, ValueError):
        return 0


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only waits for its parent to hear of it, which may take for ever."""
    try:
        return _facts(pid)[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def _facts(pid: int) -> list[bytes]:
    """Fields 3 and on of proc(5) stat; the second, the program's name, may hold anything, brackets too."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()
