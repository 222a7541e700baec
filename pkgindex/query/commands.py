"""Which files of a generation are commands, and which of their packages are installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pkgindex.errors import OlderShard
from pkgindex.format import commands
from pkgindex.format.commands import Row
from pkgindex.snapshot.snapshot import Snapshot

# Where a shell looks on every host, the better name of a command last: /bin is a link to /usr/bin on most.
DIRECTORIES = ("/bin", "/sbin", "/usr/bin", "/usr/games", "/usr/local/bin", "/usr/local/games", "/usr/local/sbin", "/usr/sbin")
# Packages of these orderings go into the system's directories; those of others into environments, which have a `bin` anywhere.
# What libraries have in a `bin` of their own is no command; npm links what is one from `node_modules/.bin`.
OF_SYSTEMS = ("debian", "rpm", "pacman", "apk", "ips")
_IN_ENVIRONMENT = re.compile(
    r"(?:(?!.*/(?:node_modules|site-packages|dist-packages)/).*/bin|.*/node_modules/\.bin)/[^/]+", re.DOTALL
)
_TRIGRAMS = '"bin" AND "in/"'


def listed(snapshot: Snapshot) -> bytes:
    """The list of the commands of *snapshot*."""
    found = dict.fromkeys(rows(snapshot))
    # A command that lies in /bin and in /usr/bin is one.
    merged = {(name, package): directory for name, package, directory, _ in found}
    kept = (row for row in found if merged[row[:2]] == row[2])
    return commands.encode(snapshot.repo, snapshot.generation, snapshot.manifest.ordering, kept)


def rows(snapshot: Snapshot) -> Iterator[Row]:
    """The commands of *snapshot*, those in /bin before those in /usr/bin."""
    installed = installed_in(snapshot)
    for path, package in _files(snapshot):
        directory, _, name = path.rpartition("/")
        yield name, package, directory, package in installed


def installed_in(snapshot: Snapshot) -> frozenset[str]:
    """The packages of *snapshot* that are installed on the host that it is of."""
    found: set[str] = set()
    for shard in snapshot.text_shards:
        try:
            numbers = shard.attribute("installed", "true")
        except OlderShard:  # of a time when nothing was said of that
            continue
        found.update(name for name, _ in shard.packages(numbers).values())
    return frozenset(found)


def _files(snapshot: Snapshot) -> Iterable[tuple[str, str]]:
    if snapshot.manifest.ordering not in OF_SYSTEMS:
        yield from _in_environments(snapshot)
    for directory in DIRECTORIES:
        for path, package in snapshot.below(f"{directory}/".encode()):
            if path.count(b"/") == directory.count("/") + 1:
                yield path.replace(b"\0", b"\n").decode("utf-8", "surrogateescape"), package


def _in_environments(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    batches = snapshot.matching(_TRIGRAMS, lambda block: "bin/" in block, _commands_of)
    for paths, packages in batches:
        yield from zip(paths, packages, strict=True)


def _commands_of(paths: list[str]) -> list[int]:
    return [place for place, path in enumerate(paths) if _IN_ENVIRONMENT.fullmatch(path)]
