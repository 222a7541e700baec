"""Readers beside a writer, real processes on a real directory: `dev.py battery readers`.

    --generations N   how many the writer publishes in each scene (1,000)
    --open N          readers that stay, each asking again and again (4)
    --fresh N         readers that are a new `pkgindex` for each question (4)
    --write           put the table into docs/reliability.md

Two scenes: the writer alone, and beside a rebuild, a merge, a fold, a `gc` with a grace of one second, and somebody who puts
back older copies of files. The exit code is 1 when any answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

import marked
from battery.counted import PACKAGES, PACKED_EVERY, REPO, Place, count_in, keep_house, write
from pkgindex.errors import NoIndex, PkgindexError
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.snapshot.verify import verify

HEADS = ("beside the writer", "generations", "answers of open readers", "of fresh ones", "wrong", "back",
         "older than acknowledged", "no index", "failed", "seconds")


class Answer(NamedTuple):
    """What a reader was told: by which generation, the writer's count; `known` was acknowledged before it asked."""

    fresh: bool
    generation: int
    count: int
    known: int


def read_on(place: Place, number: int) -> None:
    reader, last = Reader(place.target().backend, REPO), 0
    while not place.over.value:
        known = place.acknowledged.value
        if not known:
            continue
        try:
            generation, count = reader.ask(_told)
        except NoIndex:
            place.note(f"readers-{number}", "no index", "")
            continue
        except (PkgindexError, AssertionError) as error:
            place.note(f"readers-{number}", "failed", repr(error))
            continue
        if generation < last:
            place.note(f"readers-{number}", "back", f"{last} {generation}")
        last = generation
        place.note(f"readers-{number}", "answer", *Answer(False, generation, count, known))


def _told(snapshot: Snapshot) -> tuple[int, int]:
    """The generation and the count that it says, in every package and in the relations."""
    counts: set[int | None] = set()
    for name in PACKAGES:
        package = snapshot.package(name)
        assert package is not None, f"no {name} in generation {snapshot.generation}"
        found = {count_in(other.name) for release in package.releases.values() for _, other in release.edges()}
        counts |= found - {None}
    assert len(counts) == 1, f"generation {snapshot.generation} says {sorted(counts)}"
    count = counts.pop()
    assert count is not None
    for name in PACKAGES:
        depending = snapshot.dependants(f"{name}{count}")[0]
        assert depending == [name], f"generation {snapshot.generation}: {depending} depend on {name}{count}"
    assert list(snapshot.names("")) == list(PACKAGES), f"generation {snapshot.generation}, the names"
    owners = list(snapshot.owners([f"/{name}/{at}".encode() for name in PACKAGES for at in range(1, count + 1, PACKED_EVERY)]))
    packed = (count - 1) // PACKED_EVERY * PACKED_EVERY + 1
    assert owners == [(f"/{name}/{packed}".encode(), name) for name in PACKAGES], f"generation {snapshot.generation}: {owners}"
    return snapshot.generation, count


def read_anew(place: Place, number: int) -> None:
    """A new process for each question, by the command."""
    program = os.path.join(os.path.dirname(sys.executable), "pkgindex")
    command = [program, "--index", f"{place.directory}/index", "deps", "a", "--transitive", "--json"]
    while not place.over.value:
        known = place.acknowledged.value
        if not known:
            continue
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            place.note(f"readers-{number}", "no index" if "no generation" in run.stderr else "failed", run.stderr)
            continue
        hits = json.loads(run.stdout)["hits"]
        said = [(hit["generation"], count) for hit in hits if (count := count_in(hit["name"])) is not None]
        if len(said) != len(PACKAGES) or len(set(said)) != 1:
            place.note(f"readers-{number}", "failed", f"mixed: {hits}")
            continue
        place.note(f"readers-{number}", "answer", *Answer(True, *said.pop(), known))


# A scene, and what it came to

def scene(generations: int, opened: int, fresh: int, keepers: tuple[str, ...]) -> dict[str, int]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pkgindex-battery-") as directory:
        os.makedirs(f"{directory}/index/{REPO}")
        context = multiprocessing.get_context("spawn")
        place = Place(directory, context.Value("q", 0), context.Value("b", 0))
        started = list(_started(context, place, generations, opened, fresh, keepers))
        for process in started:
            process.join()
        verdict = verify(place.target().backend, REPO)
        result = judged(place, generations, opened + fresh)
        result["failed"] += len(verdict.faults) + sum(process.exitcode != 0 for process in started)
        _tell_failures(place, opened + fresh, verdict.faults)
    return {**result, "seconds": round(time.monotonic() - began)}


def _started(
    context: Any, place: Place, generations: int, opened: int, fresh: int, keepers: tuple[str, ...]
) -> Iterator[BaseProcess]:
    works: list[tuple[Callable[..., None], object]] = [(write, generations)]
    works += [(read_on, number) for number in range(opened)]
    works += [(read_anew, opened + number) for number in range(fresh)]
    works += [(keep_house, what) for what in keepers]
    for work, argument in works:
        process = context.Process(target=work, args=(place, argument))
        process.start()
        yield process


def judged(place: Place, generations: int, readers: int) -> dict[str, int]:
    """The answers, compared with what the writer noted of each generation."""
    published = sorted((generation, count) for generation, count in place.notes("published"))
    assert len({generation for generation, _ in published}) == generations, "a number was given twice"
    numbers = [generation for generation, _ in published]
    result = dict.fromkeys(("open", "fresh", "wrong", "back", "older", "no index", "failed"), 0)
    for number in range(readers):
        for what, *values in place.notes(f"readers-{number}"):
            if what != "answer":
                result[what] += 1
                continue
            answer = Answer(*values)
            result["fresh" if answer.fresh else "open"] += 1
            # Who keeps house publishes too, and changes nothing.
            result["wrong"] += answer.count != published[bisect_right(numbers, answer.generation) - 1][1]
            result["older"] += answer.generation < answer.known
    return {"generations": max(numbers), **result}


def _tell_failures(place: Place, readers: int, faults: Any) -> None:
    told = [f"verify: {fault}" for fault in faults]
    told += [f"reader {number}: {what} {values}" for number in range(readers)
             for what, *values in place.notes(f"readers-{number}") if what != "answer"]
    kept = [f"{what}: {error}" for what, error in place.notes("kept") if error not in ("", "overtaken")]
    for line in (told + kept)[:20]:
        print(line[:300], file=sys.stderr)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    rows, sound = [], True
    for name, keepers in (("nobody", ()), ("rebuild, merge, fold, gc, restore", ("rebuild", "merge", "fold", "gc", "restore"))):
        result = scene(options.generations, options.open, options.fresh, keepers)
        sound = sound and not any(result[what] for what in ("wrong", "back", "older", "no index", "failed"))
        rows.append((name, *(f"{value:,}" for value in result.values())))
        print(f"| {' | '.join(rows[-1])} |", flush=True)
    if options.write:
        marked.write("battery readers", [HEADS, *rows])
    return 0 if sound else 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py battery readers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--open", type=int, default=4)
    parser.add_argument("--fresh", type=int, default=4)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args(arguments)
