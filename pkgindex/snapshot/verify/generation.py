"""The story of a verification: manifests and how they follow each other, facts, shards; nothing is trusted and nothing written.

Invariants:

* Damage is never raised, always reported; only where there is no index at all is there an error.
* What cannot be read is held against no other file: one damaged file is one fault.
* Memory follows the number of names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

from pkgindex.errors import NoIndex, NotFound, StoreError
from pkgindex.format import manifest as manifests
from pkgindex.format import names
from pkgindex.format.manifest import Manifest
from pkgindex.format.numbering import manifest_name
from pkgindex.snapshot import changes
from pkgindex.snapshot.verify.facts import Facts
from pkgindex.snapshot.verify.shards import Shards
from pkgindex.snapshot.verify.verdict import Findings, Verdict
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations

# So often a generation may be retired under us before its missing files are taken for lost.
ATTEMPTS_MAX = 3


def verify(
    backend: Backend, repo: str, generation: int | None = None, tell: Callable[[str], None] = lambda message: None
) -> Verdict:
    """Read again all that hangs off the newest generation of *repo*, or off *generation*; *tell* hears how far it is.

    Of the other retained generations the manifests are read. Raises `NoIndex` when there is no generation, `NotFound`
    when *generation* is not retained.
    """
    began = time.monotonic()
    generations = Generations(backend)
    for _ in range(ATTEMPTS_MAX):
        findings = Findings(repo)
        readable = _check_manifests(generations, repo, findings)
        if generation is not None and generation not in generations.numbers():
            raise NotFound(f"generation {generation} of {repo!r} is not retained")
        wanted = max(readable, default=0) if generation is None else generation
        if wanted in readable:
            tell(f"checking generation {wanted}")
            facts = Facts(backend, readable[wanted], findings, tell)
            facts.check()
            Shards(backend, readable[wanted], facts, findings, tell).check()
        _check_changes(backend, findings)
        if findings.faults and wanted not in generations.numbers() and wanted in readable:
            continue
        break
    return findings.verdict(wanted, time.monotonic() - began)


def _check_changes(backend: Backend, findings: Findings) -> None:
    """What was told of changes hangs off no generation, and is checked with each."""
    for stamp in changes.stamps_of(backend):
        try:
            changes.read(backend, stamp)
        except StoreError as error:
            findings.failed(names.changes_name(stamp), error, changes.ALONE)


def _check_manifests(generations: Generations, repo: str, findings: Findings) -> dict[int, Manifest]:
    """The manifests that can be read."""
    read: dict[int, bytes] = {}
    readable: dict[int, Manifest] = {}
    numbers = generations.numbers()
    if not numbers:
        raise NoIndex(f"repository {repo!r} has no generation: run 'pkgindex pack {repo}'")
    for number in numbers:
        name = manifest_name(number)
        try:
            read[number] = generations.read(number)
            readable[number] = manifests.decode(read[number], repo, number, name)
            manifests.check_stamp(read[number], readable[number], name)
            findings.counts["generations"] += 1
            findings.counts["bytes"] += len(read[number])
        except StoreError as error:
            if number in generations.numbers():  # else it was retired meanwhile
                findings.failed(name, error)
    for before, number in pairwise(numbers):
        if before in read and number in readable:
            _check_parent(before, read[before], readable[number], findings)
    return readable


def _check_parent(before: int, data: bytes, manifest: Manifest, findings: Findings) -> None:
    name = manifest_name(manifest.generation)
    if manifest.parent != before:
        findings.fault(name, f"was made from generation {manifest.parent}, and the one retained before it is {before}")
    elif manifest.parent_checksum != manifests.checksum_of(data):
        findings.fault(manifest_name(before), f"is not the generation that {manifest.generation} was made from")
