"""Settling: what deltas say is written into pages, forward and reverse files, step by step, and then they are dropped.

A step writes some pages, and everything that they name, as a generation of its own. The deltas stay, and lie over what was
written of them as over what was not, until the last step drops those that were there when the first began. So commits may
come between any two steps, and each waits for one step at most. What a crash interrupts is begun anew; it changed no answer.

Where another writer wrote pages meanwhile, or dropped deltas, all begins anew too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from pkgindex.errors import Exists, StoreError
from pkgindex.format.delta import Delta
from pkgindex.format.manifest import Change, Manifest
from pkgindex.format.names import generation_of, token_of
from pkgindex.format.overlay import loose_over
from pkgindex.format.page import BUCKETS, Entry, page_of
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.layover import pages_after
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.reverses import Turned, records_after, write_groups, write_pages
from pkgindex.packer.target import Target

ACTION = "settle"
# A step of so many packages and names that are named otherwise, if they stand on several pages; of more when it is so much
# that there would be more steps than these: what is committed between them gathers anew.
NAMES_A_STEP = 200
STEPS_MAX = 32
ATTEMPTS_MAX = 100


def settle(target: Target) -> None:
    """All steps as one. Raises `StoreError` when other writers are first again and again."""
    for _ in range(ATTEMPTS_MAX):
        if not Head(target.backend, target.repo).manifest.unsettled:
            return
        Settling(target, None).step()
    raise StoreError(f"repository {target.repo!r}: {ATTEMPTS_MAX} times another writer was first; try again later")


class Settling:
    """The steps of settling what lies over the pages of the newest generation; at most *names_a_step* names each.

    Raises `NoSpace` and other `StoreError`, and then the generation before stands.
    """

    def __init__(self, target: Target, names_a_step: int | None = NAMES_A_STEP) -> None:
        self._target = target
        self._head = Head(target.backend, target.repo)
        previous = Previous(target.backend, self._head.manifest)
        self._until, self._delta = self._head.manifest.generation, previous.delta
        self._pages = pages_after(self._head.manifest, len(self._delta.packages))
        parts = _parts(self._delta, self._head.manifest, self._pages, names_a_step) or [[]]
        self._parts = parts if self._head.manifest.unsettled else []
        self._ground = _ground(self._head.manifest)

    def step(self) -> bool:
        """The next one; True when there is none after it, or another writer made all of no use."""
        self._head = Head(self._target.backend, self._target.repo)
        if not self._parts or _ground(self._head.manifest) != self._ground:
            return True
        try:
            self._publish(self._parts[0], last=len(self._parts) == 1)
        except Exists:
            return False
        self._parts, self._ground = self._parts[1:], _ground(self._head.manifest)
        return not self._parts

    def _publish(self, names: list[str], last: bool) -> None:
        token = token_of(os.urandom(8))
        writer = BlobWriter(self._target.backend, f"{self._head.manifest.generation + 1}-{token}")
        try:
            turned = self._write(names, writer)
            manifest = self._manifest(turned, writer.stamp, last)
            checksum = publish(self._head, manifest, token, turned.blobs, self._target.settings.keep_generations)
        except BaseException:
            withdraw(self._target.backend, writer.stamp)
            raise
        self._head.advance(manifest, checksum)

    def _write(self, names: list[str], writer: BlobWriter) -> Turned:
        """Lay what is said of *names* over what stands in files."""
        below = Previous(self._target.backend, self._head.manifest).settled()
        entries: dict[str, Entry] = {}
        records: dict[str, bytes | None] = {}
        for name in names:
            changed, entry = self._delta.packages.get(name), below.entry(name)
            if changed is not None and (changed.record is not None or entry.shipped):
                records[name] = changed.record
                entries[name] = entry._replace(
                    meta=changed.meta, files=changed.files, texts=changed.texts, paths=changed.paths)
        named = {name: self._delta.named[name].masks for name in names if name in self._delta.named}
        masks = {name: found for name, found in named.items() if any(found.values()) or below.entry(name).reverse}
        write_groups("forward", records, below, entries, writer)
        write_groups("reverse", records_after(masks, below), below, entries, writer)
        return write_pages(range(self._pages), self._pages, below, entries, writer)

    def _manifest(self, turned: Turned, stamp: str, last: bool) -> Manifest:
        old = self._head.manifest
        stamps = list(old.page_stamps) if self._pages == len(old.page_stamps) else [""] * self._pages
        for page in turned.pages:
            stamps[page] = stamp
        for page in turned.emptied:
            stamps[page] = ""
        manifest = self._head.next(
            created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", page_stamps=tuple(stamps),
            names=old.names + turned.names, facts_bytes=old.facts_bytes + turned.facts_bytes, submissions=(),
            change=Change(action=ACTION),
        )
        return self._without_settled(manifest) if last else manifest

    def _without_settled(self, manifest: Manifest) -> Manifest:
        """*manifest* without the deltas that were written; what was loose by them is loose all the same."""
        deltas = tuple(found for found in manifest.deltas if found.last > self._until)
        tail = tuple(found for found in manifest.tail if generation_of(found[0]) > self._until)
        loose = loose_over(manifest, self._delta)
        return manifest._replace(deltas=deltas, tail=tail, loose=loose, folded=manifest.folded if deltas or tail else 0)


def _ground(manifest: Manifest) -> tuple[int, tuple[str, ...]]:
    """What other writers change when they write pages or drop deltas, and not when they commit."""
    return manifest.first_delta, manifest.page_stamps


def _parts(delta: Delta, manifest: Manifest, pages: int, names_a_step: int | None) -> list[list[str]]:
    """The names, cut into steps. Those that share a file stay together, and so do those on one page."""
    # When there will be more pages all are written, at once with whatever is to be written.
    together = BUCKETS if manifest.partition == "bucket" else 1 << 32 if manifest.partition == "package" else 1
    places: dict[int, list[str]] = {}
    for name in {**delta.packages, **delta.named}:
        places.setdefault(page_of(name, pages) & (min(together, pages) - 1), []).append(name)
    return list(_joined([places[place] for place in sorted(places)], names_a_step))


def _joined(parts: list[list[str]], names_a_step: int | None) -> Iterator[list[str]]:
    joined: list[str] = []
    if names_a_step is not None:
        names_a_step = max(names_a_step, sum(map(len, parts)) // STEPS_MAX)
    for part in parts:
        if joined and names_a_step is not None and len(joined) + len(part) > names_a_step:
            yield joined
            joined = []
        joined = joined + part
    if joined:
        yield joined
