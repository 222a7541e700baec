"""Rebuilding: a generation made anew of what can be read of the head, when something of it is damaged, or to be sure.

    find the base       the head's manifest, or the newest one that can be read with the pages written since
    salvage             every package whose forward file can be read                          (in all processes)
    recover             the others from older files, shards and reverse files, as far as they go
    lay over nothing    forward and reverse files, pages and shards, all written anew
    publish             as the generation after the head; generations that cannot be read are retired

Invariants:

* The new generation follows the head, readable or not, so no number is used twice.
* No listing counts as packed afterwards: dropped again it repairs what was not to be had.
* Nothing that is there is overwritten or removed but manifests that nobody can follow. Old files are left to `gc`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple

from pkgindex.errors import Exists, NoSpace, StoreError
from pkgindex.format.manifest import NAMES_SHOWN_MAX, Change, Manifest
from pkgindex.format.names import token_of
from pkgindex.format.page import Entry
from pkgindex.packer.collect import Collection, Sorter
from pkgindex.packer.forwards import Plan
from pkgindex.packer.layover import lay_over, partitions_for, plan_for
from pkgindex.packer.pack import ALONE_BYTES_MAX, Report, pack
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.recovery import Recovered, Rest
from pkgindex.packer.salvage import Base, collection_of, find_base, put, put_changed, salvage
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers, cores
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations

ATTEMPTS_MAX = 3
RECOVERED_SHOWN_MAX = 100
# Facts unpacked on disk, and all files beside the old ones.
SPACE_FACTOR = 8


class Gathered(NamedTuple):
    """All packages that could be had, as facts on disk, and what had to be said of some."""

    collections: tuple[Collection, ...]
    recovered: tuple[Recovered, ...]
    lost_pages: int


class Blank(Head):
    """A head without content, of which the next generation follows the one that *base* is about."""

    def __init__(self, backend: Backend, base: Base) -> None:
        self.backend = backend
        self.generations = Generations(backend)
        self.manifest = Manifest(
            base.manifest.repo, base.number, base.manifest.partition, base.manifest.ordering, recent=base.manifest.recent)
        self.checksum = base.checksum


def rebuild(target: Target, submissions: Sequence[Submission] = ()) -> Report:
    """Make the repository anew of what it holds, then pack *submissions* on top.

    `faults` of the report says, line by line, what was recovered and what was not; `change` counts as changed the packages
    that came back in part. The caller holds the repository's lock if it wants to spare itself doing work twice. Raises
    `NoIndex`, `NoSpace` and other `StoreError`, and then nothing has changed.
    """
    began = time.monotonic()
    manifest, lines = _published(target)
    if not submissions:
        return Report(target.repo, manifest.generation, manifest.change, (), (), lines, time.monotonic() - began)
    packed = pack(target, submissions)
    return packed._replace(
        generation=packed.generation or manifest.generation, change=manifest.change, faults=lines + packed.faults,
        seconds=time.monotonic() - began,
    )


def _published(target: Target) -> tuple[Manifest, tuple[str, ...]]:
    for _ in range(ATTEMPTS_MAX):
        base = find_base(target.backend, target.repo)
        size = base.manifest.facts_bytes + sum(shard.size for shard in base.manifest.shards)
        _require_space(target.backend, size)
        scratch = tempfile.mkdtemp(prefix="rebuild-", dir=target.backend.scratch())
        head, token = Blank(target.backend, base), token_of(os.urandom(8))
        try:
            with Workers(_processes(target, size)) as workers, target.backend.helped():
                partitions = partitions_for([size])
                gathered = _gather(target, workers, base, scratch, partitions)
                plan = plan_for(head, gathered.collections, partitions, token, f"{scratch}/plan")
                manifest, blobs = _write(target, workers, head, plan, gathered)
                publish(head, manifest, token, blobs, target.settings.keep_generations)
        except Exists:
            target.tell("another writer was first: doing it again")
            continue
        except BaseException:
            withdraw(target.backend, f"{base.number + 1}-{token}")
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        # A page that is lost makes retiring impossible for as long as a generation names it.
        broken = base.number if gathered.lost_pages else base.broken
        head.generations.retire(number for number in head.generations.numbers() if number <= broken)
        return manifest, _lines(base, broken, gathered)
    raise StoreError(f"repository {target.repo!r}: {ATTEMPTS_MAX} times another writer was first; stop it and try again")


def _gather(target: Target, workers: Workers, base: Base, scratch: str, partitions: int) -> Gathered:
    target.tell(f"reading generation {base.number}")
    shares = min(2 * workers.processes, len(base.manifest.page_stamps)) or 1
    parts = workers.map(salvage, [
        (target.backend, base.manifest, frozenset(base.delta.packages), share, shares, f"{scratch}/share-{share}", partitions)
        for share in range(shares)
    ])
    collections = [part.collection for part in parts]
    lost_pages = {number for part in parts for number in part.lost_pages}
    lost = {name: entry for part in parts for name, entry in part.lost}
    if base.delta.packages:
        os.makedirs(f"{scratch}/deltas")
        sorter = Sorter(f"{scratch}/deltas", partitions)
        lost.update(dict.fromkeys(put_changed(sorter, base.delta), Entry()))
        collections.append(collection_of(sorter, f"{scratch}/deltas"))
    if not (lost or lost_pages):
        return Gathered(tuple(collections), (), 0)
    target.tell(f"recovering {len(lost)} packages and {len(lost_pages)} pages")
    rest = Rest(target.backend, base)
    recovered, more = rest.of_pages(lost_pages)
    recovered += rest.of_packages({**lost, **dict(more)})
    os.makedirs(f"{scratch}/recovered")
    sorter = Sorter(f"{scratch}/recovered", partitions)
    for found in recovered:
        put(sorter, found.package)
    collections.append(collection_of(sorter, f"{scratch}/recovered"))
    return Gathered(tuple(collections), tuple(recovered), len(lost_pages))


def _write(
    target: Target, workers: Workers, head: Blank, plan: Plan, gathered: Gathered
) -> tuple[Manifest, list[str]]:
    found, blobs = lay_over(target, workers, head, plan, {})
    # Gone before the flush, or a flush of the whole file system would write it to the disk first.
    shutil.rmtree(plan.scratch)
    part = [recovered.package.name for recovered in gathered.recovered if recovered.part]
    change = Change(0, len(part), 0, tuple(f"~{name}" for name in part[:NAMES_SHOWN_MAX]), "rebuild")
    # Without any package there is nothing to lay over; the generation is published all the same.
    manifest = found or head.next(created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}")
    return manifest._replace(change=change, submissions=()), blobs


def _lines(base: Base, broken: int, gathered: Gathered) -> tuple[str, ...]:
    lines = []
    if not base.readable:
        lines.append(f"generation {base.number} cannot be read: its pages were taken as they are found, newest first; "
                     f"versions are compared as {base.manifest.ordering}: if that is wrong, 'pkgindex init "
                     f"{base.manifest.repo} --ordering NAME' changes it")
    part = [recovered.how for recovered in gathered.recovered if recovered.part]
    if gathered.lost_pages:
        lines.append(f"{gathered.lost_pages} pages cannot be read: listing the forward files found "
                     f"{len(gathered.recovered) - len(part)} packages of theirs")
    if broken:
        lines.append(f"generations up to {broken} cannot be followed any more and were retired")
    lines += base.lost
    lines += part[:RECOVERED_SHOWN_MAX]
    if len(part) > RECOVERED_SHOWN_MAX:
        lines.append(f"and {len(part) - RECOVERED_SHOWN_MAX} more packages")
    return tuple(lines)


def _processes(target: Target, size: int) -> int:
    if target.backend.local_file("generations") is None or size < ALONE_BYTES_MAX:
        return 0
    return target.settings.processes or cores()


def _require_space(backend: Backend, size: int) -> None:
    if backend.free_bytes() < SPACE_FACTOR * size:
        needed, free = SPACE_FACTOR * size >> 20, backend.free_bytes() >> 20
        raise NoSpace(f"a rebuild may need {needed} MiB and {free} MiB are free: make room; nothing has changed")
