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

from pkgindex.config import Settings
from pkgindex.errors import Exists, NoSpace, Rejected, StoreError
from pkgindex.format.manifest import NAMES_SHOWN_MAX, SUBMISSIONS_REMEMBERED, Change, Manifest, Packed
from pkgindex.format.names import token_of
from pkgindex.format.page import pages_for
from pkgindex.packer import shards
from pkgindex.packer.collect import Collection, collect
from pkgindex.packer.forwards import Outcome, Plan, cuts_for, write_forwards
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.reverses import Turned, write_reverses
from pkgindex.packer.submissions import Submission
from pkgindex.packer.workers import Workers, cores
from pkgindex.sources.limits import Limits
from pkgindex.store.backend import Backend

# Below this a process costs more than it gives.
ALONE_BYTES_MAX = 4 << 20
PARTITION_BYTES = 1 << 20
PARTITIONS_MAX = 512
RANGES_MAX = 128
ATTEMPTS_MAX = 100
# Facts on disk, forward files and shards, measured on Debian's Contents; compressed by 8 or 9 to begin with.
SPACE_FACTOR = 30


class Refusal(NamedTuple):
    """A submission that cannot be packed, and why."""

    submission: Submission
    error: Rejected


class Report(NamedTuple):
    """What a pack came to. `generation` is 0 when nothing changed and nothing was published."""

    repo: str
    generation: int
    change: Change
    packed: tuple[Submission, ...]
    refused: tuple[Refusal, ...]
    faults: tuple[str, ...]
    seconds: float


class Target(NamedTuple):
    """Where to pack: a repository and what lies below it. *tell* hears what goes on, for a person who waits."""

    backend: Backend
    repo: str
    settings: Settings
    tell: Callable[[str], None] = lambda message: None


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
            collections, refused, digests = _collect(target, workers, head.manifest, fresh, scratch, partitions)
            if missed := next(filter(postpones, refused), None):
                raise missed.error
            manifest = _publish(target, workers, collections, digests, scratch, partitions) if collections else None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
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


def _collect(
    target: Target, workers: Workers, manifest: Manifest, submissions: Sequence[Submission], scratch: str,
    partitions: int,
) -> tuple[list[Collection], list[Refusal], dict[Submission, str]]:
    """The facts of all that is new: full submissions first, then the others in their order; and the digests of all that
    this generation will hold, those among them that it stands on already."""
    digests = {submission: submission.digest() for submission in submissions}
    standing = _standing(manifest, submissions, digests)
    reading = [submission for submission in submissions if submission not in standing]
    found, refused = _read(target, workers, reading, scratch, partitions)
    while True:
        covered = {f"{facet}/{scope}" for collection in found for facet, scope in collection.covers}
        removing = any(collection.full and "package" in collection.touches for collection in found)
        again = [submission for submission, scopes in standing.items() if removing or covered & scopes]
        if not again:
            break
        # Part of a set of which another part is new: the set is laid over as a whole. It may speak for more than that.
        standing = {submission: scopes for submission, scopes in standing.items() if submission not in again}
        more, refused_more = _read(target, workers, again, scratch, partitions)
        found, refused = found + more, refused + refused_more
    order = {submission: place for place, submission in enumerate(submissions)}
    found.sort(key=lambda collection: (not collection.full, order[collection.submission]))
    for refusal in refused:
        del digests[refusal.submission]
    return found, refused, digests


def _read(
    target: Target, workers: Workers, submissions: Iterable[Submission], scratch: str, partitions: int
) -> tuple[list[Collection], list[Refusal]]:
    limits = Limits(unpacked_bytes_max=target.settings.unpacked_bytes_max)
    started = []
    for submission in sorted(submissions, key=lambda submission: -submission.size):
        target.tell(f"reading {submission.filename}")
        directory = tempfile.mktemp(prefix="facts-", dir=scratch)
        started.append((submission, workers.start(collect, submission, directory, partitions, limits)))
    found, refused = [], []
    for submission, future in started:
        try:
            found.append(future.result())
        except Rejected as error:
            refused.append(Refusal(submission, error))
    return found, refused


def _standing(
    manifest: Manifest, submissions: Sequence[Submission], digests: dict[Submission, str]
) -> dict[Submission, set[str]]:
    """The listings whose very bytes are what the repository stands on, with the `facet/scope` they cover."""
    here = {digests[submission] for submission in submissions if submission.mode != "incremental"}
    scopes: dict[str, set[str]] = {}
    partly = set()
    for scope, stood in manifest.fulls.items():
        for digest in stood:
            scopes.setdefault(digest, set()).add(scope)
            if not here.issuperset(stood):
                partly.add(digest)
    return {
        submission: scopes[digests[submission]]
        for submission in submissions
        if submission.mode != "incremental" and digests[submission] in scopes.keys() - partly
    }


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


def lay_over(
    target: Target, workers: Workers, head: Head, plan: Plan, digests: dict[Submission, str]
) -> tuple[Manifest | None, list[str]]:
    for directory in ("forwards", "edges", "rows", "ranges"):
        os.makedirs(f"{plan.scratch}/{directory}")
    slices = [(plan, target.backend, head.manifest, number) for number in range(plan.slices)]
    target.tell("writing packages")
    outcomes = workers.map(_forwards, slices)
    if not any(outcome.added or outcome.changed or outcome.removed for outcome in outcomes):
        return None, []
    building = shards.start(target.settings, workers, head, plan, outcomes)
    target.tell("writing relations")
    turned = workers.map(_reverses, slices)
    target.tell("building shards")
    built = building.finish()
    blobs = [name for outcome in outcomes for name in outcome.blobs] + [name for part in turned for name in part.blobs]
    blobs += built.blobs
    return _manifest(head, plan, outcomes, turned, built, digests), blobs


