"""Fuzzing of everything that reads what others wrote: `python tools/fuzz [--runs N] [--seconds S] [TARGET ...]`

    pip install atheris
    python tools/fuzz --runs 200000

With atheris, which is wanted for this only, inputs are guided by what of the readers they cover; without it examples are
changed at random. Each target runs in a process of its own; what was tried is printed, also when nothing was found. Exit code
1 when something was.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(PROJECT, "tools"), PROJECT]
SHOWN_LINES = 12
# What one input may take, on a machine that has other things to do too, and all memory of a run.
INPUT_SECONDS_MAX, MEMORY_MIB_MAX, INPUT_BYTES_MAX = 300, 2048, 8192


def main() -> int:
    options = _options()
    if options.within:
        return _within(options.targets[0], options.runs, options.seconds, options.seed)
    from fuzz.targets import TARGETS

    print(f"{'target':<20}{'inputs':>12}{'seconds':>9}{'findings':>10}  {_how()}", flush=True)
    failed = 0
    for name in options.targets or TARGETS:
        began = time.monotonic()
        command = [sys.executable, os.path.abspath(os.path.dirname(__file__)), "--within", "--runs", str(options.runs),
                   "--seconds", str(options.seconds), "--seed", str(options.seed), name]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        said = done.stdout + done.stderr
        tried = re.findall(r"^(?:#|Done )(\d+)", said, re.MULTILINE)
        print(f"{name:<20}{int(tried[-1]) if tried else 0:>12,}{time.monotonic() - began:>9.0f}{int(done.returncode != 0):>10}",
              flush=True)
        if done.returncode:
            failed += 1
            print(*said.rstrip().split("\n")[-SHOWN_LINES:], sep="\n")
    return 1 if failed else 0


def _how() -> str:
    from importlib.util import find_spec

    return "guided by coverage" if find_spec("atheris") else "changed at random (no atheris)"


def _within(name: str, runs: int, seconds: int, seed: int) -> int:
    try:
        import atheris
    except ImportError:
        return _at_random(name, runs, seconds, seed)
    with atheris.instrument_imports(include=["pkgindex"]):
        from fuzz.targets import TARGETS
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(target.seeds):
            with open(f"{corpus}/{number}", "wb") as file:
                file.write(data[:INPUT_BYTES_MAX])
        # It ends the process itself.
        atheris.Setup(["fuzz", f"-runs={runs}", f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={INPUT_BYTES_MAX}",
                       f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}", f"-artifact_prefix={corpus}/",
                       corpus], target.try_bytes)
        atheris.Fuzz()
    return 0


def _at_random(name: str, runs: int, seconds: int, seed: int) -> int:
    from fuzz.changing import drawn
    from fuzz.targets import TARGETS

    target, dice, ends = TARGETS[name], random.Random(seed), time.monotonic() + seconds
    for number in range(1, runs + 1):
        data = drawn(target.seeds, dice)
        try:
            target.try_bytes(data)
        except Exception:
            print(f"#{number} {data!r}")
            raise
        if number == runs or time.monotonic() > ends:
            print(f"Done {number} runs")
            break
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("tools/fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
