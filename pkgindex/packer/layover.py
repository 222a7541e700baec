"""Laying facts over a generation: forward files, reverse files, pages and shards of the next one, slice by slice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

from pkgindex.format.manifest import NAMES_SHOWN_MAX, SUBMISSIONS_REMEMBERED, Change, Manifest, Packed
from pkgindex.format.page import BUCKETS, pages_for
from pkgindex.packer import shards
from pkgindex.packer.collect import Collection
from pkgindex.packer.forwards import Outcome, Plan, cuts_for, write_forwards
from pkgindex.packer.fullsets import standing_after
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head
from pkgindex.packer.reverses import Turned, write_reverses
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers
from pkgindex.store.backend import Backend

PARTITION_BYTES = 1 << 20
PARTITIONS_MAX = 512
RANGES_MAX = 128


def lay_over(
    target: Target, workers: Workers, head: Head, plan: Plan, digests: dict[Submission, str]
) -> tuple[Manifest | None, list[str]]:
    for directory in ("forwards", "rows", "ranges", *(f"edges/{number}" for number in range(plan.slices))):
        os.makedirs(f"{plan.scratch}/{directory}")
    slices = [(plan, target.backend, head.manifest, number) for number in range(plan.slices)]
    outcomes = workers.map(_forwards, slices, target.tell, "writing packages")
    if not any(outcome.added or outcome.changed or outcome.removed for outcome in outcomes):
        return None, []
    building = shards.start(target.settings, workers, head, plan, outcomes)
    turned = workers.map(_reverses, slices, target.tell, "writing relations")
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
        fulls=standing_after(old.fulls, plan.collections, digests),
        change=change_of(outcomes),
    )


def change_of(outcomes: Sequence[Outcome], action: str = "pack") -> Change:
    added = [name for outcome in outcomes for name in outcome.added]
    changed = [name for outcome in outcomes for name in outcome.changed]
    removed = [name for outcome in outcomes for name in outcome.removed]
    shown = sorted([f"+{name}" for name in added[:NAMES_SHOWN_MAX]] + [f"~{name}" for name in changed[:NAMES_SHOWN_MAX]]
                   + [f"-{name}" for name in removed[:NAMES_SHOWN_MAX]], key=lambda name: name[1:])
    return Change(len(added), len(changed), len(removed), tuple(shown[:NAMES_SHOWN_MAX]), action)


def plan_for(head: Head, collections: Sequence[Collection], partitions: int, token: str, scratch: str) -> Plan:
    pages = pages_after(head.manifest, sum(collection.packages for collection in collections))
    slices = 1 if head.manifest.partition == "whole" else min(partitions, pages, BUCKETS)
    samples = [sample for collection in collections for sample in collection.samples]
    return Plan(
        scratch, f"{head.manifest.generation + 1}-{token}", tuple(collections),
        frozenset(cover for collection in collections for cover in collection.covers),
        partitions, slices, pages, cuts_for(samples, min(partitions, RANGES_MAX)),
    )


def pages_after(manifest: Manifest, packages: int) -> int:
    """How many pages a generation has that may bring *packages* more."""
    pages = len(manifest.page_stamps)
    wanted = pages_for(max(manifest.names, manifest.packages + packages))
    # Growing means writing all pages again: only when they have become twice as many as is good.
    # Never fewer: a new page takes over from one old page, not from two.
    return wanted if wanted > (2 * pages if manifest.names else 0) else pages


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
