"""The second half of a pack: reverse files and pages, for one slice of the names, from what all slices found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pkgindex.format import reverse
from pkgindex.format.page import Entry, group_of, page_of
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.collect import read_items
from pkgindex.packer.forwards import Plan
from pkgindex.packer.previous import Previous


class Turned(NamedTuple):
    """What a slice came to: the pages that were written, and by how much names and bytes grew."""

    pages: tuple[int, ...] = ()
    emptied: tuple[int, ...] = ()
    names: int = 0
    facts_bytes: int = 0
    blobs: tuple[str, ...] = ()


def write_reverses(plan: Plan, previous: Previous, number: int) -> Turned:
    """Write the reverse files and the pages of slice *number*."""
    writer = BlobWriter(previous.backend, plan.stamp)
    entries = {name: Entry(*entry) for name, *entry in read_items(f"{plan.scratch}/forwards/{number}")}
    _write_groups(_records(plan, previous, number), previous, entries, writer)
    return _write_pages(plan, previous, number, entries, writer)


def _records(plan: Plan, previous: Previous, number: int) -> dict[str, bytes | None]:
    """The new reverse record of each name that is named otherwise than before; None when nobody names it any more."""
    changes: dict[str, dict[str, int]] = {}
    for slice_ in range(plan.slices):
        for target, dependant, mask in read_items(f"{plan.scratch}/edges/{slice_}.{number}"):
            changes.setdefault(target, {})[dependant] = mask
    records: dict[str, bytes | None] = {}
    for target in sorted(changes):
        dependants = {**previous.reverse(target), **changes[target]}
        dependants = {name: mask for name, mask in dependants.items() if mask}
        records[target] = reverse.encode(dependants) if dependants else None
    return records


def _write_groups(
    records: Mapping[str, bytes | None], previous: Previous, entries: dict[str, Entry], writer: BlobWriter
) -> None:
    groups: dict[str, dict[str, bytes | None]] = {}
    for target, record in records.items():
        groups.setdefault(group_of(target, previous.manifest.partition), {})[target] = record
        known = entries.get(target) or previous.entry(target)
        entries[target] = known._replace(reverse=writer.stamp if record else "", reverse_bytes=len(record or b""))
    for group, found in groups.items():
        kept = dict(previous.neighbours("reverse", next(iter(found))))
        for name in kept.keys() - found.keys():
            entries[name] = (entries.get(name) or previous.entry(name))._replace(reverse=writer.stamp)
        for target, record in found.items():
            if record is None:
                kept.pop(target, None)
            else:
                kept[target] = record
        if kept:
            writer.facts("reverse", group, kept)


def _write_pages(
    plan: Plan, previous: Previous, number: int, entries: Mapping[str, Entry], writer: BlobWriter
) -> Turned:
    changed: dict[int, dict[str, Entry]] = {}
    if plan.pages != len(previous.manifest.page_stamps):
        changed = {page: {} for page in range(number, plan.pages, plan.slices)}
    for name, entry in entries.items():
        changed.setdefault(page_of(name, plan.pages), {})[name] = entry
    written, emptied, names, size = [], [], 0, 0
    for page in sorted(changed):
        content = previous.page_entries(page, plan.pages)
        for name, entry in changed[page].items():
            before = content.pop(name, None)
            size += _bytes(entry) - _bytes(before)
            names -= before is not None
            if entry.forward or entry.reverse:
                content[name] = entry
                names += 1
        if content:
            writer.page(page, content)
            written.append(page)
        else:
            emptied.append(page)
    return Turned(tuple(written), tuple(emptied), names, size, tuple(writer.finish()))


def _bytes(entry: Entry | None) -> int:
    return entry.forward_bytes + entry.reverse_bytes if entry is not None else 0
