"""The generation that a pack builds upon, as its writer reads it: pages, records and shards by need."""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.format import dead, names, page, reverse
from pkgindex.format import group as group_file
from pkgindex.format.manifest import Manifest
from pkgindex.format.page import BUCKETS, Entry, group_of, page_of
from pkgindex.store.backend import Backend


class Previous:
    """A generation, read for one slice of its names: those whose spread, modulo *slices*, is *slice*."""

    def __init__(self, backend: Backend, manifest: Manifest, slices: int = 1, slice: int = 0) -> None:
        self.backend = backend
        self.manifest = manifest
        self._slices, self._slice = slices, slice
        self._pages: dict[int, dict[str, Entry]] = {}
        self._groups: dict[tuple[str, str], dict[str, bytes]] = {}

    def entry(self, name: str) -> Entry:
        return self._page(page_of(name, len(self.manifest.page_stamps))).get(name, Entry())

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """All names of the slice."""
        stamps = self.manifest.page_stamps
        step = min(self._slices, len(stamps))
        for number in range(self._slice % step, len(stamps), step):
            for name, entry in self._page(number).items():
                if names.spread(name) & (self._slices - 1) == self._slice:
                    yield name, entry

    def page_entries(self, number: int, pages: int) -> dict[str, Entry]:
        """What page *number* of *pages* holds, also where the generation has fewer pages."""
        old = self._page(number & (len(self.manifest.page_stamps) - 1))
        if pages == len(self.manifest.page_stamps):
            return dict(old)
        return {name: entry for name, entry in old.items() if page_of(name, pages) == number}

    def forward(self, name: str) -> bytes | None:
        """The forward record of a package."""
        entry = self.entry(name)
        return self.group("forward", name, entry.forward).get(name) if entry.forward else None

    def reverse(self, name: str) -> dict[str, int]:
        """Who names it, and how."""
        entry = self.entry(name)
        if not entry.reverse:
            return {}
        return reverse.decode(self.group("reverse", name, entry.reverse)[name], name, name)

    def group(self, kind: str, name: str, stamp: str) -> dict[str, bytes]:
        """All records of the file that holds *name*'s."""
        group = group_of(name, self.manifest.partition)
        key = (kind, group)
        if key not in self._groups:
            blob = names.facts_name(kind, group, stamp)
            if self.manifest.partition == "package":  # each is read once: nothing to remember
                return group_file.decode(kind, self.backend.read(blob), stamp, blob)
            self._groups[key] = group_file.decode(kind, self.backend.read(blob), stamp, blob)
        return self._groups[key]

    def neighbours(self, kind: str, name: str) -> dict[str, bytes]:
        """The records of all that share a file with *name*, by name; with the default partition there are none."""
        if self.manifest.partition == "package":
            return {}
        for member, entry in self._members(name):
            stamp = entry.stamp(kind)
            if stamp:
                return self.group(kind, member, stamp)
        return {}

    def _members(self, name: str) -> Iterator[tuple[str, Entry]]:
        """Those of the group; *name* itself first, which is there more often than not."""
        yield name, self.entry(name)
        stamps = self.manifest.page_stamps
        buckets = BUCKETS if self.manifest.partition == "bucket" else 1
        step = min(buckets, len(stamps))
        group = group_of(name, self.manifest.partition)
        for number in range(names.spread(name) % step, len(stamps), step):
            for member, entry in self._page(number).items():
                if group_of(member, self.manifest.partition) == group:
                    yield member, entry

    def dead(self, kind: str, number: int, stamp: str) -> list[str]:
        """The packages that are dead in a shard."""
        if not stamp:
            return []
        blob = names.dead_name(kind, number, stamp)
        return dead.decode(self.backend.read(blob), kind, number, stamp, blob)

    def _page(self, number: int) -> dict[str, Entry]:
        if number not in self._pages:
            stamp = self.manifest.page_stamps[number]
            name = names.page_name(number, stamp)
            found = page.decode(self.backend.read(name), stamp, name) if stamp else {}
            self._pages[number] = page.placed(found, number, len(self.manifest.page_stamps), name)
        return self._pages[number]
