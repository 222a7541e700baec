"""Fuzzing of everything that reads what others wrote: `python tools/fuzz [--write] [TARGET ...]`

    pip install atheris
    python tools/fuzz --runs 1000000 --seconds 120 --write

With atheris, which is wanted for this only, inputs are guided by what of the readers they cover, for as many seconds of the
processor as --seconds says; those that are left of --runs then, or all without atheris, are examples changed at random. Each
target runs in a process of its own; what was tried is printed, also when nothing was found. Exit code 1 when something was.
"""

from __future__ import annotations

import argparse
import os
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(PROJECT, "tools"), PROJECT]


def main() -> int:
    options = _options()
    from fuzz import running, table
    from fuzz.targets import TARGETS

    print(*table.HEADS, sep="  ", flush=True)
    failed = False
    for name in options.targets or TARGETS:
        row, said = running.fuzzed(name, TARGETS[name], options.runs, options.seconds, options.seed)
        print(*row.cells(), sep="  ", flush=True)
        if row.findings:
            failed = True
            print(said, flush=True)
        if options.write:
            table.write(row, tuple(TARGETS))
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("tools/fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs for each target (1,000,000)")
    parser.add_argument("--seconds", type=int, default=3600, help="of the processor, that they are guided at most (3600)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the rows into docs/reliability.md; those of others stay")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
