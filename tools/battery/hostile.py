"""Bombs, names that try to leave, and files that are none, given to commands as they run: `dev.py battery hostile`.

    --only WORD      only those with this word in their names
    --write          put the rows into docs/reliability.md; those of others stay

Each submission lies in a spool beside a sound one and `pack` is run: it must end with an exit code of its own and no traceback,
the sound one must be packed, and of a directory beside the index nothing may be read or written. Each question is asked of an
index in a process of its own. Printed are the seconds that the process had a processor, and its largest memory. Last, all that
tries to lead out is packed once more under strace, with whatever is hostile and small: what is opened must be the index's, the
spool's, or a part of what is installed. Exit code 1 when something did not hold.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import marked
from battery.bombs import QUESTIONS, SUBMISSIONS, Bomb, tame
from battery.ground import Ground
from battery.intruders import Intruders
from pkgindex.query.index import Index

HEADS = ("what", "bytes", "ended with", "seconds", "MiB", "faults")
MARK = "battery hostile"
# What any of them may take: twice what the largest takes. Time is counted as the processor's.
SECONDS_MAX, MEMORY_MIB_MAX = 120.0, 1024
_ASK = """
import sys
from pkgindex.errors import PkgindexError
from pkgindex.query.index import Index
try:
    list(Index(sys.argv[1]).search(sys.stdin.read(), limit=10))
except PkgindexError as error:
    print(str(error)[:300], file=sys.stderr)
    sys.exit(error.exit_code)
"""


class Row(NamedTuple):
    what: str
    size: int
    code: int
    seconds: float
    mebibytes: int
    faults: tuple[str, ...]

    def cells(self) -> list[str]:
        return [self.what, f"{self.size:,}", str(self.code), f"{self.seconds:.1f}", f"{self.mebibytes:,}",
                str(len(self.faults))]


class Ended(NamedTuple):
    code: int
    said: str
    seconds: float
    mebibytes: int


def measured(command: list[str], environment: dict[str, str], given: str = "") -> Ended:
    """*command* run to its end, with what it and its children took."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as asked:
        asked.write(given.encode())
        asked.seek(0)
        child = subprocess.Popen(command, env={**os.environ, **environment}, stdin=asked, stdout=said, stderr=said,
                                 preexec_fn=_bounded)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        words = said.read().decode("utf-8", "replace")
    return Ended(child.returncode, words, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def _bounded() -> None:
    """So that what has no end ends; above what is allowed, so that it is seen and not just cut off."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(2 * SECONDS_MAX), int(2 * SECONDS_MAX)))
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY_MIB_MAX << 20, 4 * MEMORY_MIB_MAX << 20))


def rows(bombs: Iterable[Bomb]) -> Iterator[Row]:
    for bomb in bombs:
        with tempfile.TemporaryDirectory(prefix="pkgindex-hostile-") as folder:
            yield _asked(bomb, folder) if bomb.question else _packed(bomb, folder)


def _packed(bomb: Bomb, folder: str) -> Row:
    ground = Ground(f"{folder}/ground")
    environment = environment_of(ground)
    run(["init", ground.repo], environment)
    data = bomb.make()
    ground.drop(data, bomb.filename)
    ground.drop(tame(), "tame.jsonl")
    ended = run(["pack"], environment)
    faults = [*unbounded(ended)]
    with Index(ground.index) as index:
        if "tame" not in index.names():
            faults.append(f"the sound one was not packed: {ended.said[-300:]}")
    return Row(bomb.name, len(data), ended.code, ended.seconds, ended.mebibytes, tuple(faults))


def _asked(bomb: Bomb, folder: str) -> Row:
    ground = Ground(f"{folder}/ground")
    run(["init", ground.repo], environment_of(ground))
    ground.drop(tame(), "tame.jsonl")
    run(["pack"], environment_of(ground))
    ended = measured([sys.executable, "-c", _ASK, ground.index], {}, bomb.question)
    return Row(bomb.name, len(bomb.question), ended.code, ended.seconds, ended.mebibytes, tuple(unbounded(ended)))


def run(words: list[str], environment: dict[str, str]) -> Ended:
    return measured([sys.executable, "-m", "pkgindex.cli.main", *words], environment)


def environment_of(ground: Ground) -> dict[str, str]:
    return {"PKGINDEX_INDEX": ground.index, "PKGINDEX_SPOOL": ground.spool, "PKGINDEX_CACHE": f"{ground.here}/cache",
            "PKGINDEX_WAIT_SECONDS_MAX": "0", "PYTHONPATH": marked.PROJECT, "PYTHONDONTWRITEBYTECODE": "1"}


def unbounded(ended: Ended) -> Iterator[str]:
    if ended.code < 0 or ended.code > 5 or "Traceback" in ended.said or "MemoryError" in ended.said:
        yield f"ended with {ended.code}: {ended.said[-600:]}"
    if ended.seconds > SECONDS_MAX or ended.mebibytes > MEMORY_MIB_MAX:
        yield f"took {ended.seconds:.0f} s and {ended.mebibytes} MiB"


def intruding() -> Iterator[Row]:
    """What tries to lead out of the spool and the index, by its kind."""
    for name in Intruders.KINDS:
        with tempfile.TemporaryDirectory(prefix="pkgindex-hostile-") as folder:
            ground = Ground(f"{folder}/ground")
            environment = environment_of(ground)
            run(["init", ground.repo], environment)
            intruders = Intruders(ground, folder)
            count = getattr(intruders, name)()
            ground.drop(tame(), "tame.jsonl")
            with intruders.swapping(name):
                ended = run(["pack"], environment)
            faults = (*unbounded(ended), *intruders.faults())
            yield Row(f"{count} {name.replace('_', ' ')}", 0, ended.code, ended.seconds, ended.mebibytes, faults)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "dev.py battery hostile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    print(*HEADS, sep="  ", flush=True)
    found = []
    chosen = [bomb for bomb in (*SUBMISSIONS, *QUESTIONS) if options.only in bomb.name]
    for source in (rows(chosen), intruding() if options.only in ("", "intruders") else ()):
        for row in source:
            found.append(row)
            print(*row.cells(), sep="  ", flush=True)
            print(*row.faults, sep="\n", end="\n" if row.faults else "", flush=True)
    if options.write:
        _write([row.cells() for row in found])
    faults = [fault for row in found for fault in row.faults]
    if options.only in ("", "opened"):
        faults += _confined(options.write)
    return 1 if faults else 0


def _write(rows: list[list[str]]) -> None:
    """In the order of the bombs; what tries to lead out comes last."""
    known = {cells[0]: cells for cells in (*marked.read(MARK), *rows)}
    bombs = [bomb.name for bomb in (*SUBMISSIONS, *QUESTIONS)]
    marked.write(MARK, [HEADS, *(known[name] for name in bombs if name in known),
                        *(cells for name, cells in known.items() if name not in bombs)])


def _confined(write: bool) -> tuple[str, ...]:
    from battery import confined

    with tempfile.TemporaryDirectory(prefix="pkgindex-hostile-") as folder:
        row = confined.packed(folder)
    print(*confined.HEADS, sep="  ")
    print(*row.cells(), sep="  ")
    print(*row.faults, sep="\n", end="\n" if row.faults else "", flush=True)
    if write:
        marked.write(confined.MARK, [confined.HEADS, row.cells()])
    return row.faults
