"""Other programs, asked and waited for; never while a manager waits for us."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from pkgindex.errors import StoreError


def run(*command: str) -> str:
    """What *command* prints. Raises `StoreError` with its words when it fails."""
    done = _done(command)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise StoreError(f"{' '.join(command[:3])} ... failed with {done.returncode}: {said}")
    return done.stdout


def answer(*command: str) -> str | None:
    """What *command* prints; None when it fails."""
    done = _done(command)
    return None if done.returncode else done.stdout


def _done(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        raise StoreError(f"{command[0]} is not on this host: install it, and run this again") from None
