"""Readers beside a writer: processes ask mixed questions while a generation is published each second.

What is published is one package, the beacon: in generation after generation its version, its one file, its summary and what
it depends upon all carry the same number. So a wrong answer can be told from a right one at any moment: within one snapshot all
four must agree, generations must not go back, and questions that have nothing to do with the beacon must answer as ever.

    bench_readers.py INDEX SECONDS EXPECTED FILE        one reader: leaves what it found in FILE
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench_data import REPO, Place
from bench_table import Row
from bench_timing import quantile
from pkgindex.config import Settings
from pkgindex.errors import PkgindexError
from pkgindex.packer.pack import pack
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.query.index import Index
from pkgindex.query.relating.relations import dependants
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend

SECONDS = 10.0
READERS = 2
BEACON = "bench-beacon"
EACH_SECONDS = 1.0
PROGRAM = os.path.abspath(__file__)


class Found(NamedTuple):
    """What one reader met."""

    seconds: list[float]
    errors: list[str]
    wrong: list[str]
    generations: int


def readers_rows(place: Place) -> list[Row]:
    index = place.twin()
    target = Target(LocalBackend(os.path.join(index, REPO)), REPO, Settings(keep_generations=3, grace_seconds=2.0))
    _publish(target, place, 0)
    expected = place.path("expected.json")
    with Index(index) as opened, open(expected, "w", encoding="utf-8") as file:
        json.dump({name: ask(opened) for name, ask in STEADY.items()}, file)
    outputs = [place.path(f"reader-{number}.json") for number in range(READERS)]
    processes = [subprocess.Popen([sys.executable, PROGRAM, index, str(SECONDS), expected, output]) for output in outputs]
    try:
        published = _publish_until_ended(target, place, processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return _rows([_found(output) for output in outputs], published)


def read(index_path: str, seconds: float, expected: dict[str, Any]) -> Found:
    """Ask for so long; each question is counted, and what is wrong is said in words."""
    times: list[float] = []
    errors, wrong, generations, last = [], [], set[int](), 0
    end = time.monotonic() + seconds
    with Index(index_path) as index:
        questions = [(name, ask) for name, ask in STEADY.items() if name in expected]
        while time.monotonic() < end:
            for name, ask in [*questions, ("beacon", _beacon)]:
                began = time.perf_counter()
                try:
                    answer = ask(index)
                except PkgindexError as error:
                    errors.append(f"{name}: {error}")
                    continue
                times.append(time.perf_counter() - began)
                if name == "beacon":
                    if answer[0]:
                        wrong.append(answer[0])
                    if answer[1] < last:
                        wrong.append(f"generation {answer[1]} after {last}")
                    last = answer[1]
                    generations.add(last)
                elif answer != expected[name]:
                    wrong.append(f"{name}: {str(answer)[:200]}")
    return Found(times, errors, wrong, len(generations))


def _steady_answers() -> dict[str, Callable[[Index], Any]]:
    """Questions whose answer is the same in every generation, as JSON keeps it."""
    return {
        "owner": lambda index: [hit.package for hit in index.owner("/usr/bin/python3", "/bin/bash", "/usr/bin/none")],
        "path": lambda index: sum(1 for _ in index.paths("libcrypto")),
        "none": lambda index: sum(1 for _ in index.paths("zzzzqq")),
        "search": lambda index: [hit.package for hit in index.search("image editor", limit=10)],
        "question": lambda index: [hit.value for found in index.search("depends:zlib1g section:editors") for hit in found.hits],
        "rdeps": lambda index: len(index.dependants("zlib1g")),
        "deps": lambda index: [edge.name for edge in index.dependencies("curl")],
        "show": lambda index: len(index.files("bash")),
        "why": lambda index: [edge.name for edge in index.why("curl", "zlib1g")],
    }


STEADY = _steady_answers()


def _beacon(index: Index) -> tuple[str, int]:
    """(what is wrong, generation): within one snapshot, all that is said of the beacon has one number."""
    snapshot = index.snapshot(REPO)
    package = snapshot.package(BEACON)
    if package is None:
        return f"generation {snapshot.generation} has no {BEACON}", snapshot.generation
    (version, _), release = next(iter(package.releases.items()))
    number = version.removeprefix("1.")
    here, before = f"/usr/share/{BEACON}/{number}", f"/usr/share/{BEACON}/{int(number) - 1}"
    told = {
        "releases": len(package.releases) == 1,
        "owner": [name for _, name in snapshot.owners([here.encode()])] == [BEACON],
        "owner before": not list(snapshot.owners([before.encode()])),
        "summary": release.summary == f"beacon numero{number}",
        "search": _finds_beacon(index, snapshot, f"numero{number}"),
        "depends:": _finds_beacon(index, snapshot, f"depends:{BEACON}-{number}"),
        "needs": release.relations["depends"][0][0].name == f"{BEACON}-{number}",
        "needed by": [edge.name for edge in dependants(snapshot, f"{BEACON}-{number}")] == [BEACON],
    }
    lies = [what for what, right in told.items() if not right]
    return f"generation {snapshot.generation}, beacon {number}: {', '.join(lies)}" if lies else "", snapshot.generation


def _finds_beacon(index: Index, snapshot: Snapshot, question: str) -> bool:
    """Whether that is the answer in this snapshot; a later one, which the index may have gone on to, is asked next time."""
    found = [answer.package for answer in index.search(question, packages=True)]
    return found == [BEACON] or index.snapshot(REPO).generation != snapshot.generation


def _found(output: str) -> Found:
    with open(output, encoding="utf-8") as file:
        return Found(**json.load(file))


def _publish(target: Target, place: Place, number: int) -> None:
    path = place.path("beacon.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": BEACON, "releases": [{
            "version": f"1.{number}", "architecture": "all", "summary": f"beacon numero{number}",
            "depends": [f"{BEACON}-{number}"], "files": [f"/usr/share/{BEACON}/{number}"],
        }]}, file)
    report = pack(target, [Submission(path, "beacon.json", f"beacon-{number}")])
    if not report.generation:
        raise SystemExit(f"beacon {number} made no generation: {report}")


def _publish_until_ended(target: Target, place: Place, processes: list[subprocess.Popen[bytes]]) -> int:
    number = 0
    while any(process.poll() is None for process in processes):
        began = time.monotonic()
        number += 1
        _publish(target, place, number)
        while time.monotonic() < began + EACH_SECONDS and any(process.poll() is None for process in processes):
            time.sleep(0.02)
    return number


def _rows(found: list[Found], published: int) -> list[Row]:
    times = [seconds for reader in found for seconds in reader.seconds]
    errors = [error for reader in found for error in reader.errors]
    wrong = [answer for reader in found for answer in reader.wrong]
    half, most = quantile(times, 0.5), quantile(times, 0.99)
    seen = min(reader.generations for reader in found)
    said = f"{len(times):,} answers over {published} publishes; each reader met {seen} generations or more"
    said += f"; first: {(errors + wrong)[0]}" if errors or wrong else ""
    return [Row(
        f"{READERS} readers, mixed questions, a publish each second", most, None, answers=said,
        shown=f"{len(errors)} errors, {len(wrong)} wrong; p50 {half * 1000:.2f} ms, p99 {most * 1000:.1f} ms",
        wanted="no error, no wrong answer", reached=not errors and not wrong and seen > 1,
    )]


def main(arguments: list[str]) -> int:
    index_path, seconds, expected, output = arguments
    with open(expected, encoding="utf-8") as file:
        found = read(index_path, float(seconds), json.load(file))
    with open(output, "w", encoding="utf-8") as file:
        json.dump(found._asdict(), file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
