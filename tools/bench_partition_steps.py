"""One process that publishes or asks, so that it can be timed and traced alone.

    bench_partition_steps.py BACKEND publish FILE...        each as a generation of its own
    bench_partition_steps.py BACKEND deps|rdeps NAME TIMES  the same question so often, of one open reader; before each but
                                                            the first it waits for a line on stdin

Prints the seconds that each step took, a line each. BACKEND: local:DIRECTORY, share:DIRECTORY (a directory, taken for a
share), journal:FILE or the address of a database.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from bench_data import REPO
from bench_subsets import pack_files
from pkgindex.config import Settings
from pkgindex.packer.target import Target
from pkgindex.query.relating.relations import dependants, dependencies
from pkgindex.snapshot.reader import Reader
from pkgindex.store.backend import Backend
from pkgindex.store.local import LocalBackend


def backend_of(words: str) -> Callable[[], Backend]:
    """What opens the backend; its modules are imported here, so that only the opening is timed."""
    kind, _, place = words.partition(":")
    if kind in ("local", "share"):
        return lambda: LocalBackend(place, kind == "share")
    if kind == "journal":
        from pkgindex.store.journal import JournaledBackend

        return lambda: JournaledBackend(place)
    from pkgindex.store.postgres import PostgresBackend

    return lambda: PostgresBackend(words, REPO)


def publish(backend: Backend, files: list[str]) -> Iterator[float]:
    target = Target(backend, REPO, Settings())
    for file in files:
        yield _seconds(lambda: pack_files(target, [file], file))  # noqa: B023 - called at once


def asked(words: str, question: str, name: str, times: int) -> Iterator[float]:
    """The first is asked of a backend and a reader that are opened for it."""
    opened = backend_of(words)
    began = time.perf_counter()
    reader = Reader(opened(), REPO)
    _ask(reader, question, name)
    yield time.perf_counter() - began
    for _ in range(times - 1):
        sys.stdin.readline()
        yield _seconds(lambda: _ask(reader, question, name))


def _ask(reader: Reader, question: str, name: str) -> None:
    ask = dependencies if question == "deps" else dependants
    if not reader.ask(lambda snapshot: list(ask(snapshot, name))):
        raise SystemExit(f"{question} {name}: nothing")


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    words, step, *rest = arguments
    found = publish(backend_of(words)(), rest) if step == "publish" else asked(words, step, rest[0], int(rest[1]))
    for seconds in found:
        print(seconds, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
