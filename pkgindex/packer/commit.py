"""How a tree is written: what some packages depend on becomes one new generation.

    lay         of each package its record and its entry, and who names whom no more or otherwise: a delta
    publish     one manifest, which holds it; now and then a file of deltas beside it, flushed before

The caller makes sure that the changes make sense on top of what the ledger stands on, and makes sure again when another
writer was first. No page and no shard is written: that is for `settle` and `fold`, when much has gathered.

Of a package that is given new dependencies, files and descriptions stay; of its releases nothing does: there is one,
without version or architecture, that depends on those names.
"""

from __future__ import annotations

import os
import time

from pkgindex.format import delta as deltas
from pkgindex.format import forward
from pkgindex.format.delta import Changed, Delta, Named
from pkgindex.format.digest import digest
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Manifest
from pkgindex.format.names import delta_name, generation_of, token_of
from pkgindex.packer.carried import Carried
from pkgindex.packer.dependencies import masks_of, masks_of_needs, release_of
from pkgindex.packer.forwards import Outcome
from pkgindex.packer.layover import change_of
from pkgindex.packer.ledger import Ledger, Needs
from pkgindex.packer.publish import publish, withdraw
from pkgindex.packer.spill import Placed, placed
from pkgindex.packer.updates import Parts

ACTION = "tree"


def commit(ledger: Ledger, changes: Needs) -> None:
    """Publish *changes* (None: the package goes) as the generation after the one that *ledger* stands on, and stand on it.

    Raises `Exists` when another writer was first, `Gone` when what is there was retired meanwhile, `NoSpace` and other
    `StoreError`; then nothing of it stays, unless its manifest was linked and only its durability is in doubt.
    """
    backend, old = ledger.target.backend, ledger.head.manifest
    token = token_of(os.urandom(8))
    stamp = f"{old.generation + 1}-{token}"
    laying = _Laying(ledger.carried, stamp)
    for name in sorted(changes):
        laying.lay(name, changes[name])
    newest = laying.delta()
    found = placed(old, deltas.encode(newest), stamp, ledger.delta, backend.read)
    manifest = _manifest(ledger, laying.outcome(), found)
    written = [delta_name(stamp)] if found.file else []
    try:
        for name in written:
            backend.create(name, found.file)
        checksum = publish(ledger.head, manifest, token, written, ledger.target.settings.keep_generations, written)
    except BaseException:
        ledger.doubt()
        withdraw(backend, stamp, written)
        raise
    ledger.follow(manifest, checksum, newest, {stamp: newest, delta_name(stamp): found.spilled})


class _Laying:
    """The changes, one after the other: what becomes of the packages, and who names whom."""

    def __init__(self, carried: Carried, stamp: str) -> None:
        self._carried, self._stamp = carried, stamp
        self._packages: dict[str, Changed] = {}
        self._masks: dict[str, dict[str, int]] = {}
        self._added: list[str] = []
        self._changed: list[str] = []
        self._removed: list[str] = []
        self._paths = self._with_files = 0

    def lay(self, name: str, needs: tuple[str, ...] | None) -> None:
        record = self._carried.forward(name)
        old = Parts(record)
        if needs is None:
            self._remove(name)
        else:
            releases = [release_of(needs)]
            before = self._carried.facts(name)
            self._packages[name] = Changed(
                self._stamp, digest(releases), before.files, before.texts, before.paths, self._loose(name) | LOOSE_TEXT,
                forward.encode_parts(releases, old.files, old.texts),
            )
            (self._added if record is None else self._changed).append(name)
        self._relate(name, masks_of(old), masks_of_needs(needs or ()))

    def delta(self) -> Delta:
        return Delta(self._packages, {target: Named(self._stamp, masks) for target, masks in self._masks.items()})

    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self._added), tuple(self._changed), tuple(self._removed),
            packages=len(self._added) - len(self._removed), with_files=-self._with_files, paths=-self._paths,
        )

    def _remove(self, name: str) -> None:
        before = self._carried.facts(name)
        loose = self._loose(name) | LOOSE_TEXT | (LOOSE_PATHS if before.files else 0)
        self._packages[name] = Changed(self._stamp, loose=loose)
        self._removed.append(name)
        self._paths += before.paths
        self._with_files += bool(before.paths)

    def _loose(self, name: str) -> int:
        """Of which shards it is missing already."""
        changed, manifest = self._carried.delta.packages.get(name), self._carried.manifest
        if changed is not None and generation_of(changed.stamp) > manifest.folded:
            return changed.loose
        return manifest.loose.get(name, 0)

    def _relate(self, name: str, before: dict[str, int], after: dict[str, int]) -> None:
        for target in before.keys() | after.keys():
            if (mask := after.get(target, 0)) != before.get(target, 0):
                self._masks.setdefault(target, {})[name] = mask


def _manifest(ledger: Ledger, outcome: Outcome, found: Placed) -> Manifest:
    old = ledger.head.manifest
    return ledger.head.next(
        created=time.time(),
        writer=f"{os.uname().nodename} pid {os.getpid()}",
        packages=old.packages + outcome.packages,
        filed=old.filed + outcome.with_files,
        paths=old.paths + outcome.paths,
        submissions=(),
        # No listing stands any more as it was packed: dropped again, it is to be read.
        fulls={},
        change=change_of([outcome], ACTION),
        deltas=found.deltas,
        tail=found.tail,
    )
