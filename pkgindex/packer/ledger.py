"""What a committer knows of the newest generation, and how it hears of what others published.

Invariants:

* It stands on one generation. What was read of the next is taken over when all of it was read, or not at all.
* A package is looked at again when a page or a newer delta says that it is otherwise than before, and only then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from pkgindex.errors import Gone
from pkgindex.format.delta import Delta
from pkgindex.format.manifest import Manifest
from pkgindex.format.names import delta_name
from pkgindex.format.page import group_of, page_of
from pkgindex.packer.carried import Carried
from pkgindex.packer.dependencies import needs_of
from pkgindex.packer.publish import Head
from pkgindex.packer.target import Target
from pkgindex.packer.updates import Parts

# Of each package the names that it depends on, sorted; None: the repository does not ship it.
Needs = Mapping[str, tuple[str, ...] | None]

ATTEMPTS_MAX = 10
ATTEMPT_SECONDS = 0.05


class Ledger:
    """Of a repository: its newest generation as far as it was heard of, at first none."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.head = Head(target.backend, target.repo)
        self.head.advance(Manifest(target.repo, 0, self.head.manifest.partition), "")
        self.carried = Carried(target.backend, self.head.manifest)
        # By page, the digests of what is shipped: enough to see which packages another writer changed.
        self._digests: list[dict[str, bytes]] = [{}]
        # Those of the newest generation that this writer made, by stamp, and files by name: it merges them without reading.
        self._deltas: dict[str, Delta] = {}
        # Whether what it stands on may have been lost by a share's server, and its number given again.
        self._doubted = False

    def fresh(self) -> bool:
        """Whether no newer generation is there."""
        return self.head.generations.is_head(self.head.manifest.generation)

    def delta(self, name: str) -> Delta | None:
        """The delta of the publish *name*, or in the file of that name, when it was made here."""
        return self._deltas.get(name)

    def refresh(self) -> dict[str, tuple[str, ...] | None]:
        """Stand on the newest generation; what the packages depend on that it has otherwise than the one before.

        Raises `Gone` when it is retired again and again before it was read.
        """
        if self.fresh() and not self._doubted:
            return {}
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self._move_to(Head(self.target.backend, self.target.repo))
            except Gone:
                if attempt == ATTEMPTS_MAX:
                    raise
                time.sleep(ATTEMPT_SECONDS * attempt)
        raise AssertionError("the last attempt returns or raises")

    def doubt(self) -> None:
        """Look at the newest generation the next time, even if it has the number of the one that this stands on."""
        self._doubted = True

    def follow(self, manifest: Manifest, checksum: str, newest: Delta, made: Mapping[str, Delta]) -> None:
        """Stand on *manifest*, which was published on top of what this stood on and changed *newest*; the deltas
        *made* are new in it.
        """
        self.head.advance(manifest, checksum)
        self.carried = Carried(self.target.backend, manifest, self.carried, newest)
        self._deltas = _kept({**self._deltas, **made}, manifest)
        self._see(newest.packages)

    def _move_to(self, head: Head) -> dict[str, tuple[str, ...] | None]:
        carried = Carried(self.target.backend, head.manifest, self.carried)
        try:
            needs, digests = self._changed(head.manifest, carried)
        except BaseException:
            self.carried.spoil()
            self.doubt()
            raise
        self.head, self.carried, self._digests, self._doubted = head, carried, digests, False
        self._deltas = _kept(self._deltas, head.manifest)
        self._see(needs)
        return needs

    def _changed(
        self, manifest: Manifest, carried: Carried
    ) -> tuple[dict[str, tuple[str, ...] | None], list[dict[str, bytes]]]:
        """What the packages depend on that *carried* has otherwise, and the digests that were known, by its pages."""
        pages, old = len(manifest.page_stamps), self.head.manifest.page_stamps
        digests = self._digests if pages == len(self._digests) else self._spread_over(pages)
        written = [n for n in range(pages) if pages != len(old) or manifest.page_stamps[n] != old[n]]
        seen = {name for number in written for name in (*digests[number], *carried.page_entries(number, pages))}
        if carried.heard is not None:
            seen.update(carried.heard)
        else:
            # Those that were there before may have been settled meanwhile, or be of a generation that was lost.
            seen.update(carried.delta.packages, self.carried.delta.packages)
        changed = [name for name in seen if digests[page_of(name, pages)].get(name) != carried.digest(name)]
        return dict(_needs(carried, changed)), digests

    def _see(self, changed: Iterable[str]) -> None:
        """Remember the digests of packages that were *changed*."""
        for name in changed:
            digests, digest = self._digests[page_of(name, len(self._digests))], self.carried.digest(name)
            if digest is None:
                digests.pop(name, None)
            else:
                digests[name] = digest

    def _spread_over(self, pages: int) -> list[dict[str, bytes]]:
        """The digests that are known, by their places among *pages*."""
        spread: list[dict[str, bytes]] = [{} for _ in range(pages)]
        for digests in self._digests:
            for name, digest in digests.items():
                spread[page_of(name, pages)][name] = digest
        return spread


def _kept(known: Mapping[str, Delta], manifest: Manifest) -> dict[str, Delta]:
    """Of the deltas *known* those of *manifest*. What has a stamp never changes."""
    named = [*(delta_name(found.stamp) for found in manifest.deltas), *(stamp for stamp, _ in manifest.tail)]
    return {name: known[name] for name in named if name in known}


def _needs(carried: Carried, packages: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """What *packages* depend on; those that share a file one after the other, and of them those on one page."""
    alone, pages = carried.manifest.partition == "package", len(carried.manifest.page_stamps)

    def place(name: str) -> tuple[str, int]:
        return "" if alone else group_of(name, carried.manifest.partition), page_of(name, pages)

    for name in sorted(packages, key=place):
        record = carried.forward(name)
        yield name, None if record is None else needs_of(Parts(record))
