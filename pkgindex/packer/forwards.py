"""The first half of a pack: forward files, and on the way all that follows from them, for one slice of the names.

A slice is laid together alone, by any process. What it finds goes to the scratch directory, sorted for those who need it:

    forwards/3              what the directory will say of each changed package
    edges/5/3               changed relations, found in slice 3, about names of slice 5
    rows/3                  rows for a text shard
    ranges/3.7              sorted pairs, found in slice 3, that fall in range 7 of the paths
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import msgpack

from pkgindex.errors import Rejected
from pkgindex.format import forward, terms, tokens
from pkgindex.format.digest import digest
from pkgindex.format.names import spread
from pkgindex.format.page import Entry, group_of
from pkgindex.format.reverse import BIT
from pkgindex.model.package import Package, Text
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.collect import Collection
from pkgindex.packer.previous import Previous
from pkgindex.packer.updates import Parts, Update, load

NAMES_TOLD_MAX = 50


class Plan(NamedTuple):
    """How a pack is cut. `cuts` bound the ranges of paths; `covers` are the (facet, scope) that are replaced as a whole."""

    scratch: str
    stamp: str
    collections: tuple[Collection, ...]
    covers: frozenset[tuple[str, str]]
    partitions: int
    slices: int
    pages: int
    cuts: tuple[bytes, ...]

    @property
    def everything(self) -> bool:
        """Whether every package of the repository must be looked at, also those that nothing is said of."""
        return bool(self.covers)


class Outcome(NamedTuple):
    """What a slice came to, in packages, and the blobs written for it.

    `texts` and `filed` are the packages whose row or file list is new (or gone); `pairs` were put in ranges, of `listed`
    packages.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    filed: tuple[str, ...] = ()
    packages: int = 0
    with_files: int = 0
    paths: int = 0
    pairs: int = 0
    listed: int = 0
    blobs: tuple[str, ...] = ()


def write_forwards(plan: Plan, previous: Previous, number: int) -> Outcome:
    """Lay together slice *number*, write its forward files and its parts of edges, rows and ranges."""
    slice_ = _Slice(plan, previous, number)
    for partition in range(number, plan.partitions, plan.slices):
        updates = load(plan.collections, partition)
        for name in sorted(updates):
            slice_.update(name, previous.entry(name), updates[name])
    if plan.everything:
        for name, entry in previous.entries():
            if entry.forward and name not in slice_.met:
                slice_.update(name, entry, None)
    return slice_.finish()


