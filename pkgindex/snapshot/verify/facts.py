"""Verifying pages, forward and reverse files, and what they say of each other.

Pairs, rows and edges are entered twice, once by the forward file that says them and once by the shard or reverse file
that repeats them, with the sign turned. What is not nothing in the end is wrong. So memory follows the number of names,
not of paths: a sum of hashes a name. Python's own hash is keyed anew in each process, so no content can be made to fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, starmap
from operator import lt
from typing import Any

import msgpack

from pkgindex.errors import Corrupt, StoreError
from pkgindex.format import forward, names, page, reverse, terms, tokens
from pkgindex.format import group as group_file
from pkgindex.format.delta import Delta
from pkgindex.format.digest import digest
from pkgindex.format.manifest import Manifest
from pkgindex.format.numbering import manifest_name
from pkgindex.format.overlay import dependants_over, loose_over
from pkgindex.format.page import BUCKETS, Entry, group_of, page_of
from pkgindex.format.reverse import BIT
from pkgindex.format.shard import storable
from pkgindex.snapshot.text import summary_of
from pkgindex.snapshot.verify.deltas import read_deltas
from pkgindex.snapshot.verify.verdict import MALFORMED, Findings
from pkgindex.store.backend import Backend

THREADS_LOCAL, THREADS_REMOTE = 4, 16
FILES_A_READ = 8
TELL_EVERY = 20_000

Balance = defaultdict[str, int]
File = tuple[str, str, str]


class Facts:
    """The facts of one generation, checked file by file; the balances are for those who check the shards."""

    def __init__(self, backend: Backend, manifest: Manifest, findings: Findings, tell: Callable[[str], None]) -> None:
        self.pairs: Balance = defaultdict(int)
        self.rows: Balance = defaultdict(int)
        self.edges: Balance = defaultdict(int)
        self.pages_lost: set[int] = set()
        self._unread: set[str] = set()
        self._reverse_of: dict[str, str] = {}
        self._backend, self._manifest, self._findings, self._tell = backend, manifest, findings, tell
        self._manifest_name = manifest_name(manifest.generation)
        self._totals = {"names": 0, "packages": 0, "filed": 0, "paths": 0, "facts_bytes": 0}
        self._delta: Delta | None = None

    def check(self) -> None:
        self._delta = read_deltas(self._backend, self._manifest, self._findings)
        with ThreadPoolExecutor(THREADS_REMOTE if self._backend.remote else THREADS_LOCAL) as self._threads:
            for numbers in self._batches():
                self._check_files(self._members(numbers))
        if self._delta is not None:
            self._check_over(self._delta)
            self._check_edges()
        if self._delta is not None and not self.pages_lost:
            for field, total in self._totals.items():
                if total != getattr(self._manifest, field):
                    self._findings.fault(
                        self._manifest_name, f"says {field} {getattr(self._manifest, field)}, and the pages add up to {total}"
                    )

    def unclear(self, name: str) -> bool:
        """Nothing can be said of the package, because its page, its forward file or a delta cannot be read."""
        return self._delta is None or name in self._unread or page_of(name, len(self._manifest.page_stamps)) in self.pages_lost

    def loose(self) -> dict[str, int]:
        """The packages that stand in no shard, with the bits that say of which kind."""
        return loose_over(self._manifest, self._delta) if self._delta is not None else self._manifest.loose

    # Deltas

    def _check_over(self, delta: Delta) -> None:
        """What deltas say of packages, and of names that no reverse file is about."""
        for name, changed in delta.packages.items():
            if changed.record is not None:
                self._totals["packages"] += 1
                self._totals["filed"] += bool(changed.paths)
                self._totals["paths"] += changed.paths
                where = f"delta {changed.stamp}"
                try:
                    entry = Entry("", "", changed.meta, changed.files, changed.texts, changed.paths, len(changed.record))
                    self._check_record(where, name, entry, changed.record)
                except StoreError as error:
                    self._lose("forward", where, [name], error)
                except MALFORMED as error:
                    self._lose("forward", where, [name], Corrupt(f"holds what is no record of {name!r} ({error!r})"))
        for name, named in delta.named.items():
            if name not in self._reverse_of:
                self._enter_dependants(name, dependants_over(named, {}), self._manifest_name)

    # Pages

    def _batches(self) -> Iterator[range]:
        """Pages that together hold whole groups: what shares a file is looked at together."""
        pages = len(self._manifest.page_stamps)
        step = min(pages, {"package": pages, "bucket": BUCKETS}.get(self._manifest.partition, 1))
        for first in range(step):
            yield range(first, pages, step)

    def _members(self, numbers: range) -> dict[File, dict[str, Entry]]:
        """The entries of some pages, by the file (kind, group, stamp) they should stand in."""
        files: dict[File, dict[str, Entry]] = {}
        for number in numbers:
            for name, entry in self._page(number).items():
                group = group_of(name, self._manifest.partition)
                for kind, stamp in (("forward", entry.forward), ("reverse", entry.reverse)):
                    if stamp:
                        files.setdefault((kind, group, stamp), {})[name] = entry
        return files

    def _page(self, number: int) -> dict[str, Entry]:
        stamp = self._manifest.page_stamps[number]
        if not stamp:
            return {}
        blob = names.page_name(number, stamp)
        try:
            entries = page.decode(self._read(blob), stamp, blob)
            for name, entry in entries.items():
                self._check_entry(number, blob, name, entry)
        except StoreError as error:
            self._findings.failed(blob, error)
        except MALFORMED as error:
            self._findings.fault(blob, f"holds what is no entry ({error!r})")
        else:
            self._findings.counts["pages"] += 1
            return entries
        self.pages_lost.add(number)
        return {}

    def _check_entry(self, number: int, blob: str, name: str, entry: Entry) -> None:
        pages = len(self._manifest.page_stamps)
        if page_of(name, pages) != number:
            raise Corrupt(f"holds {name!r}, which belongs on page {page_of(name, pages):x}")
        if not (entry.forward or entry.reverse):
            self._findings.fault(blob, f"{name!r} has neither a forward nor a reverse file")
        totals = self._totals
        self._findings.counts["names"] += 1
        totals["names"] += 1
        if self._delta is None or name not in self._delta.packages:
            totals["packages"] += bool(entry.forward)
            totals["filed"] += bool(entry.paths)
            totals["paths"] += entry.paths
        totals["facts_bytes"] += entry.forward_bytes + entry.reverse_bytes

    # Forward and reverse files

    def _check_files(self, files: dict[File, dict[str, Entry]]) -> None:
        blobs = [(file, names.facts_name(*file)) for file in sorted(files)]
        for (file, blob), data in zip(blobs, self._read_all([blob for _, blob in blobs]), strict=True):
            kind, _, stamp = file
            try:
                if isinstance(data, StoreError):
                    raise data
                self._findings.counts["bytes"] += len(data)
                self._check_group(kind, blob, group_file.decode(kind, data, stamp, blob), files[file])
                self._findings.counts[kind] += 1
            except StoreError as error:
                self._lose(kind, blob, list(files[file]), error)
            except MALFORMED as error:
                self._lose(kind, blob, list(files[file]), Corrupt(f"holds what is no group of records ({error!r})"))

    def _check_group(self, kind: str, blob: str, records: dict[str, bytes], entries: dict[str, Entry]) -> None:
        for name in records.keys() - entries.keys():
            if not self.unclear(name):
                self._findings.fault(blob, f"holds {name!r}, of which no page says so")
        check = self._check_forward if kind == "forward" else self._check_reverse
        for name, entry in entries.items():
            try:
                if name not in records:
                    raise Corrupt(f"does not hold {name!r}")
                check(blob, name, entry, records[name])
            except StoreError as error:
                self._lose(kind, blob, [name], error)
            except MALFORMED as error:
                self._lose(kind, blob, [name], Corrupt(f"holds what is no record of {name!r} ({error!r})"))

    def _lose(self, kind: str, blob: str, lost: list[str], error: StoreError) -> None:
        """Nothing is known of the records of *lost*; they are held against no other file."""
        if kind == "forward":
            self._findings.failed(blob, error, self._findings.listing)
            self._unread.update(lost)
        else:
            self._findings.failed(blob, error)
            self._reverse_of.update(dict.fromkeys(lost, ""))

    def _check_forward(self, blob: str, name: str, entry: Entry, record: bytes) -> None:
        # What a delta hides is nobody's answer, and a file that holds it is named all the same.
        if self._delta is None or name not in self._delta.packages:
            self._check_record(blob, name, entry, record)

    def _check_record(self, blob: str, name: str, entry: Entry, record: bytes) -> None:
        releases, lists, texts = msgpack.unpackb(record, raw=False, unicode_errors="surrogateescape", strict_map_key=False)
        package = forward.decode(record, name, blob, files=False)
        found: list[list[bytes]] = []
        files = {}
        for architecture, (count, frame) in lists.items():
            paths = forward.decompress_paths(frame)
            if count != len(paths) or not ascending(paths):
                raise Corrupt(f"the file list of {name!r} is not in order, or not as long as it says")
            files[architecture] = digest(b"\n".join(paths))
            found.append(paths)
        said = (digest(releases) if releases else b"", files, {language: digest(text) for language, text in texts.items()})
        if said != (entry.meta, entry.files, entry.texts):
            raise Corrupt(f"what is said of {name!r} does not have the digests that its page remembers")
        keys = [(parts[0], parts[1]) for parts in releases]
        if not ascending(keys):
            raise Corrupt(f"the releases of {name!r} are not in order")
        paths = found[0] if len(found) == 1 else list({path for listed in found for path in listed})
        if (entry.forward_bytes, entry.paths) != (len(record), len(paths)):
            raise Corrupt(f"{name!r} has {len(record)} bytes and {len(paths)} paths, and its page says otherwise")
        # Nothing is entered before all of it is known to be right.
        if paths:
            self.pairs[name] += sum(map(hash, paths))
        impacts = terms.impacts(package)
        self.rows[name] += (
            row_hash(storable(summary_of(package)))
            + sum([hash(storable(term)) * worth for term, worth in impacts.items()])
            + sum(map(hash, tokens.keys(package) | tokens.name_keys(name)))
        )
        for target, mask in _masks(releases).items():
            self.edges[target] += hash((name, mask))
            self._findings.counts["edges"] += 1
        self._findings.counts["packages"] += 1
        if self._findings.counts["packages"] % TELL_EVERY == 0:
            self._tell(f"checked {self._findings.counts['packages']} of {self._manifest.packages} packages")

    def _check_reverse(self, blob: str, name: str, entry: Entry, record: bytes) -> None:
        dependants = reverse.decode(record, name, blob)
        if not dependants or not ascending(list(dependants)):
            raise Corrupt(f"who names {name!r} is not in order")
        if entry.reverse_bytes != len(record):
            raise Corrupt(f"{name!r} has {len(record)} bytes, and its page says {entry.reverse_bytes}")
        if self._delta is not None:
            dependants = dependants_over(self._delta.named.get(name), dependants)
        self._enter_dependants(name, dependants, blob)

    def _enter_dependants(self, name: str, dependants: dict[str, int], where: str) -> None:
        self.edges[name] -= sum(map(hash, dependants.items()))
        self._reverse_of[name] = where

    # Both ends of every edge

    def _check_edges(self) -> None:
        stamps = self._manifest.page_stamps
        for name, balance in self.edges.items():
            number = page_of(name, len(stamps))
            blob = self._reverse_of.get(name)
            if not balance or number in self.pages_lost or blob == "":
                continue
            if blob is None:
                where = names.page_name(number, stamps[number]) if stamps[number] else self._manifest_name
                self._findings.fault(where, f"{name!r} is named by a package, and the page says that nobody names it")
            elif balance + self._from_unclear(name, blob):
                self._findings.fault(blob, f"who names {name!r} is not who says so in the forward files")

    def _from_unclear(self, name: str, blob: str) -> int:
        """What the packages that cannot be read have in the balance of *name*, by its reverse file."""
        if not (self._unread or self.pages_lost):
            return 0
        stamp = blob.rpartition(".")[2]
        try:
            below = {}
            if blob != self._manifest_name:
                below = reverse.decode(group_file.decode("reverse", self._read(blob), stamp, blob)[name], name, blob)
            over = dependants_over(self._delta.named.get(name) if self._delta is not None else None, below)
            return sum(hash(item) for item in over.items() if self.unclear(item[0]))
        except StoreError:
            return 0

    # Reading

    def _read(self, blob: str) -> bytes:
        data = self._backend.read(blob)
        self._findings.counts["bytes"] += len(data)
        return data

    def _read_all(self, blobs: list[str]) -> Iterator[bytes | StoreError]:
        """What each holds, or why it cannot be read. A few at a time by each thread: a cold file waits for disk or network."""
        chunks = [blobs[start : start + FILES_A_READ] for start in range(0, len(blobs), FILES_A_READ)]
        for chunk in self._threads.map(lambda chunk: list(map(self._tried, chunk)), chunks):
            yield from chunk

    def _tried(self, blob: str) -> bytes | StoreError:
        try:
            return self._backend.read(blob)
        except StoreError as error:
            return error


def ascending(items: list[Any]) -> bool:
    """Whether each item is above the one before."""
    return all(starmap(lt, pairwise(items)))


def row_hash(summary: str) -> int:
    """What a row is worth in a balance, besides its words and attributes."""
    return hash(("row", summary))


def _masks(releases: list[Any]) -> dict[str, int]:
    """The kinds of relation by the name that they are about, as a reverse file holds them."""
    masks: dict[str, int] = {}
    for parts in releases:
        for kind, relations in parts[3].items():
            bit = BIT.get(kind, 0)
            for relation in relations:
                for alternative in relation:
                    masks[alternative[0]] = masks.get(alternative[0], 0) | bit
    return {target: mask for target, mask in masks.items() if mask}
