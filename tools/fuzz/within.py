"""The process in which a target runs: `within.py guided|changed TARGET RUNS SECONDS SEED`."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from itertools import count

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[0] = PROJECT
sys.path.insert(0, os.path.join(PROJECT, "tools"))
# What one input may take, on a machine that has other things to do too, and all memory of a run.
INPUT_SECONDS_MAX, MEMORY_MIB_MAX = 300, 2048
LOOKED_AT_EVERY = 256


def main(how: str, name: str, runs: int, seconds: int, seed: int) -> None:
    (_guided if how == "guided" else _changed)(name, runs, seconds, seed)


def _guided(name: str, runs: int, seconds: int, seed: int) -> None:
    """By atheris, which ends the process itself."""
    import atheris

    # As `instrument_imports` has it, but that comparisons are not traced too: that takes twice the time.
    with atheris.import_hook.HookManager({"pkgindex"}, set(), False, trace_dataflow=False):
        from fuzz.targets import TARGETS
    target, corpus, tried = TARGETS[name], tempfile.mkdtemp(), count(1)

    def try_bytes(data: bytes) -> None:
        target.try_bytes(data)
        number = next(tried)
        # The library's own limit is of the clock's seconds, of which a busy machine gives few.
        if number % LOOKED_AT_EVERY == 0 and time.process_time() > seconds:
            print(f"Done {number} runs", flush=True)
            os._exit(0)

    for number, data in enumerate(target.small()):
        with open(f"{corpus}/{number}", "wb") as file:
            file.write(data)
    atheris.Setup(["fuzz", f"-runs={runs}", f"-seed={seed}", f"-max_len={target.bytes_max}", f"-timeout={INPUT_SECONDS_MAX}",
                   f"-rss_limit_mb={MEMORY_MIB_MAX}", f"-artifact_prefix={corpus}/", "-reload=0", corpus], try_bytes)
    atheris.Fuzz()


def _changed(name: str, runs: int, seconds: int, seed: int) -> None:
    from fuzz.changing import drawn
    from fuzz.targets import TARGETS

    target, dice = TARGETS[name], random.Random(seed)
    examples = target.small()
    for number in range(1, runs + 1):
        data = drawn(examples, dice)[: target.bytes_max]
        try:
            target.try_bytes(data)
        except Exception:
            print(f"#{number} {data!r}", flush=True)
            raise
    print(f"Done {runs} runs")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))  # type: ignore[misc]
