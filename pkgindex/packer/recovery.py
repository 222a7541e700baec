"""What else than its forward file knows of a package: older listings of the directory, shards, and who it names.

A package whose forward file is lost comes back with its file list (from the paths shards), its summary (from the text
shards) and the names it relates to (from the reverse files of those), without versions and without what stood beside
them. That is less than there was, and reported so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pkgindex.format import block, forward, names, page, reverse
from pkgindex.format import manifest as manifests
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Shard
from pkgindex.format.page import Entry, page_of
from pkgindex.format.reverse import kinds_of
from pkgindex.model.package import Alternative, Package, Relation, Release, Text
from pkgindex.packer.previous import Previous
from pkgindex.packer.remains import LOST, read
from pkgindex.packer.salvage import Base, Groups, listed_forwards
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations
from pkgindex.store.shards import ShardFile

DIRECTORIES = 256


class Recovered(NamedTuple):
    """A package that was found elsewhere than where it should be, and in words what became of it."""

    package: Package
    part: bool
    how: str


class Rest:
    """What lies around of the generation *base*, asked for packages whose page or forward file is lost."""

    def __init__(self, backend: Backend, base: Base) -> None:
        self._backend, self._base, self._manifest = backend, base, base.manifest
        self._previous = Previous(backend, base.manifest)

    def of_pages(self, pages: set[int]) -> tuple[list[Recovered], list[tuple[str, Entry]]]:
        """The packages of lost *pages* by the files that are there, and those that are known to be, and have none."""
        if not pages:
            return [], []
        living, changed_at, over = self._living(), self._changed_at(), self._base.delta.packages
        recovered: dict[str, Recovered] = {}
        for files in self._candidates(pages):
            for place, (generation, stamp, blob) in enumerate(files):
                records = Groups(self._backend, self._manifest.partition).records(blob, stamp)
                for name, record in records.items():
                    # A loose package whose newest file is older than its last change was removed by that.
                    dead = (living is not None and name not in living) or generation < changed_at.get(name, 0)
                    if self._page(name) in pages and not dead and name not in over:
                        recovered[name] = Recovered(
                            forward.decode(record, name, blob), place > 0, f"{name}: its page is lost; taken from {blob}, "
                            + ("an older state of it" if place else "the newest there is of it")
                        )
                if records:
                    break
        lost = {name for name in living or () if self._page(name) in pages} - recovered.keys() - self._loose()
        lost -= over.keys()
        return list(recovered.values()), [(name, Entry()) for name in sorted(lost)]

    def of_packages(self, lost: Mapping[str, Entry]) -> Iterator[Recovered]:
        """What shards and reverse files know of packages whose forward file is *lost*."""
        if not lost:
            return
        summaries, paths, relations = self._summaries(lost), self._paths(lost), self._relations(lost)
        for name, entry in sorted(lost.items()):
            kinds = {kind: tuple(found) for kind, found in relations.get(name, {}).items()}
            files = {next(iter(sorted(entry.files)), ""): sorted(paths[name])} if name in paths else {}
            summary = summaries.get(name, "")
            count = len(paths.get(name, ()))
            how = (f"{name}: its forward file is lost; kept are {count} of {entry.paths or count} paths, "
                   f"{'its summary' if summary else 'no summary'} and {sum(map(len, kinds.values()))} relations without "
                   "versions; drop again the listing it came from")
            texts: dict[str, Text] = {}
            releases = {}
            if entry.meta or kinds or not (entry.texts or entry.files):
                releases = {("", ""): Release("", "", {"summary": summary} if summary else {}, kinds)}
            elif entry.texts:
                texts = {next(iter(sorted(entry.texts))): Text(summary)}
            yield Recovered(Package(name, releases, files, texts), True, how)

    # Lost pages

    def _candidates(self, pages: set[int]) -> Iterator[list[tuple[int, str, str]]]:
        """The forward files, (generation, stamp, blob), that may hold packages of *pages*: for each group what there is of
        it, newest first, and nothing that is newer than those pages."""
        stamps = self._manifest.page_stamps
        newest = max((int(stamps[number].split("-")[0]) for number in pages), default=0)
        for directory in range(DIRECTORIES):
            if self._manifest.partition != "package" or any(_share_names(number, len(stamps), directory) for number in pages):
                groups: dict[str, list[tuple[int, str, str]]] = {}
                for blob, stamp, generation in listed_forwards(self._backend, directory):
                    if generation <= newest:
                        groups.setdefault(blob.removesuffix(stamp), []).append((generation, stamp, blob))
                for files in groups.values():
                    yield sorted(files, reverse=True)

    def _page(self, name: str) -> int:
        return page_of(name, len(self._manifest.page_stamps))

    def _living(self) -> set[str] | None:
        """Every package that is shipped, by the text shards; None when they cannot say it."""
        if not self._base.readable:
            return None
        living = self._loose()
        for shard in self._manifest.shards_of("text"):
            try:
                hidden = self._hidden(shard, LOOSE_TEXT)
                with _Opened(self._backend, shard) as file:
                    living.update(name for (name,) in file.rows("SELECT name FROM packages") if name not in hidden)
            except LOST:
                return None
        return living

    def _changed_at(self) -> dict[str, int]:
        """The generation in which each loose package became loose, as far as retained manifests tell."""
        number, waiting = self._manifest.generation, self._loose()
        since: dict[str, int] = {}
        while waiting and self._base.readable:
            number -= 1
            try:
                older = manifests.decode(Generations(self._backend).read(number), self._manifest.repo, number, "")
            except LOST:
                break
            since.update(dict.fromkeys(waiting - older.loose.keys(), number + 1))
            waiting &= older.loose.keys()
        return since

    def _loose(self) -> set[str]:
        return {name for name, bits in self._manifest.loose.items() if bits & LOOSE_TEXT}

    # Lost packages

    def _summaries(self, lost: Mapping[str, Entry]) -> dict[str, str]:
        found: dict[str, str] = {}
        for shard in self._manifest.shards_of("text"):
            try:
                hidden = self._hidden(shard, LOOSE_TEXT)
                with _Opened(self._backend, shard) as file:
                    for name in lost.keys() - hidden:
                        row = file.row("SELECT summary FROM packages WHERE name = ?", name)
                        if row is not None:
                            found[name] = row[0]
            except LOST:
                continue
        return found

    def _paths(self, lost: Mapping[str, Entry]) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        for shard in self._manifest.shards_of("paths"):
            try:
                wanted = lost.keys() - self._hidden(shard, LOOSE_PATHS)
                with _Opened(self._backend, shard) as file:
                    for number in range(1, (shard.rows + block.LINES - 1) // block.LINES + 1):
                        for path, owner in _pairs(file, number):
                            if owner in wanted:
                                found.setdefault(owner, set()).add(path)
            except LOST:
                continue
        return found

    def _relations(self, lost: Mapping[str, Entry]) -> dict[str, dict[str, list[Relation]]]:
        """What the lost packages name, by kind, in the order of names."""
        found: dict[str, dict[str, list[Relation]]] = {}
        for target, dependants in self._reverses():
            for name in dependants.keys() & lost.keys():
                for kind in kinds_of(dependants[name]):
                    found.setdefault(name, {}).setdefault(kind, []).append((Alternative(target),))
        return found

    def _reverses(self) -> Iterator[tuple[str, dict[str, int]]]:
        for number, stamp in enumerate(self._manifest.page_stamps):
            blob = names.page_name(number, stamp)
            try:
                entries = page.decode(read(self._backend, blob), stamp, blob) if stamp else {}
            except LOST:
                continue
            for name, entry in sorted(entries.items()):
                try:
                    if entry.reverse and (record := self._previous.group("reverse", name, entry.reverse).get(name)):
                        yield name, reverse.decode(record, name, blob)
                except LOST:
                    continue

    def _hidden(self, shard: Shard, facet: int) -> set[str]:
        """What the shard says of these does not count. Where its dead list is lost it says nothing: `LOST`."""
        loose = {name for name, bits in self._manifest.loose.items() if bits & facet}
        return loose.union(self._previous.dead(shard.kind, shard.number, shard.dead_stamp))


class _Opened:
    """A shard for as long as it is asked; also one of another size than it had: its blocks say if they are whole."""

    def __init__(self, backend: Backend, shard: Shard) -> None:
        size = backend.size(names.shard_name(shard.kind, shard.number, shard.stamp))
        self._file = ShardFile(backend, shard._replace(size=size, checksum=""))
        self._file.expect_whole_read()

    def __enter__(self) -> ShardFile:
        return self._file

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _pairs(file: ShardFile, number: int) -> list[tuple[bytes, str]]:
    """The pairs of a block; none when it is damaged, for it is one of many."""
    try:
        row = file.row("SELECT frame FROM blocks WHERE id = ?", number)
        return block.decode(block.unpack(row[0], file.name), file.name) if row else []
    except LOST:
        return []


def _share_names(number: int, pages: int, directory: int) -> bool:
    """Whether a name can be on page *number* and in *directory*: both are low bits of one checksum."""
    bits = min(pages, DIRECTORIES) - 1
    return (number & bits) == (directory & bits)