class _Slice:
    def __init__(self, plan: Plan, previous: Previous, number: int) -> None:
        self.met: set[str] = set()
        self._plan = plan
        self._previous = previous
        self._number = number
        self._writer = BlobWriter(previous.backend, plan.stamp)
        self._packer = forward.paths_packer()
        self._entries: dict[str, Entry] = {}
        self._groups: dict[str, dict[str, bytes | None]] = {}
        self._edges: dict[int, list[Any]] = {}
        self._rows: list[Any] = []
        self._ranges: list[list[bytes]] = [[] for _ in range(len(plan.cuts) + 1)]
        self._added: list[str] = []
        self._changed: list[str] = []
        self._removed: list[str] = []
        self._texts: list[str] = []
        self._filed: list[str] = []
        self._packages = self._with_files = self._paths = self._listed = 0

    def update(self, name: str, entry: Entry, update: Update | None) -> None:
        """Lay *update* (None: nothing was said) over the package, as what is covered demands."""
        self.met.add(name)
        old: Parts | None = None
        if not _settles_meta(entry, update, ("meta", "") in self._plan.covers):
            old = Parts(self._previous.forward(name))
        new, meta, files, texts = self._after(entry, update, old)
        if (meta, files, texts) == (entry.meta, entry.files, entry.texts):
            return
        if old is None:
            old = Parts(self._previous.forward(name) if entry.forward else None)
        self._keep(new, old, entry, meta, files, texts)
        self._relate(name, old, new, meta != entry.meta)
        paths = entry.paths
        if files != entry.files:
            paths = self._file(name, new, update)
        if meta != entry.meta or texts != entry.texts or new.empty() is bool(entry.forward):
            # A package of which only files are known has a row all the same: it is found by its name.
            self._texts.append(name)
            if not new.empty():
                self._rows.append(row_of(name, new))
        self._record(name, entry, new, Entry("", entry.reverse, meta, files, texts, paths, 0, entry.reverse_bytes), update)

    def finish(self) -> Outcome:
        self._write_groups()
        scratch, number = self._plan.scratch, self._number
        write_items(f"{scratch}/forwards/{number}", [[name, *entry] for name, entry in self._entries.items()])
        for target, edges in self._edges.items():
            write_items(f"{scratch}/edges/{target}/{number}", edges)
        if self._rows:
            write_items(f"{scratch}/rows/{number}", sorted(self._rows, key=itemgetter(0)))
        for place, pairs in enumerate(self._ranges):
            if pairs:
                pairs.sort()
                with open(f"{scratch}/ranges/{number}.{place}", "wb") as file:
                    file.write(b"\n".join(pairs))
        return Outcome(
            tuple(self._added), tuple(self._changed), tuple(self._removed), tuple(self._texts), tuple(self._filed),
            self._packages, self._with_files, self._paths, sum(map(len, self._ranges)), self._listed,
            tuple(self._writer.finish()),
        )

    def _after(
        self, entry: Entry, update: Update | None, old: Parts | None
    ) -> tuple[Parts, bytes, dict[str, bytes], dict[str, bytes]]:
        """What is known afterwards as far as *update* says it, and the digests of all that is known afterwards."""
        covers = self._plan.covers
        whole = update is not None and update.whole
        new = Parts()
        meta = entry.meta
        if whole or ("meta", "") in covers or (update is not None and update.releases):
            new.releases = dict(old.releases) if old is not None else {}
            new.releases.update(update.releases if update is not None else {})
            meta = digest(new.sorted_releases()) if new.releases else b""
        files = {arch: seen for arch, seen in entry.files.items() if not whole and ("files", arch) not in covers}
        texts = {language: seen for language, seen in entry.texts.items() if not whole and ("text", language) not in covers}
        if update is not None:
            new.texts = update.texts
            for architecture, paths in update.files.items():
                files[architecture] = digest(b"\n".join(paths))
            for language, text in update.texts.items():
                texts[language] = digest(text)
        return new, meta, files, texts

    def _keep(
        self, new: Parts, old: Parts, entry: Entry, meta: bytes, files: Mapping[str, bytes], texts: Mapping[str, bytes]
    ) -> None:
        """Take from *old* what *new* does not say anew."""
        if meta == entry.meta:
            new.releases = old.releases
        new.texts = {language: new.texts.get(language) or old.texts[language] for language in sorted(texts)}
        new.files = {arch: old.files[arch] for arch in files if arch in old.files and files[arch] == entry.files.get(arch)}

    def _relate(self, name: str, old: Parts, new: Parts, changed: bool) -> None:
        if not changed:
            return
        before, after = _masks(old), _masks(new)
        for target in before.keys() | after.keys():
            mask = after.get(target, 0)
            if mask != before.get(target, 0):
                self._edges.setdefault(spread(target) & (self._plan.slices - 1), []).append([target, name, mask])

    def _file(self, name: str, new: Parts, update: Update | None) -> int:
        """Compress the lists that *update* brings, put the pairs of all lists in their ranges, count the paths."""
        self._filed.append(name)
        lists = [forward.decompress_paths(frame) for _, frame in new.files.values()]
        for architecture, paths in (update.files if update is not None else {}).items():
            if architecture not in new.files:
                new.files[architecture] = [len(paths), self._packer.pack(_joined(name, paths))]
                lists.append(paths)
        paths = lists[0] if len(lists) == 1 else sorted({path for listed in lists for path in listed})
        tail = b"\t" + name.encode("utf-8", "surrogateescape")
        pairs = [path + tail for path in paths]
        # In order already, but for paths with a character below the tab in them, or a tab.
        pairs.sort()
        self._listed += bool(pairs)
        spread_pairs(pairs, self._plan.cuts, self._ranges)
        return len(pairs)

    def _record(self, name: str, before: Entry, new: Parts, after: Entry, update: Update | None) -> None:
        group = self._groups.setdefault(group_of(name, self._previous.manifest.partition), {})
        self._packages += bool(not new.empty()) - bool(before.forward)
        self._with_files += bool(after.paths) - bool(before.paths)
        self._paths += after.paths - before.paths
        if new.empty():
            group[name] = None
            self._removed.append(name)
            self._entries[name] = Entry(reverse=before.reverse, reverse_bytes=before.reverse_bytes)
        else:
            record = forward.encode_parts(new.sorted_releases(), dict(sorted(new.files.items())), new.texts)
            group[name] = record
            (self._changed if before.forward else self._added).append(name)
            self._entries[name] = after._replace(forward=self._plan.stamp, forward_bytes=len(record))
        if self._previous.manifest.partition == "package":
            self._write_groups()

    def _write_groups(self) -> None:
        for group, records in self._groups.items():
            kept = dict(self._previous.neighbours("forward", next(iter(records))))
            for name in kept.keys() - records.keys():
                known = self._entries.get(name) or self._previous.entry(name)
                self._entries[name] = known._replace(forward=self._plan.stamp)
            for name, record in records.items():
                if record is None:
                    kept.pop(name, None)
                else:
                    kept[name] = record
            if kept:
                self._writer.facts("forward", group, kept)
        self._groups.clear()


