"""How writing works: submissions become one new generation.

    collect     facts of each submission, sorted into slices on disk       (any number of processes, no lock)
    lay over    forward files, and what follows from each changed package  (slice by slice)
    turn        reverse files and pages                                    (slice by slice)
    shards      for what changed, or nothing when it is little: loose packages
    publish     flush, then link the manifest; when another writer was first, lay over again on top of theirs

Invariants:

* The cost follows what changed: a package whose facts have the digests that its page remembers is not read.
* What was packed before (its identity is in the manifest, or its bytes are those of the listing that stands) changes nothing.
* A submission that cannot be read costs itself only.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pkgindex.errors import Exists, NoSpace, StoreError
from pkgindex.format.manifest import Change, Manifest
from pkgindex.format.names import token_of
from pkgindex.packer.collect import Collection
from pkgindex.packer.layover import lay_over, partitions_for, plan_for
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.reading import Refusal, read_new
from pkgindex.packer.settle import settle
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers, cores
from pkgindex.sources import relations
from pkgindex.store.backend import Backend

# Below this a process costs more than it gives.
ALONE_BYTES_MAX = 4 << 20
ATTEMPTS_MAX = 100
# Facts on disk, forward files and shards, measured on Debian's Contents; compressed by 8 or 9 to begin with.
SPACE_FACTOR = 30


class Report(NamedTuple):
    """What a pack came to. `generation` is 0 when nothing changed and nothing was published."""

    repo: str
    generation: int
    change: Change
    packed: tuple[Submission, ...]
    refused: tuple[Refusal, ...]
    faults: tuple[str, ...]
    seconds: float


def pack(
    target: Target, submissions: Sequence[Submission], postpones: Callable[[Refusal], bool] = lambda refusal: False
) -> Report:
    """Pack *submissions*, in their order, into one generation of the repository.

    The caller holds the repository's lock if it wants to spare itself doing work twice. Raises `NoSpace` and other
    `StoreError`, and the error of a refusal of which *postpones* says that the others must not be packed without it; and
    then nothing has changed.
    """
    began = time.monotonic()
    head = Head(target.backend, target.repo)
    fresh = [submission for submission in submissions if submission.id not in head.manifest.recent]
    _require_space(target.backend, fresh)
    scratch = tempfile.mkdtemp(prefix="pack-", dir=target.backend.scratch())
    try:
        with Workers(_processes(target, fresh)) as workers, target.backend.helped():
            partitions = partitions_for(submission.size for submission in fresh)
            collections, refused, digests = read_new(target, workers, head.manifest, fresh, scratch, partitions)
            if missed := next(filter(postpones, refused), None):
                raise missed.error
            manifest = _publish(target, workers, collections, digests, scratch, partitions) if collections else None
            if manifest is None:
                # What is there already is said to be packed, and its writer may not have been.
                head.generations.confirm()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        relations.forget()
    lost = {refusal.submission for refusal in refused}
    return Report(
        target.repo,
        manifest.generation if manifest else 0,
        manifest.change if manifest else Change(),
        tuple(submission for submission in submissions if submission not in lost),
        tuple(refused),
        tuple(_faults(collections)),
        time.monotonic() - began,
    )


def _publish(
    target: Target, workers: Workers, collections: Sequence[Collection], digests: dict[Submission, str], scratch: str,
    partitions: int,
) -> Manifest | None:
    """Lay the facts over the newest generation, again and again until nobody else was first. None: nothing changed."""
    for attempt in range(ATTEMPTS_MAX):
        head = Head(target.backend, target.repo)
        # Who was first may have packed the same, if our claim seemed dead: laid over again it would hide what came since.
        collections = [found for found in collections if found.submission.id not in head.manifest.recent]
        if not collections:
            return None
        if head.manifest.unsettled:
            # What deltas say would hide what is packed.
            settle(target)
            continue
        token = token_of(os.urandom(8))
        plan = plan_for(head, collections, partitions, token, f"{scratch}/{attempt}")
        try:
            manifest, blobs = lay_over(target, workers, head, plan, digests)
            # Gone before the flush, or a flush of the whole file system would write it to the disk first.
            shutil.rmtree(plan.scratch)
            if manifest is None:
                return None
            publish(head, manifest, token, blobs, target.settings.keep_generations)
        except Exists:
            target.tell("another writer was first: doing it again on top")
            continue
        except BaseException:
            withdraw(target.backend, plan.stamp)
            raise
        return manifest
    raise StoreError(f"repository {target.repo!r}: {ATTEMPTS_MAX} times another writer was first; try again later")


def _processes(target: Target, submissions: Sequence[Submission]) -> int:
    if target.backend.local_file("generations") is None or sum(submission.size for submission in submissions) < ALONE_BYTES_MAX:
        return 0
    return target.settings.processes or cores()


def _require_space(backend: Backend, submissions: Sequence[Submission]) -> None:
    needed = SPACE_FACTOR * sum(submission.size for submission in submissions)
    free = backend.free_bytes()
    if needed > free:
        raise NoSpace(
            f"packing {len(submissions)} submissions may need {needed >> 20} MiB and {free >> 20} MiB are free: "
            "make room; they stay in the spool"
        )


def _faults(collections: Iterable[Collection]) -> Iterable[str]:
    for collection in collections:
        for line in collection.shown:
            yield f"{collection.submission.filename}: {line}"
        if collection.faults > len(collection.shown):
            yield f"{collection.submission.filename}: and {collection.faults - len(collection.shown)} more"
