"""How a tree is written: what some packages depend on becomes one new generation.

    write       forward records of the packages, reverse records of those they name, the pages of both
    publish     flush, then link the manifest; when another writer was first, nothing of it stays

The caller makes sure that the changes make sense on top of what the ledger stands on, and makes sure again when another
writer was first. No shard is written: what changed is loose, until `fold` puts it into shards.

Of a package that is given new dependencies, files and descriptions stay; of its releases nothing does: there is one,
without version or architecture, that depends on those names.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from pkgindex.format import forward
from pkgindex.format.digest import digest
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Manifest
from pkgindex.format.names import token_of
from pkgindex.format.page import Entry
from pkgindex.packer.carried import KeepingWriter
from pkgindex.packer.dependencies import masks_of, release_of
from pkgindex.packer.forwards import Outcome
from pkgindex.packer.layover import change_of, pages_after
from pkgindex.packer.ledger import Ledger, Needs
from pkgindex.packer.publish import publish, withdraw
from pkgindex.packer.reverses import Turned, records_after, write_groups, write_pages
from pkgindex.packer.updates import Parts

ACTION = "tree"


def commit(ledger: Ledger, changes: Needs) -> None:
    """Publish *changes* (None: the package goes) as the generation after the one that *ledger* stands on, and stand on it.

    Raises `Exists` when another writer was first, `Gone` when what is there was retired meanwhile, `NoSpace` and other
    `StoreError`; then nothing of it stays, unless its manifest was linked and only its durability is in doubt.
    """
    backend, settings = ledger.target.backend, ledger.target.settings
    token = token_of(os.urandom(8))
    writer = KeepingWriter(backend, f"{ledger.head.manifest.generation + 1}-{token}", ledger.scribe)
    try:
        with backend.helped():
            written = _write(ledger, changes, writer)
            manifest = _manifest(ledger, written, writer.stamp)
            blobs = written.turned.blobs
            checksum = publish(ledger.head, manifest, token, blobs, settings.keep_generations, writer.names)
    except BaseException:
        withdraw(backend, writer.stamp, writer.names)
        raise
    ledger.follow(manifest, checksum, writer, {name: written.entries[name] for name in changes})


class Written(NamedTuple):
    """What the packages are afterwards, and what that comes to."""

    entries: dict[str, Entry]
    outcome: Outcome
    turned: Turned
    pages: int


def _write(ledger: Ledger, changes: Needs, writer: KeepingWriter) -> Written:
    laying = _Laying(ledger)
    for name in sorted(changes):
        laying.lay(name, changes[name])
    entries = laying.entries
    write_groups("forward", laying.records, ledger.carried, entries, writer)
    write_groups("reverse", records_after(laying.masks, ledger.carried), ledger.carried, entries, writer)
    pages = pages_after(ledger.head.manifest, len(laying.added))
    turned = write_pages(range(pages), pages, ledger.carried, entries, writer)
    return Written(entries, laying.outcome(), turned, pages)


class _Laying:
    """The changes, one after the other: records, entries, and who names whom."""

    def __init__(self, ledger: Ledger) -> None:
        self.records: dict[str, bytes | None] = {}
        self.entries: dict[str, Entry] = {}
        self.masks: dict[str, dict[str, int]] = {}
        self.added: list[str] = []
        self._changed: list[str] = []
        self._removed: list[str] = []
        self._filed: list[str] = []
        self._paths = self._with_files = 0
        self._carried = ledger.carried

    def lay(self, name: str, needs: tuple[str, ...] | None) -> None:
        before = self._carried.entry(name)
        old = Parts(self._carried.forward(name))
        new = Parts()
        if needs is None:
            self._remove(name, before)
        else:
            new.releases = {("", ""): release_of(needs)}
            new.files, new.texts = old.files, old.texts
            self.records[name] = forward.encode_parts(new.sorted_releases(), new.files, new.texts)
            self.entries[name] = before._replace(meta=digest(new.sorted_releases()))
            (self._changed if before.shipped else self.added).append(name)
        self._relate(name, masks_of(old), masks_of(new))

    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self.added), tuple(self._changed), tuple(self._removed), tuple(self.records), tuple(self._filed),
            packages=len(self.added) - len(self._removed), with_files=-self._with_files, paths=-self._paths,
        )

    def _remove(self, name: str, before: Entry) -> None:
        self.records[name] = None
        self.entries[name] = Entry(reverse=before.reverse, reverse_bytes=before.reverse_bytes)
        self._removed.append(name)
        self._paths += before.paths
        self._with_files += bool(before.paths)
        if before.files:
            self._filed.append(name)

    def _relate(self, name: str, before: dict[str, int], after: dict[str, int]) -> None:
        for target in before.keys() | after.keys():
            if (mask := after.get(target, 0)) != before.get(target, 0):
                self.masks.setdefault(target, {})[name] = mask


def _manifest(ledger: Ledger, written: Written, stamp: str) -> Manifest:
    old, outcome, turned = ledger.head.manifest, written.outcome, written.turned
    stamps = list(old.page_stamps) if written.pages == len(old.page_stamps) else [""] * written.pages
    for page in turned.pages:
        stamps[page] = stamp
    for page in turned.emptied:
        stamps[page] = ""
    return ledger.head.next(
        created=time.time(),
        writer=f"{os.uname().nodename} pid {os.getpid()}",
        page_stamps=tuple(stamps),
        loose=_loose(old, outcome),
        packages=old.packages + outcome.packages,
        filed=old.filed + outcome.with_files,
        names=old.names + turned.names,
        paths=old.paths + outcome.paths,
        facts_bytes=old.facts_bytes + turned.facts_bytes,
        submissions=(),
        # No listing stands any more as it was packed: dropped again, it is to be read.
        fulls={},
        change=change_of([outcome], ACTION),
    )


def _loose(old: Manifest, outcome: Outcome) -> dict[str, int]:
    loose = dict(old.loose)
    for name in outcome.texts:
        loose[name] = loose.get(name, 0) | LOOSE_TEXT
    for name in outcome.filed:
        loose[name] |= LOOSE_PATHS
    # What is gone hides what shards say of it; where there are none it has nothing to hide.
    for name in outcome.removed if not old.shards else ():
        del loose[name]
    return loose
