"""Every file of an index damaged, and each kind of question asked: `dev.py battery damage`.

    --large          an index of the sample's packages instead, damaged at random on its disk
    --index DIR      the same with the repository in this directory, of any size (a copy of it is damaged)
    --tries N        at most so many bytes of a file are flipped (all; at random, 12 damages a kind of file)
    --seed N         what is drawn at random (1)
    --kind KIND      only files of this kind; may be given again
    --write          put the table into docs/reliability.md

Without these: an index of a few packages with all kinds of files, of which every byte is flipped, and which is cut, zeroed,
taken away, and given files of other packages and generations. After each damage a reader that comes anew is asked all for
which it looks at that file, and some of the rest: it must answer right, or right by recovery, or name the file and the remedy.
`verify` must find each, and `pack --rebuild` (where a package's own file is hit: and its listing) must restore what was there.
Exit code 1 when something did not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests"))

import marked
from battery.asking import OUTCOMES, RAISED, WRONG, Question, answers, files_read, outcomes, questions
from battery.large import small_tails
from battery.wounds import Wound, exhaustive
from packer.damage import FIRST, SECOND, THIRD, small
from packer.test_commit import Mirror
from packer.world import REPO, drop
from pkgindex.config import Settings
from pkgindex.packer.pack import pack
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target
from pkgindex.snapshot import reader
from pkgindex.snapshot.verify import verify
from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend

KINDS = ("manifest", "page", "forward", "reverse", "dead", "delta", "text shard", "paths shard")
HEADS = ("damaged", "files", "damages", "questions", *OUTCOMES, "verified", "not found", "rebuilt", "not restored")
MARK, MARK_LARGE = "battery damage", "battery damage --large"
FAULTS_SHOWN = 20
ALL = 1 << 62
LARGE_TRIES = 12
REBUILD_EVERY = 20
# Of the questions for which a file is not even looked at.
OTHERS_ASKED = 3
LISTING = [*FIRST[:2], *SECOND, THIRD[1]]
COMMITS: tuple[dict[str, tuple[str, ...] | None], ...] = (
    {"bash": ("vim",), "new": ("bash", "curl")}, {"newer": ("new",)}, {"new": ("libc6",), "vim": ()},
)


class Row(NamedTuple):
    """Of one kind of file: what was asked after all damages to it together, and what came of it."""

    kind: str
    files: int
    counts: Counter[str]
    faults: tuple[str, ...]

    def cells(self) -> list[str]:
        questions = sum(self.counts[outcome] for outcome in OUTCOMES)
        counted = [self.counts[head] for head in ("damages", *OUTCOMES, *HEADS[-4:])]
        return [self.kind, *[f"{count:,}" for count in (self.files, counted[0], questions, *counted[1:])]]


class Asked(NamedTuple):
    """Questions, what a sound index answers to each, and the files that are looked at for it."""

    questions: dict[str, Question]
    right: dict[str, Any]
    read: dict[str, set[str]]

    def concerned(self, name: str) -> list[str]:
        """The questions for which the file *name* is looked at."""
        return [question for question, files in self.read.items() if name in files]

    def of(self, name: str, turn: int) -> dict[str, Question]:
        """These, and a few others, which come in turn."""
        concerned = self.concerned(name)
        others = [question for question in self.questions if question not in concerned]
        few = [others[(turn * OTHERS_ASKED + place) % len(others)] for place in range(min(OTHERS_ASKED, len(others)))]
        return {question: self.questions[question] for question in (*concerned, *few)}


class Small(NamedTuple):
    """An index with every kind of file, each of them named by its one generation; *older* are files that it had."""

    blobs: dict[str, bytes]
    older: dict[str, bytes]
    asked: Asked
    relisted: dict[str, Any]


def small_index(partition: str = "package") -> Small:
    """Shards, dead and loose packages, and over all of that deltas: some in a file, some in the manifest."""
    with small_tails():
        backend = small(partition)
        mirror = Mirror(backend)
        for changes in COMMITS:
            mirror.commit(changes)
    older = backend.blobs()
    retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0))
    blobs = backend.blobs()
    asked = questions(["curl", "libc6"], ["/usr/bin/curl", "/lib/libz.so.2"], ["data", "shell"])
    right = answers(backend, REPO, asked)
    _relist(backend)
    return Small(blobs, older, Asked(asked, right, files_read(blobs, REPO, asked)), answers(backend, REPO, asked))


def kind_of(name: str) -> str:
    folder, _, rest = name.partition("/")
    if folder == "shards":
        return f"{rest.partition('-')[0]} shard"
    return {"generations": "manifest", "pages": "page", "deltas": "delta"}.get(folder, folder)


def by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        found[kind_of(name)].append(name)
    return found


def rows(found: Small, tries: int = ALL, kinds: Sequence[str] = KINDS) -> Iterator[Row]:
    """One a kind of file."""
    files = by_kind(list(found.blobs))
    for kind in kinds:
        yield _row(found, kind, files[kind], tries)


def _row(found: Small, kind: str, files: Sequence[str], tries: int) -> Row:
    counts: Counter[str] = Counter()
    faults: list[str] = []
    for name in files:
        for wound in exhaustive(found.blobs, found.older, name, tries):
            counts["damages"] += 1
            faults += [f"{wound}: {fault}" for fault in _judged(found, wound, counts)]
    return Row(kind, len(files), counts, tuple(faults))


def _judged(found: Small, wound: Wound, counts: Counter[str]) -> Iterator[str]:
    """What does not hold after *wound*."""
    yield from told_of(MemoryBackend(wound.blobs), REPO, found.asked, wound.name, counts)
    if leaves_no_generation(wound):
        return
    counts["verified"] += 1
    if verify(MemoryBackend(wound.blobs), REPO).sound:
        counts["not found"] += 1
        yield "verify finds nothing"
    if counts["damages"] % REBUILD_EVERY == 0 and not _seems_newer(wound, found.blobs):
        counts["rebuilt"] += 1
        if problem := _not_restored(found, wound):
            counts["not restored"] += 1
            yield problem


def told_of(backend: Backend, repo: str, asked: Asked, name: str, counts: Counter[str]) -> Iterator[str]:
    """Ask while the file *name* is damaged, and count; gives the answers that are wrong or unclear."""
    for told in outcomes(backend, repo, asked.of(name, counts["damages"]), asked.right, name):
        counts[told.outcome] += 1
        if told.outcome in (WRONG, RAISED):
            yield told.detail


def leaves_no_generation(wound: Wound) -> bool:
    return wound.how == "gone" and kind_of(wound.name) == "manifest"


def _seems_newer(wound: Wound, blobs: Mapping[str, bytes]) -> bool:
    """What says that it is of a newer format is left alone by a rebuild too."""
    head = slice(0, 11)
    return kind_of(wound.name) == "manifest" and wound.blobs[wound.name][head] != blobs[wound.name][head]


def _not_restored(found: Small, wound: Wound) -> str:
    """What is wrong after a rebuild; empty: nothing. What only a package's own file said comes with its listing."""
    backend = MemoryBackend(wound.blobs)
    right = found.asked.right
    if rebuild(Target(backend, REPO, Settings())).faults:
        _relist(backend)
        right = found.relisted
    if not verify(backend, REPO).sound:
        return "verify finds faults after a rebuild"
    different = [name for name, answer in answers(backend, REPO, found.asked.questions).items() if answer != right[name]]
    return f"other answers after a rebuild: {different}" if different else ""


