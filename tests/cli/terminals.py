"""Commands on a terminal of our own."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import Any, NamedTuple


class Printed(NamedTuple):
    text: str
    code: int


def run_on_terminal(place: Any, *words: str, rows: int = 0, columns: int = 0, **environment: str) -> Printed:
    """Run a command on a terminal; one of no *rows* does not say how large it is, and so nothing is paged."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        process = subprocess.Popen([sys.executable, "-m", "pkgindex.cli.main", *words], stdout=secondary, stderr=secondary,
                                   stdin=subprocess.DEVNULL, env={**place.environment, "TERM": "xterm", **environment})
        os.close(secondary)
        printed = _read_to_the_end(primary)
        process.wait()
    finally:
        os.close(primary)
    return Printed(printed.decode("utf-8", "surrogateescape").replace("\r\n", "\n"), process.returncode)


PROMPT = "ready> "


def typed_at(*command: str, keys: bytes, environment: dict[str, str]) -> str:
    """Press *keys* when an interactive program shows `PROMPT`; it ends by them. What it showed after that."""
    pid, primary = pty.fork()
    if not pid:
        os.execvpe(command[0], command, {**environment, "TERM": "xterm"})
    try:
        shown = b""
        while PROMPT.encode() not in shown:
            shown += os.read(primary, 65536)
        os.write(primary, keys)
        shown = _read_to_the_end(primary)
        os.waitpid(pid, 0)
        return shown.decode("utf-8", "replace")
    finally:
        os.close(primary)


def _read_to_the_end(descriptor: int) -> bytes:
    pieces = []
    try:
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    except OSError:  # how Linux says that the other end has closed
        pass
    return b"".join(pieces)


def on_terminal(place: Any, *words: str, **environment: str) -> str:
    """What a command prints on a terminal."""
    return run_on_terminal(place, *words, **environment).text
