"""Verifying deltas: that each can be read, is of the generations that it is said to be of, and holds what deltas hold.

What they say of packages is checked with the facts, where it hides what files say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TypeVar

from pkgindex.errors import Corrupt, StoreError
from pkgindex.format import delta as deltas
from pkgindex.format import names
from pkgindex.format.delta import Delta
from pkgindex.format.manifest import Manifest, Spilled
from pkgindex.format.numbering import manifest_name
from pkgindex.format.reverse import BIT
from pkgindex.snapshot.verify.verdict import MALFORMED, Findings
from pkgindex.store.backend import Backend

T = TypeVar("T")


def read_deltas(backend: Backend, manifest: Manifest, findings: Findings) -> Delta | None:
    """What lies over the pages; None when some of it cannot be read, and so nothing can be said of what holds."""
    found: list[Delta] = []
    for spilled in manifest.deltas:
        blob = names.delta_name(spilled.stamp)
        delta = _sound(findings, blob, partial(_in_file, spilled, backend, blob, findings))
        if delta is None:
            return None
        found.append(delta)
    name = manifest_name(manifest.generation)
    tail = _sound(findings, name, partial(_in_manifest, manifest, name))
    return deltas.together(found + tail) if tail is not None else None


def _sound(findings: Findings, blob: str, read: Callable[[], T]) -> T | None:
    """What *read* finds in *blob*; None, and a fault, when that is not sound."""
    try:
        return read()
    except StoreError as error:
        findings.failed(blob, error)
    except MALFORMED as error:
        findings.fault(blob, f"holds what is no delta ({error!r})")
    return None


def _in_file(spilled: Spilled, backend: Backend, blob: str, findings: Findings) -> Delta:
    data = backend.read(blob)
    delta = deltas.decode_file(data, spilled.stamp, blob)
    if (len(data), len(delta.packages)) != (spilled.size, spilled.packages):
        raise Corrupt(f"{len(data)} bytes of {len(delta.packages)} packages where its manifest says {spilled.size} of "
                      f"{spilled.packages}")
    _check(delta, spilled.first, spilled.last)
    findings.counts["deltas"] += 1
    findings.counts["bytes"] += len(data)
    return delta


def _in_manifest(manifest: Manifest, name: str) -> list[Delta]:
    found = []
    spans = [(spilled.first, spilled.last) for spilled in manifest.deltas]
    for stamp, data in manifest.tail:
        number = names.generation_of(stamp)
        spans.append((number, number))
        found.append(deltas.decode(data, name))
        _check(found[-1], number, number)
    if any(last < first for first, last in spans) or any(before[1] >= after[0] for before, after in pairwise(spans)) or (
        spans and spans[-1][1] > manifest.generation
    ):
        raise Corrupt(f"its deltas are of the generations {spans}, and should follow each other")
    return found


def _check(delta: Delta, first: int, last: int) -> None:
    """That every part is of its kind, and was published in the generations *first* to *last*."""
    for part in delta:
        for found in part.values():
            if not first <= names.generation_of(found.stamp) <= last:
                raise Corrupt(f"holds what {found.stamp} changed, and should be of generations {first} to {last}")
    for changed in delta.packages.values():
        if not isinstance(changed.loose, int) or not isinstance(changed.record, bytes | None):
            raise TypeError(f"a package with {changed.loose!r} for its bits")
    for named in delta.named.values():
        if not named.masks or not all(0 <= mask < 1 << len(BIT) for mask in named.masks.values()):
            raise ValueError(f"masks {named.masks!r}")
