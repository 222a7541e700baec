"""A writer: publishes as fast as it can, or so many times a second, and says which publish was acknowledged.

    python -m lab.inside.publish INDEX NAME RECORD SECONDS [--lock] [--patience S] [--pause S] [--retire N] [--ahead S]

Without --lock it relies on the link alone, as a writer does whose lock was given away. It is ended early by a file
RECORD.stop.
"""

from __future__ import annotations

import argparse
import errno
import os
import time
from contextlib import ExitStack

from lab.inside.content import changes
from lab.inside.record import Record
from lab.place import REPO
from pkgindex.config import Settings
from pkgindex.errors import Busy, Exists, Gone, StoreError
from pkgindex.packer.commit import commit
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target
from pkgindex.store.local import LocalBackend
from pkgindex.store.lock import WriterLock

KEEP = 24
GRACE_SECONDS = 2.0
GONE_SECONDS = 0.05


class Writer:
    def __init__(self, wanted: argparse.Namespace) -> None:
        self._wanted = wanted
        self._root = os.path.join(wanted.index, REPO)
        self._record = Record(wanted.record, wanted.ahead)
        settings = Settings(index=wanted.index, keep_generations=KEEP, grace_seconds=GRACE_SECONDS)
        self._target = Target(LocalBackend(self._root), REPO, settings)
        self._ledger = Ledger(self._target)
        self._count = 0

    def watch_links(self) -> None:
        """From now on say which links were refused although they had been made: their first answer was lost."""
        link = os.link

        def watched(file: str, path: str) -> None:
            try:
                link(file, path)
            except OSError as error:
                if os.stat(file).st_nlink > 1:
                    self._record.say("refused", call=f"link {errno.errorcode.get(error.errno or 0)}")
                raise

        setattr(os, "link", watched)  # noqa: B010 - it has fewer parameters, which mypy would mind

    def work(self) -> None:
        self._record.say("begin", pid=os.getpid())
        end = time.monotonic() + self._wanted.seconds
        while time.monotonic() < end and not os.path.exists(f"{self._wanted.record}.stop"):
            began = time.monotonic()
            self._count += 1
            with self._turn():
                self._publish()
            if self._wanted.retire and self._count % self._wanted.retire == 0:
                self._retire()
            time.sleep(max(0.0, self._wanted.pause - (time.monotonic() - began)))
        self._record.say("end")

    def _turn(self) -> ExitStack:
        """The writers' lock, or nothing when it is not to be had in a moment: it is a courtesy."""
        held = ExitStack()
        if self._wanted.lock:
            try:
                held.enter_context(WriterLock(os.path.join(self._root, "writer.lock"), "the battery", self._wanted.patience))
            except (Busy, StoreError) as error:
                self._record.say("unlocked", why=str(error)[:200])
        return held

    def _publish(self) -> None:
        """This publish until it is acknowledged, or nobody knows."""
        while True:
            try:
                self._ledger.refresh()
                generation = self._ledger.head.manifest.generation + 1
                self._record.say("try", generation=generation, count=self._count)
                began = time.monotonic()
                commit(self._ledger, changes(generation, self._wanted.name, self._count))
                self._record.say("ack", generation=generation, count=self._count, took=round(time.monotonic() - began, 3))
                return
            except Exists as error:
                self._record.say("again", why=str(error)[:200], generation=generation, count=self._count,
                                 unknown="before its writer came to look" in str(error))
            except Gone:
                self._record.say("again", why="what is there was retired, or is out of reach")
                time.sleep(GONE_SECONDS)
            except StoreError as error:
                self._record.say("doubt", why=str(error)[:300], count=self._count)
                return

    def _retire(self) -> None:
        try:
            retired = retire(self._target.backend, REPO, self._target.settings)
            self._record.say("retired", generations=len(retired.generations), blobs=retired.blobs)
        except Gone:
            self._record.say("again", why="retiring met another that retires")
        except StoreError as error:
            self._record.fault(error, retiring=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("index", "name", "record"):
        parser.add_argument(name)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--patience", type=float, default=1.0)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--retire", type=int, default=0)
    parser.add_argument("--ahead", type=float, default=0.0)
    writer = Writer(parser.parse_args())
    writer.watch_links()
    writer.work()


if __name__ == "__main__":
    main()