def _joined(name: str, paths: Sequence[bytes]) -> bytes:
    """As they are packed. Raises `Rejected` when nobody would read them: each listing of a set is within its limits."""
    text = b"\n".join(paths)
    if len(text) > forward.UNPACKED_BYTES_MAX:
        raise Rejected(f"the listings have {len(text)} bytes of paths of {name!r} together, more than "
                       f"{forward.UNPACKED_BYTES_MAX}: take away the one that is wrong")
    return text


def spread_pairs(pairs: list[bytes], cuts: Sequence[bytes], ranges: list[list[bytes]]) -> None:
    """Put the sorted *pairs* into the ranges that *cuts* make: a few searches, as a package's paths are mostly neighbours."""
    start = 0
    while start < len(pairs):
        place = bisect_right(cuts, pairs[start])
        end = bisect_left(pairs, cuts[place], start) if place < len(cuts) else len(pairs)
        ranges[place] += pairs[start:end]
        start = end


def _settles_meta(entry: Entry, update: Update | None, covered: bool) -> bool:
    """Whether the releases afterwards follow from the update alone, whatever they were before."""
    return covered or update is None or update.whole or not update.releases or not entry.meta


def _masks(parts: Parts) -> dict[str, int]:
    return {target: sum(BIT[kind] for kind in kinds if kind in BIT) for target, kinds in parts.edges().items()}


def row_of(name: str, parts: Parts) -> list[Any]:
    """Name, summary, impacts and keys: what a text shard holds of a package."""
    # In the order of the record, so that the same package shows the same summary wherever it is read.
    releases = {(found[0], found[1]): forward.release(*found) for found in parts.sorted_releases()}
    package = Package(name, releases, {}, {language: Text(*text) for language, text in parts.texts.items()})
    summary = next((release.summary for release in releases.values() if release.summary), "")
    summary = summary or next((text.summary for text in package.texts.values() if text.summary), "")
    return [name, summary, terms.impacts(package), list(tokens.keys(package))]


def write_items(path: str, items: Sequence[Any]) -> None:
    """Leave *items* in the scratch directory, for `collect.read_items`."""
    packer = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape")
    with open(path, "wb") as file:
        for item in items:
            file.write(packer.pack(item))


def cuts_for(samples: Sequence[bytes], ranges: int) -> tuple[bytes, ...]:
    """*ranges* - 1 pairs that cut what was sampled into equal parts."""
    ordered = sorted(samples)
    if ranges < 2 or len(ordered) < ranges:
        return ()
    return tuple(dict.fromkeys(ordered[len(ordered) * place // ranges] for place in range(1, ranges)))
