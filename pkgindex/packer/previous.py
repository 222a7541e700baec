"""The generation that a writer builds upon, as it reads it: pages, records, deltas and shards by need.

`page_entries`, `group` and `neighbours` tell what stands in files, the others what holds: deltas lie over that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from pkgindex.format import dead, names, page, reverse
from pkgindex.format import group as group_file
from pkgindex.format.delta import Delta
from pkgindex.format.manifest import Manifest
from pkgindex.format.overlay import dependants_over, entry_over, loose_over, overlay
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

    @cached_property
    def delta(self) -> Delta:
        """What lies over the pages."""
        return overlay(self.manifest, self.backend.read).delta

    def settled(self) -> Previous:
        """The same without what lies over the pages."""
        return Previous(self.backend, self.manifest._replace(deltas=(), tail=(), folded=0))

    def loose(self) -> dict[str, int]:
        """The packages that stand in no shard, with the bits that say of which kind."""
        return loose_over(self.manifest, self.delta)

    def entry(self, name: str) -> Entry:
        below = self._below(name)
        if name in self.delta.packages or name in self.delta.named:
            return entry_over(self.delta, name, below, lambda: self._reverse_below(name, below)) or Entry()
        return below

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """All names of the slice."""
        stamps = self.manifest.page_stamps
        step = min(self._slices, len(stamps))
        over = {**self.delta.packages, **self.delta.named}
        for number in range(self._slice % step, len(stamps), step):
            for name, entry in self._page(number).items():
                if name not in over and self._is_mine(name):
                    yield name, entry
        for name in filter(self._is_mine, over):
            entry = self.entry(name)
            if entry != Entry():
                yield name, entry

    def page_entries(self, number: int, pages: int) -> dict[str, Entry]:
        """What page *number* of *pages* holds, also where the generation has fewer pages."""
        old = self._page(number & (len(self.manifest.page_stamps) - 1))
        if pages == len(self.manifest.page_stamps):
            return dict(old)
        return {name: entry for name, entry in old.items() if page_of(name, pages) == number}

    def forward(self, name: str) -> bytes | None:
        """The forward record of a package."""
        if name in self.delta.packages:
            return self.delta.packages[name].record
        stamp = self._below(name).forward
        return self.group("forward", name, stamp).get(name) if stamp else None

    def reverse(self, name: str) -> dict[str, int]:
        """Who names it, and how."""
        return dependants_over(self.delta.named.get(name), self._reverse_below(name, self._below(name)))

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
        yield name, self._below(name)
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

    def _is_mine(self, name: str) -> bool:
        return names.spread(name) & (self._slices - 1) == self._slice

    def _below(self, name: str) -> Entry:
        """What the page of *name* says of it."""
        return self._page(page_of(name, len(self.manifest.page_stamps))).get(name, Entry())

    def _reverse_below(self, name: str, entry: Entry) -> dict[str, int]:
        """Who names *name* by its reverse file."""
        if not entry.reverse:
            return {}
        return reverse.decode(self.group("reverse", name, entry.reverse)[name], name, name)

    def _page(self, number: int) -> dict[str, Entry]:
        if number not in self._pages:
            stamp = self.manifest.page_stamps[number]
            name = names.page_name(number, stamp)
            found = page.decode(self.backend.read(name), stamp, name) if stamp else {}
            self._pages[number] = page.placed(found, number, len(self.manifest.page_stamps), name)
        return self._pages[number]
