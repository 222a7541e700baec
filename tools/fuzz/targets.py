"""What is fuzzed: each a function that is given any bytes, and must come back or raise what its reader promises.

Whatever else it raises is a fault, and so is a promise that does not hold: a question that is written and read again, versions
that are ordered, paths and names that are as they are stored.
"""

from __future__ import annotations

import io
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from typing import Any, NamedTuple
from zlib import crc32

from fuzz import seeds, tree_protocol
from pkgindex.cli.terminal import escaped
from pkgindex.defaults import plain
from pkgindex.errors import BadInput, NotFound, PkgindexError, Rejected, StoreError
from pkgindex.format import block, commands, dead, delta, forward, frame, journal, lists, manifest, page, reverse, terms
from pkgindex.format import changes as changes_file
from pkgindex.format import group as group_file
from pkgindex.format.envelope import FORMAT, FORMATS, unseal
from pkgindex.model.package import Package
from pkgindex.model.versions import orderings
from pkgindex.query.found import parse_cursor
from pkgindex.query.language import parser, pkg5, rewrite
from pkgindex.query.language.printing import written
from pkgindex.sources import aptjobs, registry
from pkgindex.sources import names as source_names
from pkgindex.sources.facts import Fact, Paths, Releases, Texts
from pkgindex.sources.hosts import apk, conda, dpkg, npm, pacman, pip
from pkgindex.sources.hosts.database import Database
from pkgindex.sources.limits import KIB, MIB, Limits
from pkgindex.sources.stream import unpack
from pkgindex.spool import names as spool_names

LIMITS = Limits(unpacked_bytes_max=4 * MIB, ratio_free_bytes=MIB, window_bytes_max=8 * MIB, line_bytes_max=4 * KIB,
                stanza_bytes_max=16 * KIB, value_bytes_max=64 * KIB, members_max=1000)
STAMP, NAME, REPO = "7-abcdef", "the file", "debian"


class Target(NamedTuple):
    """*seeds* are what is given first, and changed; *modules* are watched for what is covered."""

    try_bytes: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    modules: tuple[str, ...]


# Submissions


def _submission(number: int, data: bytes) -> None:
    source = registry.built_in(LIMITS)[number]
    filename = seeds.FILENAMES[number]
    source.recognises(filename, data[: 64 * KIB])
    with suppress(Rejected):
        for fact in source.read(io.BufferedReader(io.BytesIO(data)), filename):  # type: ignore[arg-type]
            _require_storable(fact)


def _require_storable(fact: Fact) -> None:
    if isinstance(fact, Releases):
        assert source_names.package_name(fact.package) == fact.package
        package = Package(fact.package, {("", ""): fact.release}, {}, {})
        record = forward.encode_parts(forward.releases_parts(package), {}, {})
        assert forward.decode(record, fact.package, NAME).releases
    elif isinstance(fact, Texts):
        fact.text.description.encode()
    elif isinstance(fact, Paths):
        for pair in fact.pairs:
            path, tab, owner = pair.rpartition(b"\t")
            assert tab and path.startswith(b"/") and b"\n" not in pair and owner, pair
            assert not {b"", b".", b".."} & set(path.split(b"/")[1:]), pair


def _unpacked(data: bytes) -> None:
    with suppress(Rejected):
        unpacked = unpack(io.BytesIO(data), data[:16], NAME, len(data), LIMITS)
        made = 0
        while unpacked is not None and (piece := unpacked.read(64 * KIB)):
            made += len(piece)
            assert made <= LIMITS.unpacked_bytes_max + MIB


def _apt_job(data: bytes) -> None:
    with suppress(Rejected):
        list(aptjobs.steps(data.decode("utf-8", "replace"), NAME))


# Databases of package managers


@cache
def _root(databases: Callable[[str], Iterable[Database]], file: str) -> tempfile.TemporaryDirectory[str]:
    """A host of which all other files of the manager are sound."""
    root = tempfile.TemporaryDirectory(prefix="pkgindex-fuzz-")
    for name, (same, other) in _HOSTS.items():
        if same is databases:
            _write(f"{root.name}/{other}", seeds.HOSTS[name][0])
    return root


