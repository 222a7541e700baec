"""A long answer on a terminal goes through a pager: the setting `pager`, $PAGER, or less.

An answer that fits on the screen is printed as it is, and starts no program.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen

LESS = "less -FRX"
# The line on which the shell asks again.
PROMPT_ROWS = 1
# For a less that someone's $PAGER names without options: end when all fits, leave colours and the screen alone.
LESS_OPTIONS = "FRX"


def chosen(setting: str, environment: Mapping[str, str]) -> str:
    """The command line of the pager; empty where none is wanted."""
    command = setting or environment.get("PAGER") or LESS
    return "" if command == "cat" or environment.get("TERM") == "dumb" else command


class Paged:
    """What is written to a terminal of *columns* and *rows*; *direct* prints what needs no pager.

    Raises `BrokenPipeError` when the pager was left before it had all.
    """

    def __init__(self, command: str, columns: int, rows: int, direct: Callable[[bytes], None]) -> None:
        self._command = command
        self._columns = max(columns, 1)
        self._rows_left = rows - PROMPT_ROWS
        self._direct = direct
        self._held: list[bytes] = []
        self._pager: Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._pager is not None

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        if self._rows_left >= 0:
            self._held.append(data)
            self._rows_left -= sum(1 + max(len(line) - 1, 0) // self._columns for line in text.split("\n")[:-1])
            if self._rows_left < 0:
                self._begin()
        else:
            self._pass(data)

    def release(self) -> None:
        """Print what was held back: something else is to be read after it."""
        held, self._held = b"".join(self._held), []
        if held:
            self._direct(held)

    def close(self) -> bool:
        """Wait until the pager is left; whether it was given all."""
        self.release()
        if self._pager is None:
            return True
        assert self._pager.stdin is not None
        whole = _closed(self._pager.stdin)
        while self._pager.returncode is None:
            # Ctrl-C is for the pager while there is one.
            with suppress(KeyboardInterrupt):
                self._pager.wait()
        self._pager = None
        return whole

    def _begin(self) -> None:
        """The answer is long: start the pager, or print on where it cannot be started."""
        self._pager = _started(self._command)
        if self._pager is not None:
            held, self._held = b"".join(self._held), []
            self._pass(held)
        else:
            self.release()

    def _pass(self, data: bytes) -> None:
        if self._pager is None:
            self._direct(data)
            return
        assert self._pager.stdin is not None
        self._pager.stdin.write(data)
        self._pager.stdin.flush()


def _started(command: str) -> Popen[bytes] | None:
    import shlex
    import subprocess

    with suppress(OSError, ValueError):
        environment = {"LESS": LESS_OPTIONS, **os.environ}
        return subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, env=environment)
    return None


def _closed(stdin: IO[bytes]) -> bool:
    try:
        stdin.close()
    except BrokenPipeError:
        return False
    return True
