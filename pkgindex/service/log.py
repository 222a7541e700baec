"""The lines of a service: words for a person, with a priority where the journal reads them (sd-daemon(3))."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

ERROR, WARNING, INFO = 3, 4, 6


class Log:
    """Hands lines to *write*, from any thread; *prefixed* ones begin with their priority, `<6>`."""

    def __init__(self, write: Callable[[str], None], prefixed: bool = False) -> None:
        self._write = write
        self._prefixed = prefixed

    def info(self, text: str) -> None:
        self._lines(INFO, text)

    def warning(self, text: str) -> None:
        self._lines(WARNING, text)

    def error(self, text: str) -> None:
        self._lines(ERROR, text)

    def _lines(self, priority: int, text: str) -> None:
        for line in text.splitlines():
            self._write(f"<{priority}>{line}" if self._prefixed else line)


def silent(message: str) -> None:
    """For those who have nobody to tell."""


def to_stderr(line: str) -> None:
    """In one write, so that lines of several threads do not mix."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def in_journal(environment: Mapping[str, str]) -> bool:
    """Whether what is written to stderr goes to the journal: systemd gives the device and inode of its stream."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
