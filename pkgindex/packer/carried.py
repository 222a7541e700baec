"""A generation as one who commits again and again knows it: what was read or written for the ones before is not read again.

Memory is bounded: the oldest of what is remembered is forgotten, and read again when it is wanted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from pkgindex.format import group as group_file
from pkgindex.format import names, page
from pkgindex.format.manifest import Manifest
from pkgindex.format.page import Entry, group_of
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.previous import Previous
from pkgindex.packer.scribe import Scribe
from pkgindex.store.backend import Backend

PAGES_MAX = 256
RECORD_BYTES_MAX = 16 << 20

Page = tuple[str, dict[str, Entry]]
Group = tuple[str, dict[str, bytes]]


class KeepingWriter(BlobWriter):
    """Remembers the pages and records that it writes; *scribe* writes them, all at once in the end."""

    def __init__(self, backend: Backend, stamp: str, scribe: Scribe) -> None:
        super().__init__(backend, stamp)
        self._scribe = scribe
        self._unwritten: list[tuple[str, bytes]] = []
        self.pages: dict[int, Page] = {}
        self.groups: dict[tuple[str, str], Group] = {}

    def facts(self, kind: str, group: str, records: Mapping[str, bytes]) -> None:
        super().facts(kind, group, records)
        self.groups[(kind, group)] = self.stamp, dict(records)

    def page(self, number: int, entries: dict[str, Entry]) -> None:
        super().page(number, entries)
        self.pages[number] = self.stamp, entries


    def finish(self) -> list[str]:
        if not self._backend.remote:
            self._scribe.create(self._unwritten)
        return super().finish()

    def _create(self, name: str, data: bytes) -> None:
        if self._backend.remote:
            # Where each costs a round trip, several threads at once are what helps.
            super()._create(name, data)
            return
        self.names.append(name)
        self._unwritten.append((name, data))


class Carried(Previous):
    """The generation of *manifest*; what *before* remembers and what *written* wrote is remembered as far as it holds."""

    def __init__(
        self, backend: Backend, manifest: Manifest, before: Carried | None = None, written: KeepingWriter | None = None
    ) -> None:
        super().__init__(backend, manifest)
        # By place, each with its stamp: where another stamp is wanted, what is remembered is of no use.
        # Ordered ones, because a plain dictionary takes the longer to find its first item the more were taken from there.
        self._known_pages: OrderedDict[int, Page] = before._known_pages if before else OrderedDict()
        self._known_groups: OrderedDict[tuple[str, str], Group] = before._known_groups if before else OrderedDict()
        self._record_bytes: int = before._record_bytes if before else 0
        if written is not None:
            for number, found in written.pages.items():
                self._remember_page(number, found)
            for key, records in written.groups.items():
                self._remember_group(key, records)

    def group(self, kind: str, name: str, stamp: str) -> dict[str, bytes]:
        key = kind, group_of(name, self.manifest.partition)
        known = self._known_groups.get(key)
        if known is None or known[0] != stamp:
            blob = names.facts_name(*key, stamp)
            known = stamp, group_file.decode(kind, self.backend.read(blob), stamp, blob)
            self._remember_group(key, known)
        return known[1]

    def neighbours(self, kind: str, name: str) -> dict[str, bytes]:
        known = self._known_groups.get((kind, group_of(name, self.manifest.partition)))
        # Of one file all that hold are written under its stamp, so one of them tells whether it is the file of today.
        member = next(iter(known[1]), None) if known is not None else None
        if known is None or member is None or self.entry(member).stamp(kind) != known[0]:
            return super().neighbours(kind, name)
        return known[1] if self.manifest.partition != "package" else {}

    def _page(self, number: int) -> dict[str, Entry]:
        stamp = self.manifest.page_stamps[number]
        if not stamp:
            return {}
        known = self._known_pages.get(number)
        if known is None or known[0] != stamp:
            name = names.page_name(number, stamp)
            found = page.decode(self.backend.read(name), stamp, name)
            known = stamp, page.placed(found, number, len(self.manifest.page_stamps), name)
            self._remember_page(number, known)
        return known[1]

    def _remember_page(self, number: int, found: Page) -> None:
        self._known_pages.pop(number, None)
        self._known_pages[number] = found
        while len(self._known_pages) > PAGES_MAX:
            self._known_pages.popitem(last=False)

    def _remember_group(self, key: tuple[str, str], found: Group) -> None:
        self._forget_group(key)
        self._known_groups[key] = found
        self._record_bytes += _bytes(found)
        # Two always stay, however large: with all in one file there are no more.
        while self._record_bytes > RECORD_BYTES_MAX and len(self._known_groups) > 2:
            self._forget_group(next(iter(self._known_groups)))

    def _forget_group(self, key: tuple[str, str]) -> None:
        known = self._known_groups.pop(key, None)
        if known is not None:
            self._record_bytes -= _bytes(known)


def _bytes(group: Group) -> int:
    return sum(map(len, group[1].values()))
