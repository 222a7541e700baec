"""Reading blobs by name and stamp, and remembering what was read.

Invariants:

* Names are never reused, so what is remembered can never be stale: the cache outlives generations, and a reader that goes
  on to the next one reads only what changed.
* Of a page two versions are remembered at most, and the files that those name: a reader that stays beside ten thousand
  generations remembers as much as one beside ten. Two, so that two generations can be compared name by name.
"""

from __future__ import annotations

from pkgindex.errors import Corrupt
from pkgindex.format import dead, names, page
from pkgindex.format import group as group_file
from pkgindex.format.envelope import REMEDY
from pkgindex.format.page import Entry, group_of
from pkgindex.store.backend import Backend

TYPE_CHECKING = False
if TYPE_CHECKING:  # most generations have no deltas
    from pkgindex.format.delta import Delta
    from pkgindex.format.manifest import Manifest
    from pkgindex.format.overlay import Overlay

# Of all pages together, some 500 bytes each: Debian whole, so that a question about its whole graph decodes each page once.
ENTRIES_MAX = 200_000
GROUPS_MAX = 8192
VERSIONS_MAX = 2

Version = tuple[str, dict[str, Entry]]


class Blobs:
    """The blobs of one repository. Everything here raises `Gone` and `Corrupt`."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        # By how many pages there are, and which one it is: its last versions, with their stamps.
        self._pages: dict[tuple[int, int], tuple[Version, ...]] = {}
        self._entries = 0
        self._groups: dict[str, dict[str, bytes]] = {}
        self._overlay: Overlay | None = None

    def page(self, number: int, pages: int, stamp: str, partition: str) -> dict[str, Entry]:
        """Page *number* of *pages*; the *partition* says which files its names have."""
        for known, entries in self._pages.get((pages, number), ()):
            if known == stamp:
                return entries
        name = names.page_name(number, stamp)
        found = page.placed(page.decode(self.backend.read(name), stamp, name), number, pages, name)
        self._remember((pages, number), (stamp, found), partition)
        return found

    def forward(self, group: str, stamp: str, package: str) -> tuple[bytes, str]:
        """The forward record of *package*, and the name of the file it stands in."""
        return self._record("forward", group, stamp, package)

    def reverse(self, group: str, stamp: str, package: str) -> tuple[bytes, str]:
        return self._record("reverse", group, stamp, package)

    def dead(self, kind: str, number: int, stamp: str) -> frozenset[str]:
        """The packages that are dead in shard *number*."""
        if not stamp:
            return frozenset()
        name = names.dead_name(kind, number, stamp)
        return frozenset(dead.decode(self.backend.read(name), kind, number, stamp, name))

    def delta(self, manifest: Manifest) -> Delta:
        """What all deltas of a generation come to; of those that an older one had, only what is new is read."""
        from pkgindex.format.overlay import NOTHING, overlay

        self._overlay = overlay(manifest, self.backend.read, self._overlay or NOTHING)
        return self._overlay.delta

    def _remember(self, place: tuple[int, int], version: Version, partition: str) -> None:
        versions = (*self._pages.pop(place, ()), version)
        outdated, kept = versions[:-VERSIONS_MAX], versions[-VERSIONS_MAX:]
        for _, gone in outdated:
            self._forget_files(gone, [entries for _, entries in kept], partition)
        self._entries += len(version[1]) - _size(outdated)
        while self._pages and self._entries > ENTRIES_MAX:
            self._entries -= _size(self._pages.pop(next(iter(self._pages))))
        self._pages[place] = kept

    def _forget_files(self, outdated: dict[str, Entry], kept: list[dict[str, Entry]], partition: str) -> None:
        """Those that only an *outdated* version of a page names."""
        for package, kind, stamp in _files(outdated).difference(*map(_files, kept)):
            self._groups.pop(names.facts_name(kind, group_of(package, partition), stamp), None)

    def _record(self, kind: str, group: str, stamp: str, package: str) -> tuple[bytes, str]:
        name = names.facts_name(kind, group, stamp)
        record = self._file(kind, name, stamp).get(package)
        if record is None:
            raise Corrupt(f"{name}: does not hold {package!r}; {REMEDY}")
        return record, name

    def _file(self, kind: str, name: str, stamp: str) -> dict[str, bytes]:
        found = self._groups.get(name)
        if found is None:
            found = group_file.decode(kind, self.backend.read(name), stamp, name)
            if len(self._groups) >= GROUPS_MAX:
                # All at once: to find the oldest of a dictionary, what was taken from its beginning is passed each time.
                self._groups.clear()
            self._groups[name] = found
        return found


def _size(versions: tuple[Version, ...]) -> int:
    return sum(len(entries) for _, entries in versions)


def _files(entries: dict[str, Entry]) -> set[tuple[str, str, str]]:
    """Of each name of a page, the kinds and stamps of its files."""
    forwards = {(package, "forward", entry.forward) for package, entry in entries.items()}
    return forwards | {(package, "reverse", entry.reverse) for package, entry in entries.items()}
