"""Files of an index: what is in them is whatever it is, and their checksum fits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zlib import crc32

from fuzz import seeds
from fuzz.target import Expected, Target
from pkgindex.errors import StoreError
from pkgindex.format import block, commands, dead, delta, forward, frame, journal, lists, manifest, page, reverse, terms
from pkgindex.format import changes as changes_file
from pkgindex.format import group as group_file
from pkgindex.format.envelope import FORMAT, FORMATS, MAGIC, unseal
from pkgindex.sources.limits import MIB

STAMP, NAME, REPO = "7-abcdef", "the file", "debian"


def _sealed(kind: str, read: Callable[[bytes], object], data: bytes) -> None:
    """*data* as a file's content, and as the whole file where it begins as one does."""
    head = f"pkgindex {FORMATS.get(kind, (FORMAT,))[-1]} {kind} {STAMP} {len(data)} {crc32(data):08x}\n".encode()
    for file in (head + data, data) if data.startswith(MAGIC) else (head + data,):
        with Expected(StoreError):
            read(file)


def _facts(kind: str, decode: Callable[[bytes, str, str], object], data: bytes) -> None:
    _sealed(kind, lambda file: group_file.decode(kind, file, STAMP, NAME), data)
    with Expected(StoreError):
        decode(data, "curl", NAME)


def _delta(data: bytes) -> None:
    _sealed("delta", lambda file: delta.decode_file(file, STAMP, NAME), data)
    with Expected(StoreError):
        delta.decode(data, NAME)


def _shard_parts(data: bytes) -> None:
    with Expected(ValueError):
        frame.unpack(data, MIB)
    with Expected(ValueError):
        terms.decode_postings(data)
    with Expected(ValueError):
        terms.count_postings(data[:20], len(data))
    with Expected(ValueError):
        lists.decode(frame.pack(data))
    with Expected(StoreError):
        block.decode(data, NAME)


def _journal(data: bytes) -> None:
    with Expected(StoreError):
        list(journal.records(journal.HEAD + data, NAME))


def _commands(data: bytes) -> None:
    found = commands.decode(data, REPO, 42)
    if found is not None:
        found.names()


_FILES: dict[str, Callable[[bytes], None]] = {
    "envelope": partial(_sealed, "dead", lambda file: unseal(file, "dead", STAMP, NAME)),
    "manifest": partial(_sealed, "manifest", lambda file: manifest.decode(file, REPO, 7, NAME)),
    "page": partial(_sealed, "page", lambda file: page.placed(page.decode(file, STAMP, NAME), 1, 4, NAME)),
    "forward": partial(_facts, "forward", forward.decode),
    "reverse": partial(_facts, "reverse", reverse.decode),
    "dead": partial(_sealed, "dead", lambda file: dead.decode(file, "text", 1, STAMP, NAME)),
    "changes": partial(_sealed, "changes", lambda file: changes_file.decode(file, STAMP, NAME)),
    "delta": _delta,
    "shard parts": _shard_parts,
    "journal": _journal,
    "commands": _commands,
}


def targets() -> dict[str, Target]:
    return {name: Target(read, seeds.contents(name)) for name, read in _FILES.items()}
