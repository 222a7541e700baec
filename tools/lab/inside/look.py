"""A reader: asks for all there is again and again, and says what it saw of each generation, and what was wrong with it.

    python -m lab.inside.look INDEX NAME RECORD SECONDS WRITERS [--pause S] [--hold S] [--ahead S]

With --hold it keeps the newest manifest and one snapshot open for that long before it asks them again: on the writer's host a
file that is removed meanwhile gets another name and lives on, on others it is stale.
"""

from __future__ import annotations

import argparse
import os
import time

from lab.inside.content import Seen, examine
from lab.inside.record import Record
from lab.place import REPO
from pkgindex.errors import Corrupt, Gone, PkgindexError, StoreError
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend

LATER_SECONDS = 3.0


class Looker:
    def __init__(self, wanted: argparse.Namespace) -> None:
        self._wanted = wanted
        self._writers = wanted.writers.split(",")
        self._record = Record(wanted.record, wanted.ahead)
        self._root = os.path.join(wanted.index, REPO)
        self._reader = Reader(LocalBackend(self._root), REPO)
        self._last = -1
        self._looks = self._restarts = 0
        self._longest = 0.0

    def work(self) -> None:
        self._record.say("begin", pid=os.getpid())
        end = time.monotonic() + self._wanted.seconds
        look = self._hold if self._wanted.hold else self._look
        while time.monotonic() < end and not os.path.exists(f"{self._wanted.record}.stop"):
            began = time.monotonic()
            look()
            self._longest = max(self._longest, time.monotonic() - began)
            time.sleep(max(0.0, self._wanted.pause - (time.monotonic() - began)))
        self._record.say("end", looks=self._looks, restarts=self._restarts, longest=round(self._longest, 3))

    def _look(self) -> None:
        asked = 0

        def question(snapshot: Snapshot) -> tuple[float, Seen]:
            nonlocal asked
            asked += 1
            # When it was known: what is asked of it afterwards takes its own time.
            return time.time(), examine(snapshot, self._writers)

        try:
            at, seen = self._reader.ask(question)
        except Corrupt as error:
            self._record.fault(error, later=self._later())
        except StoreError as error:
            self._record.fault(error)
        else:
            self._looks += 1
            self._restarts += asked - 1
            self._tell(at, seen)

    def _later(self) -> str:
        """What the same generation answers to one who comes after all caches have forgotten."""
        try:
            generation = self._reader.numbers()[-1]
            time.sleep(LATER_SECONDS)
            return str(examine(Reader(LocalBackend(self._root), REPO).at(generation), self._writers).faults)
        except PkgindexError as error:
            return f"{type(error).__name__}: {error}"

    def _tell(self, at: float, seen: Seen) -> None:
        if seen.generation < self._last:
            self._record.say("wrong", faults=[f"generation {seen.generation} after {self._last}"])
        if seen.faults:
            self._record.say("wrong", generation=seen.generation, faults=seen.faults)
        if seen.generation != self._last:
            self._last = seen.generation
            self._record.say("saw", generation=seen.generation, counts=seen.counts, known=round(at - self._wanted.ahead, 4))

    def _hold(self) -> None:
        """Hold on to a generation for long: what is asked of it then is right, or gone."""
        try:
            snapshot = self._reader.ask(lambda newest: newest)
            with open(os.path.join(self._root, "generations", f"{snapshot.generation:016d}"), "rb") as manifest:
                manifest.read(1)
                time.sleep(self._wanted.hold)
                seen = examine(snapshot, self._writers)
        except (Gone, FileNotFoundError):
            self._restarts += 1
            return
        except StoreError as error:
            self._record.fault(error, held=True)
            return
        self._looks += 1
        if seen.faults:
            self._record.say("wrong", generation=seen.generation, faults=seen.faults)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("index", "name", "record"):
        parser.add_argument(name)
    parser.add_argument("seconds", type=float)
    parser.add_argument("writers")
    for name in ("--pause", "--hold", "--ahead"):
        parser.add_argument(name, type=float, default=0.0)
    Looker(parser.parse_args()).work()


if __name__ == "__main__":
    main()
