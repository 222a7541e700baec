"""Schedules that faults were found by, made short, each run again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOUND = "tests/simulation/found"


@pytest.mark.parametrize("name", sorted(os.listdir(os.path.join(PROJECT, FOUND))))
def test_what_was_found_stays_mended(name: str) -> None:
    run = subprocess.run([sys.executable, "tools/simulate.py", "--script", f"{FOUND}/{name}"], cwd=PROJECT, capture_output=True,
                         text=True)
    assert run.returncode == 0, run.stdout
