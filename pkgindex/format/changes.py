"""Changes of a host: what one look at it found, for ever as long as anybody may ask.

They are blobs beside the generations and not of them, so that they stay when generations are retired. A name says when the
look was; see `names.changes_name`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pkgindex.errors import Corrupt
from pkgindex.format import forward
from pkgindex.format.envelope import REMEDY, seal, unseal
from pkgindex.model.changes import ACTIONS, Change
from pkgindex.model.package import Package, Release


def encode(changes: Iterable[Change], stamp: str) -> bytes:
    return seal("changes", stamp, [_parts(change) for change in changes])


def decode(data: bytes, stamp: str, name: str) -> list[Change]:
    """The changes in the blob *name*, in the order in which they were found."""
    content = unseal(data, "changes", stamp, name)
    try:
        return [_change(*parts) for parts in content]
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise Corrupt(f"{name}: not a list of changes ({error}); {REMEDY}") from error


def _parts(change: Change) -> list[Any]:
    record = change.record
    return [*change[:-1], record and forward.releases_parts(Package("", {(record.version, record.architecture): record}))[0]]


def _change(
    package: str, architecture: str, action: str, before: str, after: str, at: float, seen: float, record: Any
) -> Change:
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is none of {', '.join(ACTIONS)}")
    last: Release | None = forward.release(*record) if record else None
    return Change(package, architecture, action, before, after, float(at), float(seen), last)
