"""What a reader that stays open reads again after one package was published.

Counted are the bytes that this process asks files for (`rchar` of /proc/self/io): blobs and SQLite's pages alike, from the disk
or from the page cache. Listing a directory is not among them. A question also reads when nothing has changed, because a
reader does not keep whole shards in memory; so each is asked twice after a publish, and what the second asking reads is taken
off. What is left is what the publish made the reader read.
"""

from __future__ import annotations

from collections.abc import Callable

from bench_data import REPO, Place
from bench_packing import APART
from bench_peers import Peers
from bench_rows import count
from bench_subsets import change, pack_files, subset, target_of
from bench_table import Row, figure
from bench_timing import median
from pkgindex.query.index import Index

KIB_MAX = 64.0
PUBLISHES = 11
KIB = 1024
QUESTIONS: dict[str, Callable[[Index], int]] = {
    "search": lambda index: count(index.search("web server", limit=20)),
    "owner": lambda index: len(index.owner("/usr/bin/python3", "/usr/bin/curl")),
    "path": lambda index: count(index.paths("libcrypto")),
    "depends:": lambda index: count(index.search("depends:libcurl4", packages=True)),
}


def rereading_rows(place: Place, peers: Peers) -> list[Row]:
    """In the whole index, and in one of every tenth package."""
    many = rereading_row("one package changed: what an open reader reads for it", place, place.twin())
    few = rereading_row("the same with a tenth of the packages", place, subset(place, peers, APART))
    return [many, few]


def rereading_row(what: str, place: Place, index_path: str, publishes: int = PUBLISHES) -> Row:
    """The median over some publishes of what all questions together read because of one."""
    changed, again = [], []
    with Index(index_path) as index:
        for number in range(1, publishes + 1):
            _ask(index)
            before = index.snapshot(REPO).generation
            _publish(place, index_path, number)
            first, second = _ask(index), _ask(index)
            if index.snapshot(REPO).generation <= before:
                raise SystemExit(f"publish {number} in {index_path} was not seen: generation {before} is still the newest")
            changed.append(sum(first.values()) - sum(second.values()))
            again.append(sum(second.values()))
        packages = index.snapshot(REPO).manifest.packages
    kib = median(changed) / KIB
    said = f"{packages:,} packages; at most {figure(max(changed) / KIB, 'KiB')} in {publishes} publishes; "
    said += f"the same questions without one read {figure(median(again) / KIB, 'KiB')}"
    return Row(what, kib, KIB_MAX, "KiB", answers=said)


def bytes_read() -> int:
    """How many bytes this process has read from files so far, this very file among them."""
    with open("/proc/self/io", encoding="ascii") as file:
        return int(file.readline().removeprefix("rchar: "))


def _ask(index: Index) -> dict[str, int]:
    """The bytes that each question reads; what reading the counter adds is the same each time."""
    found = {}
    for name, ask in QUESTIONS.items():
        before = bytes_read()
        ask(index)
        found[name] = bytes_read() - before
    return found


def _publish(place: Place, index_path: str, number: int) -> None:
    path = place.path("rereading.json")
    with open(path, "wb") as file:
        file.write(change(number, index_path))
    pack_files(target_of(index_path), [path], f"rereading-{number}")
