"""A generation as one who commits again and again knows it: what was read for the ones before is not read again.

Memory is bounded, but for what lies over the pages, which is settled in time: the oldest of what is remembered is forgotten,
and read again when it is wanted.
"""

from __future__ import annotations

from collections import OrderedDict

from pkgindex.errors import Corrupt, Gone
from pkgindex.format import group as group_file
from pkgindex.format import manifest as manifests
from pkgindex.format import names, page
from pkgindex.format.delta import Changed, Delta, Pile, together
from pkgindex.format.manifest import Manifest
from pkgindex.format.numbering import manifest_name
from pkgindex.format.overlay import NOTHING, Overlay, of, overlay, told
from pkgindex.format.page import Entry, group_of
from pkgindex.packer.previous import Previous
from pkgindex.store.backend import Backend

PAGES_MAX = 256
RECORD_BYTES_MAX = 16 << 20
# Manifests that are read to hear what changed; a delta in a file is as large as those of many.
STEPS_MAX = 32

Page = tuple[str, dict[str, Entry]]
Group = tuple[str, dict[str, bytes]]


class Carried(Previous):
    """The generation of *manifest*; what *before* remembers is remembered as far as it holds, and *before* is of no use
    any more: what changed is laid over the same pile.

    *newest* is what it changed, where that is known; it is read otherwise. `heard` are the packages that it changed, and
    perhaps some of before; None when all had to be read anew.
    """

    def __init__(
        self, backend: Backend, manifest: Manifest, before: Carried | None = None, newest: Delta | None = None
    ) -> None:
        super().__init__(backend, manifest)
        # By place, each with its stamp: where another stamp is wanted, what is remembered is of no use.
        # Ordered ones, because a plain dictionary takes the longer to find its first item the more were taken from there.
        self._known_pages: OrderedDict[int, Page] = before._known_pages if before else OrderedDict()
        self._known_groups: OrderedDict[tuple[str, str], Group] = before._known_groups if before else OrderedDict()
        self._record_bytes: int = before._record_bytes if before else 0
        self.overlay: Overlay
        known = before.overlay if before else NOTHING
        if newest is None:
            newest = self._told(known)
        if before is None or newest is None:
            self._pile, self.heard = Pile(overlay(manifest, backend.read).delta), None
        else:
            self._pile, self.heard = before._pile, newest.packages.keys()
            self._pile.lay(newest)
        self.overlay = of(manifest, self._pile.delta)
        self.delta = self.overlay.delta

    def facts(self, name: str) -> Changed | Entry:
        """The digests of a package and how many paths it has, without a look at who names it."""
        return self.delta.packages.get(name) or self._below(name)

    def digest(self, name: str) -> bytes | None:
        """That of the releases of a package; None when it is not shipped."""
        if name in self.delta.packages:
            changed = self.delta.packages[name]
            return changed.meta if changed.record is not None else None
        entry = self._below(name)
        return entry.meta if entry.shipped else None

    def spoil(self) -> None:
        """Let whatever comes after this read anew what lies over the pages: something was laid over it that this is not."""
        self.overlay = NOTHING

    def _told(self, known: Overlay) -> Delta | None:
        """What changed since *known*, when the manifests tell that were published since."""
        newest = told(self.manifest, known)
        if newest is not None or not known.newest or self.manifest.generation - known.generation > STEPS_MAX:
            return newest
        steps = []
        for number in range(known.generation + 1, self.manifest.generation + 1):
            manifest = self._manifest(number)
            step = told(manifest, known) if manifest else None
            if manifest is None or step is None:
                return None
            steps.append(step)
            known = of(manifest, known.delta)
        return together(steps)

    def _manifest(self, number: int) -> Manifest | None:
        """That of a generation up to this one, if it is still there to be read."""
        if number == self.manifest.generation:
            return self.manifest
        name = manifest_name(number)
        try:
            return manifests.decode(self.backend.read(name), self.manifest.repo, number, name)
        except (Gone, Corrupt):
            return None

    def group(self, kind: str, name: str, stamp: str) -> dict[str, bytes]:
        key = kind, group_of(name, self.manifest.partition)
        known = self._known_groups.get(key)
        if known is None or known[0] != stamp:
            blob = names.facts_name(*key, stamp)
            known = stamp, group_file.decode(kind, self.backend.read(blob), stamp, blob)
            self._remember_group(key, known)
        return known[1]

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