def _manifest(
    head: Head, plan: Plan, outcomes: Sequence[Outcome], turned: Sequence[Turned], built: shards.Result,
    digests: dict[Submission, str],
) -> Manifest:
    old = head.manifest
    stamps = list(old.page_stamps) if plan.pages == len(old.page_stamps) else [""] * plan.pages
    for part in turned:
        for page in part.pages:
            stamps[page] = plan.stamp
        for page in part.emptied:
            stamps[page] = ""
    submissions = tuple(
        Packed(found.submission.id, found.submission.filename, found.source, "full" if found.full else "incremental")
        for found in plan.collections
    )
    # Also of listings that were not read because they stand: packed again after a crash, they would come last.
    identities = tuple(submission.id for submission in digests if submission.id)
    return head.next(
        created=time.time(),
        writer=f"{os.uname().nodename} pid {os.getpid()}",
        page_stamps=tuple(stamps),
        shards=built.shards,
        loose=built.loose,
        loose_paths=built.loose_paths,
        packages=old.packages + sum(outcome.packages for outcome in outcomes),
        filed=old.filed + sum(outcome.with_files for outcome in outcomes),
        names=old.names + sum(part.names for part in turned),
        paths=old.paths + sum(outcome.paths for outcome in outcomes),
        facts_bytes=old.facts_bytes + sum(part.facts_bytes for part in turned),
        submissions=submissions,
        recent=(old.recent + identities)[-SUBMISSIONS_REMEMBERED:],
        fulls=_fulls(old.fulls, plan.collections, digests),
        change=_change(outcomes),
    )


def _fulls(
    old: dict[str, tuple[str, ...]], collections: Sequence[Collection], digests: dict[Submission, str]
) -> dict[str, tuple[str, ...]]:
    """What each facet stands on: the full submissions of this pack, and older ones where nothing was laid over them."""
    if any(collection.full and "package" in collection.touches for collection in collections):
        # It takes away from facets that it does not speak for, so it does not stand on its bytes alone.
        return {}
    laid_over = {facet for collection in collections if not collection.full for facet in collection.touches}
    sets: dict[str, set[str]] = {}
    for collection in collections:
        for facet, scope in collection.covers:
            sets.setdefault(f"{facet}/{scope}", set()).add(digests[collection.submission])
    fulls = {**old, **{scope: tuple(sorted(found)) for scope, found in sets.items()}}
    standing = {scope: found for scope, found in fulls.items() if scope.split("/")[0] not in laid_over}
    return _whole([*old.items(), *sets.items()], standing)


def _whole(
    said: Sequence[tuple[str, Iterable[str]]], standing: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """*standing* without the sets that hold a submission of which a part does not stand any more, as *said* tells."""
    while True:
        torn = {digest for scope, digests in said for digest in digests if digest not in standing.get(scope, ())}
        whole = {scope: digests for scope, digests in standing.items() if torn.isdisjoint(digests)}
        if len(whole) == len(standing):
            return whole
        standing = whole


def _change(outcomes: Sequence[Outcome]) -> Change:
    added = [name for outcome in outcomes for name in outcome.added]
    changed = [name for outcome in outcomes for name in outcome.changed]
    removed = [name for outcome in outcomes for name in outcome.removed]
    shown = sorted([f"+{name}" for name in added[:NAMES_SHOWN_MAX]] + [f"~{name}" for name in changed[:NAMES_SHOWN_MAX]]
                   + [f"-{name}" for name in removed[:NAMES_SHOWN_MAX]], key=lambda name: name[1:])
    return Change(len(added), len(changed), len(removed), tuple(shown[:NAMES_SHOWN_MAX]))


def plan_for(head: Head, collections: Sequence[Collection], partitions: int, token: str, scratch: str) -> Plan:
    packages = sum(collection.packages for collection in collections)
    pages = len(head.manifest.page_stamps)
    wanted = pages_for(max(head.manifest.names, head.manifest.packages + packages))
    # Growing means writing all pages again: only when they have become twice as many as is good.
    # Never fewer: a new page takes over from one old page, not from two.
    pages = wanted if wanted > (2 * pages if head.manifest.names else 0) else pages
    slices = 1 if head.manifest.partition == "whole" else min(partitions, pages, 256)
    samples = [sample for collection in collections for sample in collection.samples]
    return Plan(
        scratch, f"{head.manifest.generation + 1}-{token}", tuple(collections),
        frozenset(cover for collection in collections for cover in collection.covers),
        partitions, slices, pages, cuts_for(samples, min(partitions, RANGES_MAX)),
    )


def _forwards(plan: Plan, backend: Backend, manifest: Manifest, number: int) -> Outcome:
    return write_forwards(plan, Previous(backend, manifest, plan.slices, number), number)


def _reverses(plan: Plan, backend: Backend, manifest: Manifest, number: int) -> Turned:
    return write_reverses(plan, Previous(backend, manifest, plan.slices, number), number)


def partitions_for(sizes: Iterable[int]) -> int:
    """A power of two, so that slices and pages nest."""
    total, partitions = sum(sizes), 1
    while partitions < PARTITIONS_MAX and partitions * PARTITION_BYTES < total:
        partitions *= 2
    return partitions


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
