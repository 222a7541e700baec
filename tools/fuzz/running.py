"""One target, given so many inputs: guided by coverage while there is time, and changed at random for the rest."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from typing import NamedTuple

from fuzz.table import Row
from fuzz.target import Target

SHOWN_LINES = 12
# Files that are written for each input are written to memory where there is such a place.
MEMORY = "/dev/shm"


class Tried(NamedTuple):
    inputs: int = 0
    rate: int = 0
    said: str = ""
    failed: bool = False


def fuzzed(name: str, target: Target, runs: int, seconds: int, seed: int) -> tuple[Row, str]:
    """What became of it, and the last lines of what was said when something was found."""
    guided = changed = Tried()
    if find_spec("atheris"):
        guided = _tried("guided", name, runs, seconds, seed)
    if guided.inputs < runs and not guided.failed:
        changed = _tried("changed", name, runs - guided.inputs, 0, seed)
    findings = int(guided.failed) + int(changed.failed)
    row = Row(name, target.bytes_max, guided.inputs, guided.rate, changed.inputs, changed.rate, findings)
    return row, changed.said if changed.failed else guided.said


def _tried(how: str, name: str, runs: int, seconds: int, seed: int) -> Tried:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(prefix="pkgindex-fuzz-", dir=MEMORY if os.path.isdir(MEMORY) else None) as folder:
        command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "within.py"), how, name,
                   str(runs), str(seconds), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, "TMPDIR": folder})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = done.stdout + done.stderr
    counts = [int(count) for count in re.findall(r"^(?:#|Done )(\d+)", said, re.MULTILINE)]
    inputs = counts[-1] if counts else 0
    last = "\n".join(said.rstrip().split("\n")[-SHOWN_LINES:])
    return Tried(inputs, int(inputs / used), last, done.returncode != 0)
