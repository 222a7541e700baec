"""Folding: what was published loose goes into shards, and no package changes.

A writer that publishes many small generations leaves this to a quiet moment: questions about words and paths read every
loose package by itself, so there should not be thousands of them for long.

The shards are built while others publish. What was committed meanwhile is loose again, and hides what they say of it; where
anything else was published, they are of no use.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time

from pkgindex.errors import Exists
from pkgindex.format.manifest import Change, Manifest
from pkgindex.format.names import token_of
from pkgindex.packer import shardfile, shards
from pkgindex.packer.forwards import Plan
from pkgindex.packer.pack import ATTEMPTS_MAX
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers

ACTION = "fold"


def fold(target: Target) -> Manifest | None:
    """Put what is loose in the newest generation into shards. None: nothing was, or another writer made it of no use.

    Raises `NoSpace` and other `StoreError`, and then nothing has changed.
    """
    with Folding(target) as folding:
        folding.build()
        return folding.publish()


class Folding:
    """A fold in two parts: `build` takes long, and may run beside commits of this process; `publish` is soon done."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._head = Head(target.backend, target.repo)
        self._scratch = tempfile.mkdtemp(prefix="fold-", dir=target.backend.scratch())
        self._building: shards.Building | None = None

    def __enter__(self) -> Folding:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)

    def build(self) -> None:
        """The shards of what is loose, without their names."""
        previous = Previous(self._head.backend, self._head.manifest)
        loose = previous.loose()
        if loose:
            self._building = shards.Building(self._head, previous, _plan(self._head, self._scratch), [], loose)
            with Workers(0) as workers:
                self._building.start(workers)

    def publish(self) -> Manifest | None:
        """The generation that has them; None: there is nothing to publish, or what was built is of no use any more."""
        built = self._building.built() if self._building is not None else []
        for attempt in range(ATTEMPTS_MAX if self._building is not None else 0):
            head = Head(self._target.backend, self._target.repo)
            if _ground(head.manifest) != _ground(self._head.manifest):
                return None
            try:
                return self._published(head, [_copied(found, attempt) for found in built])
            except Exists:
                continue
        return None

    def _published(self, head: Head, built: list[shardfile.Built]) -> Manifest:
        assert self._building is not None
        token = token_of(os.urandom(8))
        stamp = f"{head.manifest.generation + 1}-{token}"
        try:
            found = self._building.named(built, stamp)
            manifest = head.next(
                created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", shards=found.shards, loose={},
                loose_paths=0, folded=self._head.manifest.generation if head.manifest.unsettled else 0, submissions=(),
                change=Change(action=ACTION),
            )
            publish(head, manifest, token, found.blobs, self._target.settings.keep_generations)
        except BaseException:
            withdraw(self._target.backend, stamp)
            raise
        return manifest


def _ground(manifest: Manifest) -> tuple[object, ...]:
    """What others change when they do more than to commit."""
    # Pages that are written while there are deltas change no answer.
    return manifest.shards, manifest.loose, manifest.first_delta, () if manifest.first_delta else manifest.page_stamps


def _copied(built: shardfile.Built, attempt: int) -> shardfile.Built:
    """A copy of the shard to be named: when another writer is first, the name is void and the work is not."""
    copy = built._replace(file=f"{built.file}.{attempt}")
    shutil.copyfile(built.file, copy.file)
    return copy


def _plan(head: Head, scratch: str) -> Plan:
    for directory in ("rows", "ranges"):
        os.makedirs(f"{scratch}/{directory}")
    return Plan(
        scratch=scratch, stamp="", collections=(), covers=frozenset(), partitions=1, slices=1,
        pages=len(head.manifest.page_stamps), cuts=(),
    )
