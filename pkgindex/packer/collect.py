"""Collecting: the facts of one submission, sorted into partitions on disk, in bounded memory.

A package's facts go to the partition that its name falls in, so that later each partition can be laid together alone, by
any process, without the others. Paths keep the shape they came in, `path TAB package` lines, because there are millions.

    DIRECTORY/3.facts       msgpack: [package, "release" | "text" | "whole" | "removed", ...] one after another
    DIRECTORY/3.amd64.paths the lines of one architecture; one without a path: forget what this says above of the package
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgpack

from pkgindex.errors import Rejected
from pkgindex.format import forward
from pkgindex.format.names import encode, spread
from pkgindex.model.package import Package
from pkgindex.packer.submissions import Submission
from pkgindex.sources import facts, registry
from pkgindex.sources.limits import Limits

BUFFER_BYTES_MAX = 1 << 20
SAMPLE_EVERY = 997
FAULTS_SHOWN_MAX = 20


class Collection(NamedTuple):
    """The facts of one submission, on disk.

    `covers` are the (facet, scope) it speaks for as a whole; `samples` are some of its pairs, to cut ranges of paths by;
    `architectures` are those of its file lists; `written` are the names of the files, because one
    that was written and is not found is lost, and not empty; `touches` the facets that it says anything of,
    and `package` when it replaces or removes some as a whole.
    """

    submission: Submission
    directory: str
    source: str
    full: bool
    covers: tuple[tuple[str, str], ...]
    touches: tuple[str, ...]
    architectures: tuple[str, ...]
    written: frozenset[str]
    packages: int
    faults: int
    shown: tuple[str, ...]
    samples: tuple[bytes, ...]


def collect(submission: Submission, directory: str, partitions: int, limits: Limits) -> Collection:
    """Read *submission* into *directory*. Raises `Rejected` and `Incomplete`, naming the file as it was dropped."""
    os.makedirs(directory)
    reading = registry.read_submission(submission.path, submission.filename, limits)
    full = submission.mode == "full" or (not submission.mode and reading.source.full)
    sorter = Sorter(directory, partitions)
    covers: dict[tuple[str, str], None] = {}
    shown: list[str] = []
    faults = 0
    for fact in reading.facts:
        if isinstance(fact, facts.Paths):
            sorter.paths(fact.architecture, fact.pairs)
        elif isinstance(fact, facts.Covers):
            covers[(fact.facet, fact.scope)] = None
        elif isinstance(fact, facts.Fault):
            faults += 1
            if len(shown) < FAULTS_SHOWN_MAX:
                shown.append(f"{fact.where}: {fact.reason}")
        else:
            sorter.fact(fact)
        if sorter.largest > limits.together_bytes_max:
            break
    sorter.close()
    if sorter.largest > limits.together_bytes_max:
        raise Rejected(
            f"{submission.filename}: says more than {limits.together_bytes_max} bytes of one package or of a few: split it"
        )
    if faults and not sorter.touched:
        raise Rejected(f"{submission.filename}: none of its {faults} packages can be read; the first: {shown[0]}")
    return Collection(
        submission, directory, reading.source.name, full, tuple(covers) if full else (), tuple(sorter.touched),
        tuple(sorter.architectures), frozenset(sorter.written), len(sorter.seen), faults, tuple(shown), tuple(sorter.samples),
    )


class Sorter:
    """Writes facts into partitions; `largest` are the bytes of the largest so far."""

    def __init__(self, directory: str, partitions: int) -> None:
        self.seen: set[str] = set()
        self.written: set[str] = set()
        self.samples: list[bytes] = []
        self.architectures: dict[str, None] = {}
        self.touched: dict[str, None] = {}
        self._directory = directory
        self._mask = partitions - 1
        self.largest = 0
        self._sizes = [0] * partitions
        self._facts: list[bytearray] = [bytearray() for _ in range(partitions)]
        self._lines: dict[str, list[list[bytes]]] = {}
        self._lists: dict[str, dict[bytes, list[bytes]]] = {}
        self._pending = 0
        self._packer = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape")

    def fact(self, fact: facts.Releases | facts.Texts | facts.Whole | facts.Removed) -> None:
        package = fact.package
        self.seen.add(package)
        parts: list[Any]
        if isinstance(fact, facts.Releases):
            release = fact.release
            key = (release.version, release.architecture)
            parts = [package, "release", forward.releases_parts(Package(package, {key: release}))[0]]
            self.touched["meta"] = None
        elif isinstance(fact, facts.Texts):
            parts = [package, "text", fact.language, list(fact.text)]
            self.touched["text"] = None
        else:
            parts = [package, "whole" if isinstance(fact, facts.Whole) else "removed"]
            self.touched.update(meta=None, files=None, text=None, package=None)
            self._forget_paths(package)
        partition = spread(package) & self._mask
        buffer = self._facts[partition]
        buffer += self._packer.pack(parts)
        if len(buffer) > BUFFER_BYTES_MAX:
            self._write(partition, "facts", buffer)
            buffer.clear()

    def paths(self, architecture: str, pairs: list[bytes]) -> None:
        if not pairs:
            return
        self.touched["files"] = None
        self.architectures[architecture] = None
        self.samples += pairs[::SAMPLE_EVERY]
        if architecture not in self._lists:
            self._lists[architecture] = {}
            self._lines[architecture] = [[] for _ in self._facts]
        lists = self._lists[architecture]
        for pair in pairs:
            owner = pair[pair.rindex(b"\t") + 1 :]
            try:
                lists[owner].append(pair)
            except KeyError:
                self._list_of(architecture, owner).append(pair)
        self._pending += sum(map(len, pairs))
        if self._pending > BUFFER_BYTES_MAX * 32:
            self._spill()

    def close(self) -> None:
        self._spill()
        for partition, buffer in enumerate(self._facts):
            if buffer:
                self._write(partition, "facts", buffer)

    def _forget_paths(self, package: str) -> None:
        """What this submission said of the package's files before does not count: a line without a path says so."""
        owner = package.encode("utf-8", "surrogateescape")
        for lists in self._lists.values():
            if owner in lists:
                lists[owner].append(b"\t" + owner)

    def _list_of(self, architecture: str, owner: bytes) -> list[bytes]:
        """The lines of the owner's partition: one look-up a pair instead of a checksum a pair."""
        name = owner.decode("utf-8", "surrogateescape")
        self.seen.add(name)
        found = self._lists[architecture][owner] = self._lines[architecture][spread(name) & self._mask]
        return found

    def _spill(self) -> None:
        for architecture, partitions in self._lines.items():
            for partition, lines in enumerate(partitions):
                if lines:
                    lines.append(b"")
                    self._write(partition, f"{encode(architecture)}.paths", b"\n".join(lines))
                    lines.clear()
        self._pending = 0

    def _write(self, partition: int, kind: str, data: bytes | bytearray) -> None:
        name = f"{partition}.{kind}"
        self.written.add(name)
        self._sizes[partition] += len(data)
        self.largest = max(self.largest, self._sizes[partition])
        with open(f"{self._directory}/{name}", "ab") as file:
            file.write(data)


def read_items(path: str) -> Iterator[list[Any]]:
    """The items of a scratch file."""
    with open(path, "rb") as file:
        yield from msgpack.Unpacker(
            file, raw=False, unicode_errors="surrogateescape", strict_map_key=False, max_buffer_size=1 << 30
        )


def read_facts(collection: Collection, partition: int) -> Iterator[list[Any]]:
    """The facts of one partition, in the order they came: `[package, what, ...]`."""
    name = f"{partition}.facts"
    if name in collection.written:
        yield from read_items(f"{collection.directory}/{name}")


def read_pairs(collection: Collection, partition: int, architecture: str) -> list[bytes]:
    """The pairs of one partition and architecture."""
    name = f"{partition}.{encode(architecture)}.paths"
    if name not in collection.written:
        return []
    with open(f"{collection.directory}/{name}", "rb") as file:
        lines = file.read().split(b"\n")
    lines.pop()
    return lines
