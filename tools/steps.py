"""Steps: calm output. One line each, with its seconds; what a program printed is shown only when it failed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence


class Failed(SystemExit):
    """A step that the rest cannot do without; the process ends with 1."""

    def __init__(self, advice: str) -> None:
        print(advice, file=sys.stderr)
        super().__init__(1)


def step(title: str, command: Sequence[str], *, env: dict[str, str] | None = None, cwd: str | None = None) -> bool:
    """Run *command*, print a line; on failure also all that it printed. True when it succeeded."""
    if sys.stdout.isatty():
        print(f"{title} ...", end="\r", flush=True)
    start = time.monotonic()
    done = subprocess.run(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    line(title, time.monotonic() - start, failed=done.returncode != 0)
    if done.returncode:
        print(f"$ {' '.join(command)}")
        print(done.stdout.decode(errors="replace").rstrip(), flush=True)
    return done.returncode == 0


def line(title: str, seconds: float, *, failed: bool = False) -> None:
    print(f"{title:<60} {'FAILED' if failed else 'ok':<6} {seconds:6.1f} s", flush=True)