def _relist(backend: Backend) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pack(Target(backend, REPO, Settings()), [drop(folder, LISTING, mode="full")])


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    # A file that is gone is looked for again for five seconds, by every question.
    reader.RETRY_SECONDS, reader.ATTEMPTS_LEAST, reader.BACK_OFF_SECONDS = 0.0, 1, (0.0,)
    print(*HEADS, sep="  ", flush=True)
    found = []
    for row in _chosen(options):
        found.append(row)
        print(*row.cells(), sep="  ", flush=True)
    if options.write:
        _write(MARK_LARGE if options.large else MARK, found)
    faults = [fault for row in found for fault in row.faults]
    print(*faults[:FAULTS_SHOWN], sep="\n")
    return 1 if faults else 0


def _write(mark: str, found: Sequence[Row]) -> None:
    """The rows of the kinds that were damaged into the table; of the others what is known of them stays."""
    known = {row[0]: row for row in marked.read(mark)} | {row.kind: row.cells() for row in found}
    marked.write(mark, [HEADS, *(known[kind] for kind in KINDS if kind in known)])


def _chosen(options: argparse.Namespace) -> Iterator[Row]:
    if not (options.index or options.large):
        return rows(small_index(), options.tries or ALL, options.kind or KINDS)
    from battery.damage_at_random import rows_of

    return rows_of(options.index, options.tries or LARGE_TRIES, options.seed)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py battery damage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--index", default="")
    parser.add_argument("--tries", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args(arguments)
