"""The second half of a pack: reverse files and pages, for one slice of the names, from what all slices found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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
    changes: dict[str, dict[str, int]] = {}
    # Listed, because one that was written and is not found is lost, and not empty.
    for slice_ in os.listdir(f"{plan.scratch}/edges/{number}"):
        for target, dependant, mask in read_items(f"{plan.scratch}/edges/{number}/{slice_}"):
            changes.setdefault(target, {})[dependant] = mask
    write_groups("reverse", records_after(changes, previous), previous, entries, writer)
    return write_pages(range(number, plan.pages, plan.slices), plan.pages, previous, entries, writer)


def records_after(changes: Mapping[str, Mapping[str, int]], previous: Previous) -> dict[str, bytes | None]:
    """The new reverse record of each name that is named otherwise than before; None when nobody names it any more.

    *changes* are the masks by dependant, of each name; a mask of 0 says that it names it no more.
    """
    records: dict[str, bytes | None] = {}
    for target in sorted(changes):
        dependants = {**previous.reverse(target), **changes[target]}
        dependants = {name: mask for name, mask in dependants.items() if mask}
        records[target] = reverse.encode(dependants) if dependants else None
    return records


def write_groups(
    kind: str, records: Mapping[str, bytes | None], previous: Previous, entries: dict[str, Entry], writer: BlobWriter
) -> None:
    """Write the files of *kind*, `forward` or `reverse`, that *records* change, and make *entries* name them."""
    groups: dict[str, dict[str, bytes | None]] = {}
    for target, record in records.items():
        groups.setdefault(group_of(target, previous.manifest.partition), {})[target] = record
        known = entries.get(target) or previous.entry(target)
        stamp, size = writer.stamp if record else "", len(record or b"")
        entries[target] = (
            known._replace(forward=stamp, forward_bytes=size) if kind == "forward"
            else known._replace(reverse=stamp, reverse_bytes=size)
        )
    for group, found in groups.items():
        kept = dict(previous.neighbours(kind, next(iter(found))))
        for name in kept.keys() - found.keys():
            known = entries.get(name) or previous.entry(name)
            entries[name] = (
                known._replace(forward=writer.stamp) if kind == "forward" else known._replace(reverse=writer.stamp)
            )
        for target, record in found.items():
            if record is None:
                kept.pop(target, None)
            else:
                kept[target] = record
        if kept:
            writer.facts(kind, group, kept)


def write_pages(
    numbers: Iterable[int], pages: int, previous: Previous, entries: Mapping[str, Entry], writer: BlobWriter
) -> Turned:
    """Write those pages of *numbers* that *entries* change; all of them when the generation before had fewer *pages*."""
    changed: dict[int, dict[str, Entry]] = {}
    if pages != len(previous.manifest.page_stamps):
        changed = {page: {} for page in numbers}
    for name, entry in entries.items():
        changed.setdefault(page_of(name, pages), {})[name] = entry
    written, emptied, names, size = [], [], 0, 0
    for page in sorted(changed):
        content = previous.page_entries(page, pages)
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
