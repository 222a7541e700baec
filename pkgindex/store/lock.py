"""The writer's lock: a courtesy that saves two writers from doing the same work twice.

Invariants:

* Nothing is safe because of it: locks vanish without notice on every network file system. The guard is `Backend.link`.
* Readers neither take it nor look at it.
* The lock file is never removed or replaced: two writers would then lock two files of the same name.
* Who waits comes before who has had it: a second file, `writer.lock.turn`, is locked by whoever is next, and nobody is given
  the first but through it. So two busy writers have it by turns, when they work longer than they pause between attempts.

A lock dies with its holder, but for one trap: a child made by a bare fork keeps it. Start helpers by spawn.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO

from pkgindex.config import discreet
from pkgindex.errors import Busy
from pkgindex.store.faults import rootless, unwritten

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
# Some file systems and old servers have no locks at all.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
# The longest pause between two attempts; the first are shorter, as one who commits soon gives it back.
RETRY_SECONDS = 0.1
RETRY_SECONDS_MIN = 0.0005
TURN = ".turn"
HOLDER_BYTES_MAX = 4096
COMMAND_CHARACTERS_MAX = 200


class WriterLock:
    """Held between `with` and its end. *path* is the lock file, None where a backend has none: then it is always free.

    *what* is named when it is refused ("repository debian"); for *wait_seconds* it is tried again; *warn* hears of a
    file system that has no locks, and the work goes on.
    """

    def __init__(
        self,
        path: str | None,
        what: str,
        wait_seconds: float = 0.0,
        warn: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._path = path
        self._what = what
        self._wait_seconds = wait_seconds
        self._warn = warn
        self._file: IO[str] | None = None

    def __enter__(self) -> WriterLock:
        if self._path is not None:
            self._file = self._acquire(self._path)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            _release(self._file)
            self._file = None

    def _acquire(self, path: str) -> IO[str]:
        deadline = time.monotonic() + self._wait_seconds
        file = self._open(path)
        try:
            turn = self._open(path + TURN)
            try:
                if self._wait_for(turn, path + TURN, deadline, file):
                    self._wait_for(file, path, deadline, file)
            finally:
                _release(turn)
            _write(file)
        except BaseException:
            # Where a server has lost the lock, closing fails too, and says less than what led here.
            with suppress(OSError):
                file.close()
            raise
        return file

    def _wait_for(self, wanted: IO[str], path: str, deadline: float, file: IO[str]) -> bool:
        """Try until *wanted* is ours, and say whether there are locks at all; *file* tells who holds the writer's."""
        began = time.monotonic()
        while (locked := self._try(wanted, path)) is False:
            now = time.monotonic()
            if now >= deadline:
                raise Busy(refusal(self._what, _read(file)))
            time.sleep(min(RETRY_SECONDS, RETRY_SECONDS_MIN + (now - began) / 16, deadline - now))
        return locked is True

    def _open(self, path: str) -> IO[str]:
        try:
            # Appending neither empties what its holder wrote nor fails where it is missing.
            return open(path, "a+", encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise rootless(os.path.dirname(path)) from None
        except OSError as error:
            raise unwritten(error, path) from None

    def _try(self, file: IO[str], path: str) -> bool | None:
        """Whether the lock is ours; None where there are none to be had."""
        import portalocker

        try:
            portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException as refused:
            error = _system_error(refused)
            if error.errno in _HELD:
                return False
            if error.errno not in _NO_LOCKS:
                raise unwritten(error, path) from None
            self._warn(
                f"{path} cannot be locked ({error.strerror}): going on without, for the lock only saves two writers "
                "from working at once"
            )
            return None
        return True


def _release(file: IO[str]) -> None:
    """The facts stay in the file: they are believed only while somebody holds the lock."""
    import portalocker

    # Given back by name, because closing does not do it while a child has inherited the file. A lock that a server
    # has lost in the meantime is an error here, and harms nobody.
    with suppress(portalocker.LockException, OSError):
        portalocker.unlock(file)
    with suppress(OSError):
        file.close()


def refusal(what: str, holder: str) -> str:
    """Who holds *what*, as far as the line in the lock file tells, and what to do."""
    return (
        f"{what} is being written by {_holder(holder)}: wait, or set lock_wait_seconds; "
        "the lock saves work and safety does not depend on it"
    )


def _holder(line: str) -> str:
    import json

    unknown = "another writer (its lock file does not say which)"
    try:
        facts = json.loads(line)
        host, pid, since, command = (facts[key] for key in ("host", "pid", "since", "command"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return unknown
    if not (isinstance(host, str) and isinstance(pid, int) and isinstance(since, str) and isinstance(command, str)):
        return unknown
    return _printable(f"pid {pid} on host {host} since {since} ({command})")


def _printable(text: str) -> str:
    """Anyone who may write on the share may have written it: nothing in it reaches a terminal as a command."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _read(file: IO[str]) -> str:
    try:
        file.seek(0)
        return file.read(HOLDER_BYTES_MAX)
    except OSError:
        return ""


def _write(file: IO[str]) -> None:
    """Say who holds it. A disk too full for that is no reason to stop: it is a help to others, nothing more."""
    import json

    facts = {
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": " ".join(map(discreet, sys.argv))[:COMMAND_CHARACTERS_MAX],
    }
    line = json.dumps(facts).encode() + b"\n"
    try:
        # A tree server holds it again and again within a second: that cost 1.2 ms each time, a quarter of a commit.
        if os.pread(file.fileno(), len(line) + 1, 0) != line:
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), line)
    except OSError:
        return


def _system_error(refused: BaseException) -> OSError:
    """What the system said: releases of portalocker keep it as the cause, the context, or the first argument."""
    for found in (refused.__cause__, refused.__context__, *refused.args):
        if isinstance(found, OSError):
            return found
    return OSError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
