"""What can be read of the deltas that lie over a damaged generation.

Where a file of deltas is lost, what went into it may be there still: in older manifests, and in files that became one with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from pkgindex.errors import Corrupt, Gone, NewerFormat
from pkgindex.format import delta as deltas
from pkgindex.format.delta import Delta
from pkgindex.format.manifest import Manifest, Spilled
from pkgindex.format.names import delta_name, generation_of
from pkgindex.store.backend import Backend

READS_MAX = 3
# What a file is lost by. One of a newer format below a manifest of ours is damaged: a manifest is never older than its files.
LOST = (Corrupt, Gone, NewerFormat)


def read(backend: Backend, name: str) -> bytes:
    """A blob, asked for several times: what a disk or a share refuses once is not lost. Raises `Gone`."""
    for _ in range(READS_MAX - 1):
        with suppress(Gone):
            return backend.read(name)
    return backend.read(name)


def what_is_left(backend: Backend, manifest: Manifest, known: Mapping[int, Manifest]) -> tuple[Delta, list[str]]:
    """What lies over the pages of *manifest*, by all manifests that are *known*; and of what is lost, what to say of it."""
    found, lost = [], []
    for spilled in manifest.deltas:
        try:
            found.append(deltas.read(spilled.stamp, partial(read, backend)))
        except LOST:
            parts = _parts(backend, spilled, known)
            # By their ends: what a longer one says of a name holds at its end, and what came later is laid over it.
            found += [parts[span] for span in sorted(parts, key=lambda span: (span[1], -span[0]))]
            seen = len({number for first, last in parts for number in range(first, last + 1)})
            lost.append(f"{delta_name(spilled.stamp)} cannot be read: of the generations {spilled.first} to {spilled.last} it "
                        f"held, others had what {seen} changed; commit again what is missing")
    for stamp, data in manifest.tail:
        try:
            found.append(deltas.decode(data, stamp))
        except LOST:
            lost.append(f"what generation {generation_of(stamp)} changed cannot be read; commit it again")
    return deltas.together(found), lost


def _parts(backend: Backend, wanted: Spilled, known: Mapping[int, Manifest]) -> dict[tuple[int, int], Delta]:
    """The deltas of the generations of *wanted* that other manifests and files have, by the first and last of each."""
    found: dict[tuple[int, int], Delta] = {}
    for manifest in known.values():
        for stamp, data in manifest.tail:
            number = generation_of(stamp)
            if wanted.first <= number <= wanted.last and (number, number) not in found:
                with suppress(*LOST):
                    found[(number, number)] = deltas.decode(data, stamp)
        for other in manifest.deltas:
            span = other.first, other.last
            if wanted.first <= other.first and other.last <= wanted.last and span not in found:
                with suppress(*LOST):
                    found[span] = deltas.read(other.stamp, partial(read, backend))
    return found
