"""Names given and taken as fast as can be, by many threads, so that some are under way whenever answers get lost.

    python -m lab.inside.hammer INDEX NAME RECORD SECONDS

Every name belongs to this process alone, so each link and each rename has to be told as done; what a call answered instead,
although it was done, is counted by call.
"""

from __future__ import annotations

import argparse
import errno
import os
import threading
import time
from collections.abc import Callable

from lab.inside.record import Record
from lab.place import REPO
from pkgindex.errors import PkgindexError
from pkgindex.spool import moves
from pkgindex.store.local import LocalBackend

THREADS = 12


class Place:
    """The names of one thread. What is done with them says whether it was done."""

    def __init__(self, root: str) -> None:
        self._root = root
        for part in ("from", "to"):
            os.makedirs(os.path.join(root, part))
        self._backend = LocalBackend(root)

    def link(self, name: str) -> bool:
        self._backend.link(f"linked/{name}", name.encode())
        return True

    def place(self, name: str) -> bool:
        return moves.place(self._made(name), os.path.join(self._root, "to", name))

    def move(self, name: str) -> bool:
        return moves.move(self._made(name), os.path.join(self._root, "to", name))

    def _made(self, name: str) -> str:
        path = os.path.join(self._root, "from", name)
        with open(path, "xb"):
            return path


class Hammer:
    def __init__(self, wanted: argparse.Namespace) -> None:
        self._root = os.path.join(wanted.index, f"{REPO}-names-{wanted.name}")
        self._record = Record(wanted.record)
        self._lock = threading.Lock()
        self._end = time.monotonic() + wanted.seconds
        self._done = 0

    def work(self) -> None:
        self._record.say("begin", pid=os.getpid())
        for call in ("link", "rename"):
            setattr(os, call, self._watched(getattr(os, call), call))
        threads = [threading.Thread(target=self._strike, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._record.say("end", looks=self._done)

    def _strike(self, thread: int) -> None:
        # In directories of its own: within one a client sends one change after the other.
        place = Place(os.path.join(self._root, str(thread)))
        number = 0
        while time.monotonic() < self._end:
            number += 1
            for what, act in (("link", place.link), ("place", place.place), ("move", place.move)):
                self._try(f"{what}{number}", act)

    def _try(self, name: str, act: Callable[[str], bool]) -> None:
        try:
            done = act(name)
        except (OSError, PkgindexError) as error:
            self._say("wrong", faults=[f"{name}: {error}"])
            return
        if not done:
            self._say("wrong", faults=[f"{name} was said not to be done"])
        self._done += 1

    def _watched(self, call: Callable[[str, str], None], what: str) -> Callable[[str, str], None]:
        def watched(source: str, target: str) -> None:
            try:
                call(source, target)
            except OSError as error:
                # Listed, which is fresh; the name is nobody else's.
                if os.path.basename(target) in os.listdir(os.path.dirname(target)):
                    self._say("refused", call=f"{what} {errno.errorcode.get(error.errno or 0)}")
                raise

        return watched

    def _say(self, event: str, **facts: object) -> None:
        with self._lock:
            self._record.say(event, **facts)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("index", "name", "record"):
        parser.add_argument(name)
    parser.add_argument("seconds", type=float)
    Hammer(parser.parse_args()).work()


if __name__ == "__main__":
    main()
