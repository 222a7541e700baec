"""Verifying shards: the file as a whole, what it says of itself, and that it repeats the facts of what lives in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, groupby
from zlib import crc32

from pkgindex.errors import Corrupt, StoreError
from pkgindex.format import block, dead, names
from pkgindex.format.manifest import LOOSE_PATHS, LOOSE_TEXT, Manifest, Shard
from pkgindex.format.numbering import manifest_name
from pkgindex.format.shard import separator
from pkgindex.snapshot.verify.facts import Balance, Facts, ascending
from pkgindex.snapshot.verify.texts import text_sums
from pkgindex.snapshot.verify.verdict import MALFORMED, Findings
from pkgindex.store.backend import Backend
from pkgindex.store.faults import unread
from pkgindex.store.shards import ShardFile
from pkgindex.store.soundness import UNSOUND

CHUNK_BYTES = 1 << 20
# A sample, and the last block: one question costs 0.3 ms where its trigrams are in most of 28,000 blocks.
PROBE_EVERY = 8
TRIGRAMS_A_PROBE = 3
FACETS = {"paths": LOOSE_PATHS, "text": LOOSE_TEXT}

_DOCUMENTS = """
PRAGMA query_only = OFF;
CREATE VIRTUAL TABLE temp.documents USING fts5vocab('main', 'trigrams', 'instance');
"""


class Shards:
    """The shards of one generation, checked against the balances that its facts left."""

    def __init__(
        self, backend: Backend, manifest: Manifest, facts: Facts, findings: Findings, tell: Callable[[str], None]
    ) -> None:
        self._backend, self._manifest, self._facts, self._findings, self._tell = backend, manifest, facts, findings, tell

    def check(self) -> None:
        for kind, facet in FACETS.items():
            shards = self._manifest.shards_of(kind)
            loose = {name for name, bits in self._facts.loose().items() if bits & facet}
            whole = [self._check_shard(shard, loose) for shard in shards]
            if all(whole):
                self._check_balance(kind, shards, loose)

    def _check_shard(self, shard: Shard, loose: set[str]) -> bool:
        """Whether all of it could be read."""
        name = names.shard_name(shard.kind, shard.number, shard.stamp)
        self._tell(f"checking {name}")
        try:
            hidden = self._dead(shard) | loose
        except StoreError as error:
            self._findings.failed(names.dead_name(shard.kind, shard.number, shard.dead_stamp), error)
            return False
        file = None
        try:
            self._check_bytes(shard, name)
            # All of it was compared just now.
            file = ShardFile(self._backend, shard._replace(checksum=""))
            file.expect_whole_read()
            _check_file(file)
            if shard.kind == "paths":
                self._check_paths(file, hidden)
            else:
                self._check_text(file, hidden)
        except StoreError as error:
            self._findings.failed(name, error)
            return False
        except MALFORMED as error:
            self._findings.fault(name, f"holds what no shard holds ({error!r})")
            return False
        finally:
            if file is not None:
                file.close()
        self._findings.counts["shards"] += 1
        return True

    def _dead(self, shard: Shard) -> set[str]:
        if not shard.dead_stamp:
            return set()
        name = names.dead_name(shard.kind, shard.number, shard.dead_stamp)
        data = self._backend.read(name)
        packages = dead.decode(data, shard.kind, shard.number, shard.dead_stamp, name)
        if len(packages) != shard.dead or not ascending(packages):
            raise Corrupt(f"{name}: {len(packages)} packages where its manifest says {shard.dead}, or not in order")
        self._findings.counts["dead"] += 1
        self._findings.counts["bytes"] += len(data)
        return set(packages)

    def _check_bytes(self, shard: Shard, name: str) -> None:
        size = checksum = 0
        for chunk in self._chunks(name):
            size += len(chunk)
            checksum = crc32(chunk, checksum)
        if size != shard.size:
            raise Corrupt(f"{size} bytes where its manifest says {shard.size}")
        if f"{checksum:08x}" != shard.checksum:
            raise Corrupt(UNSOUND)
        self._findings.counts["bytes"] += size

    def _chunks(self, name: str) -> Iterator[bytes]:
        self._backend.size(name)  # `Gone` in the words of the backend
        path = self._backend.local_file(name)
        if path is None:
            yield self._backend.read(name)
            return
        try:
            with open(path, "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise unread(error, name) from error

    # What lives in it

    def _check_paths(self, file: ShardFile, hidden: set[str]) -> None:
        shard, balance = file.shard, self._facts.pairs
        tails: dict[str, bytes] = {}
        first = last = b""
        count = number = 0
        keys = file.rows("SELECT first, block FROM keys ORDER BY first")
        for number, (found, frame) in enumerate(file.rows("SELECT id, frame FROM blocks ORDER BY id"), 1):
            text = block.unpack(frame, file.name)
            paths, owners = block.paths_of(text).split(b"\n"), block.owners_of(text)
            for owner in dict.fromkeys(owners):
                if owner not in tails:
                    tails[owner] = block.pair(b"", owner)
            pairs = [path + tails[owner] for path, owner in zip(paths, owners, strict=True)]
            if found != number or pairs[0] <= last or not ascending(pairs):
                raise Corrupt(f"block {found} is out of its order")
            if len(pairs) != block.LINES and count + len(pairs) != shard.rows:
                raise Corrupt(f"block {number} has {len(pairs)} paths and is not the last")
            if next(keys, None) != (separator(last, pairs[0]), number):
                raise Corrupt(f"the key of block {number} does not lead to it")
            if number % PROBE_EVERY == 0 or len(pairs) < block.LINES:
                _check_trigrams(file, number, block.paths_of(text))
            place = 0
            for owner, run in groupby(owners):
                end = place + len(list(run))
                if owner not in hidden:
                    balance[owner] -= sum(map(hash, paths[place:end]))
                place = end
            first, last = first or pairs[0], pairs[-1]
            count += len(pairs)
        if (len(tails), count, first, last) != (shard.packages, shard.rows, shard.first, shard.last):
            raise Corrupt(f"holds {count} paths of {len(tails)} packages where its manifest says {shard.rows} "
                          f"of {shard.packages}, or not from where to where it says")
        if next(keys, None) is not None:
            raise Corrupt("has more keys than blocks")
        _check_documents(file, number)
        self._findings.counts["pairs"] += count

    def _check_text(self, file: ShardFile, hidden: set[str]) -> None:
        sums, postings = text_sums(file)
        self._findings.counts["postings"] += postings
        for name, total in sums.items():
            if name not in hidden:
                self._facts.rows[name] -= total

    def _check_balance(self, kind: str, shards: tuple[Shard, ...], loose: set[str]) -> None:
        balance: Balance = self._facts.pairs if kind == "paths" else self._facts.rows
        what = "files" if kind == "paths" else "words and attributes"
        where = ", ".join(names.shard_name(kind, shard.number, shard.stamp) for shard in shards)
        where = where or manifest_name(self._manifest.generation)
        for name, rest in balance.items():
            # What is loose stands in no shard, and the forward file alone answers for it.
            if rest and name not in loose and not self._facts.unclear(name):
                self._findings.fault(where, f"the {what} of {name!r} are not those of its forward file, once and no more")


def _check_file(file: ShardFile) -> None:
    problems = [row[0] for row in file.rows("PRAGMA integrity_check(3)")]
    if problems != ["ok"]:
        raise Corrupt(f"SQLite finds it damaged: {'; '.join(map(str, problems))}")
    facts = dict(file.rows("SELECT key, value FROM facts"))
    if (facts.get("packages"), facts.get("rows")) != (file.shard.packages, file.shard.rows):
        raise Corrupt("says of itself other counts than its manifest does")


def _check_trigrams(file: ShardFile, number: int, paths: bytes) -> None:
    """That the block is found by some of its own trigrams."""
    text = block.trigram_text(paths)
    places = range(0, len(text) - 2, max(1, (len(text) - 2) // TRIGRAMS_A_PROBE))
    chosen = {text[place : place + 3].replace('"', '""') for place in places}
    question = " AND ".join(f'"{trigram}"' for trigram in sorted(chosen))
    if file.row("SELECT 1 FROM trigrams WHERE trigrams MATCH ? AND rowid = ?", question, number) is None:
        raise Corrupt(f"block {number} is not found by its trigrams {question}")


def _check_documents(file: ShardFile, blocks: int) -> None:
    """That the whole trigram table can be read (FTS5's own check would write), and leads to blocks that there are."""
    for statement in _DOCUMENTS.strip().splitlines():
        list(file.rows(statement))
    found = file.row("SELECT min(doc), max(doc) FROM temp.documents")
    if found is None or list(chain(found)) != [1, blocks]:
        raise Corrupt(f"its trigrams lead to blocks {found}, and there are 1 to {blocks}")
