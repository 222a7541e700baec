"""What can still be read of a damaged generation: its manifest or the best there is instead, and its packages.

Invariants:

* Nothing damaged is taken for sound: what is read is checked by its checksum, its stamp and its name.
* What may not be read (permissions) is not damaged, and an index of a newer format is none of ours: both end the rebuild.
* What is newer than the newest manifest that can be read counts too: pages and files say of which generation they are.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from pkgindex.errors import NewerFormat, NoIndex
from pkgindex.format import forward, names, page
from pkgindex.format import group as group_file
from pkgindex.format import manifest as manifests
from pkgindex.format.delta import Delta
from pkgindex.format.manifest import PARTITIONS, Manifest
from pkgindex.format.numbering import manifest_name
from pkgindex.format.overlay import loose_over
from pkgindex.format.page import Entry, group_of, page_of
from pkgindex.model.package import Package
from pkgindex.packer import remains
from pkgindex.packer.collect import Collection, Sorter
from pkgindex.packer.remains import LOST, what_is_left
from pkgindex.packer.submissions import Submission
from pkgindex.sources import facts
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations

GUESSES = 20


class Base(NamedTuple):
    """The generation that is to be made anew.

    `number` and `checksum` are the head's, whether or not it can be read; `manifest` is what it says or the best there is
    instead, without deltas; `delta` is what lies over its pages, and `lost` says of which generations that could not be
    read. Up to `broken`, generations do not follow each other as they should.
    """

    number: int
    checksum: str
    manifest: Manifest
    readable: bool
    broken: int
    delta: Delta = Delta()
    lost: tuple[str, ...] = ()


class Salvaged(NamedTuple):
    """What one share of the pages came to: facts on disk, the packages and the pages that are lost."""

    collection: Collection
    lost: tuple[tuple[str, Entry], ...]
    lost_pages: tuple[int, ...]


def find_base(backend: Backend, repo: str) -> Base:
    """What a rebuild begins with. Raises `NoIndex` where there is no generation."""
    generations = Generations(backend)
    numbers = generations.numbers()
    if not numbers:
        raise NoIndex(f"repository {repo!r} has no generation: run 'pkgindex pack {repo}'")
    read: dict[int, bytes] = {}
    known: dict[int, Manifest] = {}
    broken = 0
    for before, number in zip([0, *numbers], numbers, strict=False):
        name = manifest_name(number)
        try:
            read[number] = remains.read(backend, name)
            manifest = manifests.decode(read[number], repo, number, name)
            manifests.check_stamp(read[number], manifest, name)
            known[number] = manifest
        except LOST as error:
            if number == numbers[-1] and isinstance(error, NewerFormat):
                raise
            broken = number
            continue
        parent = manifests.checksum_of(read.get(before, b""))
        if before and (known[number].parent, known[number].parent_checksum) != (before, parent):
            broken = before
    head = numbers[-1]
    checksum = manifests.checksum_of(read[head]) if head in read else ""
    if head in known:
        return _with_deltas(backend, Base(head, checksum, known[head], True, broken), known)
    older = known[max(known)] if known else Manifest(repo, 0, _partition(backend))
    return _with_deltas(backend, Base(head, checksum, _as_listed(backend, older, head), False, broken), known)


def _with_deltas(backend: Backend, base: Base, known: Mapping[int, Manifest]) -> Base:
    """*base* with what lies over its pages, as far as it can be read."""
    manifest = base.manifest
    delta, lost = what_is_left(backend, manifest, known)
    if manifest.unsettled and not base.readable:
        lost.append(f"what was committed after generation {manifest.generation} may stand in manifests alone, and those cannot "
                    "be read: commit it again")
    settled = manifest._replace(loose=loose_over(manifest, delta), deltas=(), tail=(), folded=0)
    return base._replace(manifest=settled, delta=delta, lost=tuple(lost))


def salvage(
    backend: Backend, manifest: Manifest, hidden: Container[str], share: int, shares: int, directory: str, partitions: int
) -> Salvaged:
    """Collect into *directory* the packages on every page that is *share* modulo *shares*, without those that are *hidden*."""
    os.makedirs(directory)
    sorter = Sorter(directory, partitions)
    lost: list[tuple[str, Entry]] = []
    lost_pages: list[int] = []
    groups = Groups(backend, manifest.partition)
    for number in range(share, len(manifest.page_stamps), shares):
        entries = _page(backend, manifest, number)
        if entries is None:
            lost_pages.append(number)
            continue
        for name, entry in entries.items():
            if entry.forward and name not in hidden:
                package = groups.package(name, entry.forward)
                if package is None:
                    lost.append((name, entry))
                else:
                    put(sorter, package)
    return Salvaged(collection_of(sorter, directory), tuple(lost), tuple(lost_pages))


class Groups:
    """Packages out of forward files, each file read once."""

    def __init__(self, backend: Backend, partition: str) -> None:
        self._backend, self._partition = backend, partition
        self._known: dict[str, dict[str, bytes]] = {}

    def package(self, name: str, stamp: str) -> Package | None:
        """The package, or None when its file or its record cannot be read."""
        blob = names.facts_name("forward", group_of(name, self._partition), stamp)
        record = self.records(blob, stamp).get(name)
        return _decoded(record, name, blob) if record is not None else None

    def records(self, blob: str, stamp: str) -> dict[str, bytes]:
        """All records of a file; none when it cannot be read."""
        if blob in self._known:
            return self._known[blob]
        try:
            found = group_file.decode("forward", remains.read(self._backend, blob), stamp, blob)
        except LOST:
            found = {}
        if self._partition != "package":  # there each file is asked for once
            self._known[blob] = found
        return found


def put_changed(sorter: Sorter, delta: Delta) -> list[str]:
    """The packages that lie over the pages, as facts; the names of those whose records cannot be read."""
    lost = []
    for name, changed in delta.packages.items():
        if changed.record is not None:
            package = _decoded(changed.record, name, f"delta {changed.stamp}")
            if package is None:
                lost.append(name)
            else:
                put(sorter, package)
    return lost


def put(sorter: Sorter, package: Package) -> None:
    """All that is known of *package*, as facts."""
    for release in package.releases.values():
        sorter.fact(facts.Releases(package.name, release))
    for language, text in package.texts.items():
        sorter.fact(facts.Texts(package.name, language, text))
    tail = b"\t" + package.name.encode("utf-8", "surrogateescape")
    for architecture, paths in package.files.items():
        sorter.paths(architecture, [path + tail for path in paths])


def collection_of(sorter: Sorter, directory: str) -> Collection:
    """What *sorter* was given, closed, to be laid over nothing."""
    sorter.close()
    return Collection(
        Submission(directory, "rebuild"), directory, "rebuild", False, (), tuple(sorter.touched),
        tuple(sorter.architectures), frozenset(sorter.written), len(sorter.seen), 0, (), tuple(sorter.samples),
    )


def listed_forwards(backend: Backend, directory: int) -> Iterator[tuple[str, str, int]]:
    """(blob, stamp, generation) of the forward files in one of the 256 directories."""
    for name in backend.names(f"forward/{directory:02x}"):
        blob = f"forward/{directory:02x}/{name}"
        parsed = names.parse_blob(blob)
        if parsed is not None:
            yield blob, *parsed


def _decoded(record: bytes, name: str, blob: str) -> Package | None:
    try:
        return forward.decode(record, name, blob)
    except LOST:
        return None


def _page(backend: Backend, manifest: Manifest, number: int) -> dict[str, Entry] | None:
    """The entries of a page that belong there; None when it cannot be read."""
    stamp, pages = manifest.page_stamps[number], len(manifest.page_stamps)
    if not stamp:
        return {}
    blob = names.page_name(number, stamp)
    try:
        found = page.placed(page.decode(remains.read(backend, blob), stamp, blob), number, pages, blob)
    except LOST:
        return None
    return {name: entry for name, entry in found.items() if page_of(name, pages) == number}


def _as_listed(backend: Backend, older: Manifest, head: int) -> Manifest:
    """*older* with the pages that were written after it, up to *head*: the newest of each number."""
    newest: dict[int, tuple[int, str]] = {}
    for name in backend.names("pages"):
        parsed = names.parse_blob(f"pages/{name}")
        if parsed is not None and older.generation < parsed[1] <= head:
            number = int(name.partition(".")[0], 16)
            newest[number] = max(newest.get(number, (0, "")), (parsed[1], parsed[0]))
    pages = len(older.page_stamps)
    while pages <= max(newest, default=0):
        pages *= 2
    stamps = list(older.page_stamps) if pages == len(older.page_stamps) else [""] * pages
    for number, (_, stamp) in newest.items():
        stamps[number] = stamp
    return older._replace(page_stamps=tuple(stamps))


def _partition(backend: Backend) -> str:
    """The partition that the forward files look like, where no manifest says it."""
    seen = []
    for directory in backend.names("forward")[:GUESSES]:
        for name in backend.names(f"forward/{directory}")[:GUESSES]:
            blob = f"forward/{directory}/{name}"
            parsed = names.parse_blob(blob)
            if parsed is not None:
                seen += [(blob, package, parsed[0]) for package in Groups(backend, "whole").records(blob, parsed[0])]
    fits = [
        partition for partition in PARTITIONS
        if all(blob == names.facts_name("forward", group_of(package, partition), stamp) for blob, package, stamp in seen)
    ]
    return fits[0] if fits else PARTITIONS[0]