def _write(path: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def _host(databases: Callable[[str], Iterable[Database]], file: str, data: bytes) -> None:
    root = _root(databases, file).name
    _write(f"{root}/{file}", data)
    with suppress(Rejected, NotFound):
        for database in databases(root):
            database.state()
            for sighting in database.look().packages.values():
                with suppress(Rejected, NotFound):
                    _require_described(sighting.read())


def _require_described(package: Any) -> None:
    for release in package.releases:
        _require_storable(Releases(package.name, release))
    for paths in package.files.values():
        _require_storable(Paths("", [path + b"\t" + package.name.encode() for path in paths]))


# Files of an index: what is in them is whatever it is, and their checksum fits


def _sealed(kind: str, read: Callable[[bytes], object], data: bytes) -> None:
    """*data* as a file's content, and as the whole file."""
    head = f"pkgindex {FORMATS.get(kind, (FORMAT,))[-1]} {kind} {STAMP} {len(data)} {crc32(data):08x}\n".encode()
    for file in (head + data, data):
        with suppress(StoreError):
            read(file)


def _facts(kind: str, decode: Callable[[bytes, str, str], object], data: bytes) -> None:
    _sealed(kind, lambda file: group_file.decode(kind, file, STAMP, NAME), data)
    with suppress(StoreError):
        decode(data, "curl", NAME)


def _delta(data: bytes) -> None:
    _sealed("delta", lambda file: delta.decode_file(file, STAMP, NAME), data)
    with suppress(StoreError):
        delta.decode(data, NAME)


def _shard_parts(data: bytes) -> None:
    with suppress(ValueError):
        frame.unpack(data, MIB)
    with suppress(ValueError):
        terms.decode_postings(data)
    with suppress(ValueError):
        terms.count_postings(data[:20], len(data))
    with suppress(ValueError):
        lists.decode(frame.pack(data))
    with suppress(StoreError):
        block.decode(data, NAME)


def _journal(data: bytes) -> None:
    with suppress(StoreError):
        list(journal.records(journal.HEAD + data, NAME))


def _commands(data: bytes) -> None:
    found = commands.decode(data, REPO, 42)
    if found is not None:
        found.names()


# Words


def _question(parse: Callable[[str], Any], data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    with suppress(BadInput):
        tree = parse(text)
        rewrite.as_packages(tree)
        assert parser.parse(written(tree)) == tree or parse is not parser.parse, text


def _versions(data: bytes) -> None:
    one, _, other = data.decode("utf-8", "surrogateescape").partition("\n")
    for ordering in orderings.ORDERINGS:
        compared = orderings.compare(one, other, ordering)
        assert compared == -orderings.compare(other, one, ordering), (one, other, ordering)
        assert orderings.compare(one, one, ordering) == 0, (one, ordering)
        for sign in ("<<", "<=", "=", ">=", ">>"):
            orderings.satisfies(one, sign, other, ordering)


def _names(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert spool_names.parse(text).name == text
    shown = escaped(text)
    assert not [sign for sign in shown if ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or 0x202A <= ord(sign) <= 0x202E]
    with suppress(PkgindexError):
        assert len(spool_names.encoded(spool_names.submitted(text, None).name)) <= spool_names.NAME_BYTES_MAX
    with suppress(BadInput):
        assert parse_cursor(str(parse_cursor(text))) == parse_cursor(text)


def _settings(data: bytes) -> None:
    """What is read without a parser is what the parser reads."""
    with suppress(UnicodeDecodeError):
        text = data.decode()
        found = plain(text)
        if found is not None:
            assert found == tomllib.loads(text), text


def _targets() -> dict[str, Target]:
    found = {}
    for number, source in enumerate(registry.built_in()):
        found[source.name] = Target(partial(_submission, number), seeds.SUBMISSIONS[number], ("pkgindex.sources",))
    found["compression"] = Target(_unpacked, seeds.packed(), ("pkgindex.sources",))
    found["apt-job"] = Target(_apt_job, seeds.APT_JOBS, ("pkgindex.sources.aptjobs",))
    for name, (databases, file) in _HOSTS.items():
        found[name] = Target(partial(_host, databases, file), seeds.HOSTS[name], ("pkgindex.sources.hosts",))
    for name, read in _FILES.items():
        found[name] = Target(read, seeds.contents(name), ("pkgindex.format",))
    found["question"] = Target(partial(_question, parser.parse), seeds.QUESTIONS, ("pkgindex.query.language",))
    found["question of pkg5"] = Target(partial(_question, pkg5.parse), seeds.QUESTIONS, ("pkgindex.query.language",))
    found["versions"] = Target(_versions, seeds.VERSIONS, ("pkgindex.model.versions",))
    found["names"] = Target(_names, seeds.NAMES, ("pkgindex.spool.names", "pkgindex.cli.terminal"))
    found["settings"] = Target(_settings, seeds.SETTINGS, ("pkgindex.defaults",))
    found["tree protocol"] = Target(tree_protocol.try_bytes, seeds.REQUESTS, ("pkgindex.service.tree",))
    return found


_HOSTS: dict[str, tuple[Callable[[str], Iterable[Any]], str]] = {
    "apk database": (apk.databases, "lib/apk/db/installed"),
    "apk world": (apk.databases, "etc/apk/world"),
    "dpkg database": (dpkg.databases, "var/lib/dpkg/status"),
    "pacman database": (pacman.databases, "var/lib/pacman/local/a-1-1/desc"),
    "pip metadata": (pip.databases, "usr/lib/python3/dist-packages/a-1.dist-info/METADATA"),
    "pip record": (pip.databases, "usr/lib/python3/dist-packages/a-1.dist-info/RECORD"),
    "pip origin": (pip.databases, "usr/lib/python3/dist-packages/a-1.dist-info/direct_url.json"),
    "npm package": (npm.databases, "usr/lib/node_modules/a/package.json"),
    "conda package": (conda.databases, "opt/conda/conda-meta/a-1-0.json"),
    "conda history": (conda.databases, "opt/conda/conda-meta/history"),
}
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
TARGETS = _targets()
