"""The gate of mutants: each thing that keeps a promise is taken out, one at a time, and the tests must notice.

    dev.py mutants              all of them, each in a copy of the project; exit code 1 when one lives
    dev.py mutants WORD ...     those that have one of the words in their names
    dev.py mutants --write      and what each was caught by goes into docs/reliability.md, as soon as it is known

What is taken out is a piece of text in a file. When it is not there any more, or not once, the gate fails: then the table in
tools/mutant_table.py is behind the code.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import NamedTuple

from marked import read, write
from mutant_table import MUTANTS, SIMULATED, Mutant

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COPIED = ("pkgindex", "tests", "tools", "pyproject.toml")
SECONDS_MAX = 1800
HEADS = ("taken out", "in", "caught by")
_SOUND = Lock()


class Fate(NamedTuple):
    """What became of a mutant; `caught` is empty when it lives."""

    mutant: Mutant
    caught: str
    seconds: float


class Stale(Exception):
    """The gate is behind the code: a text is not in its file once, or a battery fails without any mutant."""


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    wanted = [mutant for mutant in MUTANTS if not options.words or any(word in mutant.name for word in options.words)]
    for mutant in wanted:
        changed(mutant)
    wanted.sort(key=lambda mutant: mutant.batteries[0].startswith(SIMULATED))
    with ThreadPoolExecutor(options.processes) as threads:
        fates = []
        for fate in threads.map(tried, wanted):
            fates.append(fate)
            how = "caught" if fate.caught else "LIVES "
            print(f"{how}  {fate.seconds:5.0f} s  {fate.mutant.name}: {fate.caught}", flush=True)
            if options.write:
                _write(fate)
    living = [fate for fate in fates if not fate.caught]
    print(f"{len(fates)} mutants, {len(living)} live")
    return 1 if living else 0


@cache
def _require_sound(battery: str) -> None:
    """In a copy that nothing was taken out of, every test passes; otherwise it would catch everything."""
    with tempfile.TemporaryDirectory(prefix="pkgindex-mutant-") as copy:
        copy_to(copy)
        if failed := _caught(copy, battery):
            raise Stale(f"nothing is taken out, and {battery} fails all the same: {failed}")


def changed(mutant: Mutant) -> str:
    """The file of *mutant* without what it takes out. Raises `Stale`."""
    with open(os.path.join(PROJECT, mutant.file), encoding="utf-8") as file:
        text = file.read()
    if text.count(mutant.text) != 1:
        raise Stale(f"{mutant.name}: its text stands {text.count(mutant.text)} times in {mutant.file}, and not once: "
                    "bring tools/mutant_table.py up to date")
    return text.replace(mutant.text, mutant.instead)


def tried(mutant: Mutant) -> Fate:
    """*mutant* in a copy of the project, against its tests, one command after the other until one fails."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pkgindex-mutant-") as copy:
        copy_to(copy)
        with open(os.path.join(copy, mutant.file), "w", encoding="utf-8") as file:
            file.write(changed(mutant))
        for battery in mutant.batteries:
            with _SOUND:
                _require_sound(battery)
            if caught := _caught(copy, battery):
                return Fate(mutant, caught, time.monotonic() - began)
    return Fate(mutant, "", time.monotonic() - began)


def copy_to(copy: str) -> None:
    for name in COPIED:
        source, target = os.path.join(PROJECT, name), os.path.join(copy, name)
        if os.path.isdir(source):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def _caught(copy: str, battery: str) -> str:
    """What of *battery* fails, empty when nothing does."""
    program = ["tools/simulate.py", "--processes", "1", "--brief"] if battery.startswith(SIMULATED) else [
        "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-n0", "-m", "not slow", "--tb=no"]
    command = [sys.executable, "-B", *program, *battery.removeprefix(SIMULATED).split()]
    # Before the project's own place, which the environment would find.
    environment = {**os.environ, "PYTHONPATH": copy, "HYPOTHESIS_PROFILE": "quick"}
    try:
        run = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=environment, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return f"{battery}: does not end"
    if run.returncode == 0:
        return ""
    if battery.startswith(SIMULATED):
        found = re.search(r"^(seed \d+): (.*)", run.stdout, re.MULTILINE)
        return f"simulate, {found[1]}: {shown(found[2])}" if found else f"simulate ends with {run.stderr[-200:]}"
    failed = re.search(r"^(?:FAILED|ERROR) (\S+?)(?:\[| - |$)", run.stdout, re.MULTILINE)
    return failed[1] if failed and "::" in failed[1] else f"{battery} cannot be run: {run.stdout[-200:]}{run.stderr[-200:]}"


def shown(message: str) -> str:
    """The beginning of what a schedule failed with, without what differs between any two."""
    return re.split(r"[:;(]", message.replace("/index/debian/", ""))[0].strip()[:90]


def _write(fate: Fate) -> None:
    """The row of a mutant into the table; of the others what is known of them stays."""
    known = {row[0]: row for row in read("mutants")}
    known[fate.mutant.name] = [fate.mutant.name, f"`{fate.mutant.file}`", f"`{fate.caught}`" if fate.caught else "**nothing**"]
    write("mutants", [HEADS, *(known[mutant.name] for mutant in MUTANTS if mutant.name in known)])


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stale as stale:
        sys.exit(str(stale))
