"""A snapshot: one generation, opened for reading.

Invariants:

* All answers are of this one generation, whatever is published meanwhile.
* Nothing is read that does not hang off the manifest, and nothing is written.
* What is loose hides what the shards say of the same package; the dead are hidden in each shard.
* What deltas say of a name hides what its page and its files say, part by part.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from pkgindex.format import forward, reverse
from pkgindex.format.block import LINES, pair
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Manifest, Shard
from pkgindex.format.page import Entry, group_of, page_of
from pkgindex.model.package import Package, Relation
from pkgindex.snapshot.blobs import Blobs
from pkgindex.snapshot.paths import Batch, PathsShard, Select
from pkgindex.store.shards import ShardFile

TYPE_CHECKING = False
if TYPE_CHECKING:  # questions about files do without the import of what is about words, and most about deltas
    from pkgindex.format.delta import Delta
    from pkgindex.snapshot import text


class Snapshot:
    """One generation of one repository. Everything here raises `Gone` and `Corrupt`."""

    _files: dict[tuple[str, int, str], ShardFile]

    def __init__(self, manifest: Manifest, blobs: Blobs, before: Snapshot | None = None) -> None:
        """What *before*, an older snapshot, has open and this one still names stays open: shards are never read again."""
        self.manifest = manifest
        self._blobs = blobs
        known = before._files if before is not None else {}
        self._files = {key: known[key] for key in map(_key, manifest.shards) if key in known}

    @property
    def repo(self) -> str:
        return self.manifest.repo

    @property
    def generation(self) -> int:
        return self.manifest.generation

    # The name directory

    def entry(self, package: str) -> Entry | None:
        """What the name directory says of a name; None when nothing ships or names it."""
        below = self._page(page_of(package, len(self.manifest.page_stamps))).get(package)
        return below if self._delta is None else self._over(package, below)

    def entries(self, besides: Snapshot | None = None) -> Iterator[tuple[str, Entry]]:
        """All names of the directory, page by page; of what stands on pages that *besides*, another generation, has too only
        what deltas say anew in one of the two.
        """
        stamps = self.manifest.page_stamps
        theirs = besides.manifest.page_stamps if besides is not None else ()
        shared = [len(theirs) == len(stamps) and theirs[number] == stamp for number, stamp in enumerate(stamps)]
        over = self._said_by_deltas(besides, shared)
        for number in range(len(stamps)):
            if not shared[number]:
                yield from ((name, entry) for name, entry in self._page(number).items() if name not in over)
        for name in over:
            found = self.entry(name)
            if found is not None:
                yield name, found

    def package(self, name: str, files: bool = True) -> Package | None:
        """All that is known of a package, or without its file lists; None when it is not shipped."""
        found = self._record(name)
        return forward.decode(found[0], name, found[1], files) if found is not None else None

    def relations(self, name: str, kind: str) -> list[Relation]:
        """The relations of one kind that a package has; none when it is not shipped."""
        found = self._record(name)
        return forward.decode_relations(found[0], kind, name, found[1]) if found is not None else []

    def dependants(self, name: str) -> tuple[list[str], list[int]]:
        """Who names *name*, in order, and how each does: the mask of kinds (see `format.reverse`)."""
        below = self._page(page_of(name, len(self.manifest.page_stamps))).get(name)
        names, masks = self._dependants_below(name, below)
        if self._delta is None or name not in self._delta.named:
            return names, masks
        from pkgindex.format.overlay import dependants_over

        found = dependants_over(self._delta.named[name], dict(zip(names, masks, strict=True)))
        return list(found), list(found.values())

    @cached_property
    def loose(self) -> dict[str, int]:
        """The packages that stand in no shard, with the bits that say of which kind (see `format.manifest`)."""
        if self._delta is None:
            return self.manifest.loose
        from pkgindex.format.overlay import loose_over

        return loose_over(self.manifest, self._delta)

    # Files

    def owners(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
        """(path, package) for each of *paths* that a package ships, in order; newlines in paths are swapped with NUL."""
        wanted = sorted(set(paths))
        found: list[tuple[bytes, str]] = []
        for shard in self.manifest.shards_of("paths"):
            # A shard ends inside the pairs of its last path, at the latest.
            within = [path for path in wanted if shard.first <= path + b"\t\xff" and path + b"\t" <= shard.last]
            if within:
                found += self._paths_shard(shard.number).owners(within)
        if self._loose(LOOSE_PATHS):
            found += [(path, owner) for path in wanted for owner in self._loose_owners.get(path, ())]
        return iter(sorted(found))

    def below(self, beginning: bytes) -> Iterator[tuple[bytes, str]]:
        """(path, package) of all paths that begin so, shard after shard; newlines in paths are swapped with NUL."""
        for shard in self.manifest.shards_of("paths"):
            if shard.first[: len(beginning)] <= beginning <= shard.last[: len(beginning)]:
                yield from self._paths_shard(shard.number).below(beginning)
        if self._loose(LOOSE_PATHS):
            loose = (path for path in self._loose_owners if path.startswith(beginning))
            yield from ((path, owner) for path in loose for owner in self._loose_owners[path])

    def matching(self, narrow: str, may: Callable[[str], bool], select: Select) -> Iterator[Batch]:
        """Batches of paths that *select* takes, with their packages, in order. See `PathsShard.matching`."""
        streams = [
            (shard.first, shard.last, self._paths_shard(shard.number).matching(narrow, may, select))
            for shard in self.manifest.shards_of("paths")
        ]
        if self._loose(LOOSE_PATHS):
            lines, paths, packages = self._loose_lines
            if chosen := select(paths):
                batch = ([paths[place].replace("\0", "\n") for place in chosen], [packages[place] for place in chosen])
                streams.append((lines[chosen[0]], lines[chosen[-1]], iter([batch])))
        return _in_order(streams)

    def blocks(self, narrow: str, most: int) -> int:
        """How many blocks of paths fit *narrow*, of all when it is empty; counted up to *most* a shard."""
        shards = self.manifest.shards_of("paths")
        if not narrow:
            return sum(shard.rows // LINES + 1 for shard in shards)
        return sum(self._paths_shard(shard.number).cost(narrow, most) for shard in shards)

    # Words

    @cached_property
    def text_shards(self) -> list[text.TextShard | text.LooseText]:
        """What the packages are listed in: the shards, and the loose packages as one more."""
        from pkgindex.snapshot import text

        loose = self._loose(LOOSE_TEXT)
        found: list[text.TextShard | text.LooseText] = [
            text.TextShard(self._file(shard), self._blobs.dead("text", shard.number, shard.dead_stamp).union(loose))
            for shard in self.manifest.shards_of("text")
        ]
        if loose:
            found.append(text.LooseText(self._loose_packages(LOOSE_TEXT)))
        return found

    def names(self, beginning: str) -> Iterator[str]:
        """Shipped packages whose names begin so, in order."""
        return heapq.merge(*[shard.names(beginning) for shard in self.text_shards])

    def similar(self, name: str, most: int) -> list[str]:
        """At most *most* shipped packages of a name like *name*, the likest first."""
        from pkgindex.snapshot import similar

        return similar.similar(self.text_shards, name, most)

    # Details

    def _page(self, number: int) -> dict[str, Entry]:
        stamps = self.manifest.page_stamps
        return self._blobs.page(number, len(stamps), stamps[number], self.manifest.partition) if stamps[number] else {}

    def _group(self, name: str) -> str:
        return group_of(name, self.manifest.partition)

    def _record(self, name: str) -> tuple[bytes, str] | None:
        """The forward record of a package, and the name of the file it stands in; None when it is not shipped."""
        if self._delta is not None and name in self._delta.packages:
            changed = self._delta.packages[name]
            return (changed.record, f"delta {changed.stamp}") if changed.record is not None else None
        entry = self._page(page_of(name, len(self.manifest.page_stamps))).get(name)
        return self._blobs.forward(self._group(name), entry.forward, name) if entry is not None and entry.forward else None

    def _dependants_below(self, name: str, entry: Entry | None) -> tuple[list[str], list[int]]:
        """Who names *name* by its reverse file."""
        if entry is None or not entry.reverse:
            return [], []
        record, blob = self._blobs.reverse(self._group(name), entry.reverse, name)
        return reverse.decode_columns(record, name, blob)

    # What lies over the pages

    @cached_property
    def _delta(self) -> Delta | None:
        """What all deltas come to; None where there are none."""
        return self._blobs.delta(self.manifest) if self.manifest.unsettled else None

    def _over(self, name: str, below: Entry | None) -> Entry | None:
        from pkgindex.format.overlay import entry_over

        assert self._delta is not None
        return entry_over(self._delta, name, below, lambda: dict(zip(*self._dependants_below(name, below), strict=True)))

    def _said_by_deltas(self, besides: Snapshot | None, shared: list[bool]) -> set[str]:
        """The names of which deltas say something, here or in *besides*; without those of which both say the same over the
        same page.
        """
        deltas = [self._delta, None if besides is None else besides._delta]
        names = {name for delta in deltas if delta is not None for part in delta for name in part}

        def alike(name: str) -> bool:
            said = [delta and (delta.packages.get(name), delta.named.get(name)) for delta in deltas]
            return shared[page_of(name, len(shared))] and said[0] == said[1]

        return {name for name in names if not alike(name)}

    def _loose(self, facet: int) -> list[str]:
        return [name for name, bits in self.loose.items() if bits & facet]

    def _loose_packages(self, facet: int) -> list[Package]:
        found = [self.package(name, files=facet == LOOSE_PATHS) for name in self._loose(facet)]
        return [package for package in found if package is not None]

    @cached_property
    def _loose_paths(self) -> list[Package]:
        return self._loose_packages(LOOSE_PATHS)

    @cached_property
    def _loose_owners(self) -> dict[bytes, list[str]]:
        owners: dict[bytes, list[str]] = {}
        for package in self._loose_paths:
            for path in _all_paths(package):
                owners.setdefault(path, []).append(package.name)
        return owners

    @cached_property
    def _loose_lines(self) -> tuple[list[bytes], list[str], list[str]]:
        """Pairs of the loose packages in order, and the path and package of each."""
        found = sorted(
            (pair(path, package.name), path.decode("utf-8", "surrogateescape"), package.name)
            for package in self._loose_paths
            for path in _all_paths(package)
        )
        lines, paths, packages = zip(*found, strict=True) if found else ((), (), ())
        return list(lines), list(paths), list(packages)

    @cached_property
    def _open_paths(self) -> dict[int, PathsShard]:
        return {}

    def _file(self, shard: Shard) -> ShardFile:
        if _key(shard) not in self._files:
            self._files[_key(shard)] = ShardFile(self._blobs.backend, shard)
        return self._files[_key(shard)]

    def _paths_shard(self, number: int) -> PathsShard:
        opened = self._open_paths.get(number)
        if opened is None:
            shard = next(shard for shard in self.manifest.shards_of("paths") if shard.number == number)
            hidden = self._blobs.dead("paths", number, shard.dead_stamp).union(self._loose(LOOSE_PATHS))
            opened = self._open_paths[number] = PathsShard(self._file(shard), hidden)
        return opened


def _key(shard: Shard) -> tuple[str, int, str]:
    return shard.kind, shard.number, shard.stamp


def _all_paths(package: Package) -> set[bytes]:
    return {path for paths in package.files.values() for path in paths}


def _in_order(streams: list[tuple[bytes, bytes, Iterator[Batch]]]) -> Iterator[Batch]:
    """The batches of all streams, in the order of pairs; each stream comes with the first and last pair it may hold.

    Streams that do not overlap follow each other, which costs nothing; the others are merged pair by pair.
    """
    streams.sort(key=lambda stream: stream[:2])
    together: list[Iterator[Batch]] = []
    end = b""
    for first, last, batches in streams:
        if together and first > end:
            yield from _merged(together)
            together = []
        together.append(batches)
        end = max(end, last)
    yield from _merged(together)


def _merged(streams: list[Iterator[Batch]]) -> Iterator[Batch]:
    if len(streams) < 2:
        for stream in streams:
            yield from stream
        return
    singles = [(pair for batch in stream for pair in zip(*batch, strict=True)) for stream in streams]
    for path, package in heapq.merge(*singles, key=_line):
        yield [path], [package]


def _line(found: tuple[str, str]) -> bytes:
    return pair(found[0].encode("utf-8", "surrogateescape").replace(b"\n", b"\0"), found[1])
