"""Names in a spool: the only place that builds and parses them.

A submission is called as its sender likes. What the spool has to remember of it stands in tails behind its name, in this
order, each of them optional, so that it survives every crash and every move:

    Contents-amd64.gz@copy-2@full@id-abcdefghijklmnop

`@copy-N` sets it apart from an earlier file of the same name, `@full` and `@incremental` say how it is to be packed,
`@id-` is the identity that it keeps until it is packed. Every other `@` is part of the file name.

Invariants:

* Parsing and formatting again gives the same name, whatever the name.
* What is formatted fits into a directory entry; a file name that does not is shortened in the middle.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import count
from typing import NamedTuple

from pkgindex.errors import BadInput

SENTINEL = ".pkgindex-spool"
INCOMING = "incoming"
CLAIMED = "claimed"
REJECTED = "rejected"

FULL_MARKER = ".full"
HEARTBEAT = "heartbeat"
REASON_SUFFIX = ".reason"
TEMPORARY_PREFIX = ".submit-"

MODES = ("full", "incremental")

# NAME_MAX, less the longest tails and `.reason`, so that a name that fits once fits wherever it is moved.
FILENAME_BYTES_MAX = 255 - len("@copy-999999@incremental@id-abcdefghijklmnop") - len(REASON_SUFFIX)
NAME_BYTES_MAX = 255
SHORTENED_END_BYTES = 64

# What editors, browsers, rsync and NFS call a file that is not finished, or not there any more.
IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")

_name = re.compile(
    r"(?P<filename>.+?)(@copy-(?P<copy>[1-9][0-9]{0,5}))?(@(?P<mode>full|incremental))?(@id-(?P<id>[a-z2-7]{16}))?",
    re.DOTALL,
)


class Drop(NamedTuple):
    """What the name of a submission says. `copy` is None for the first file of that name."""

    filename: str
    mode: str | None = None
    id: str | None = None
    copy: int | None = None

    @property
    def name(self) -> str:
        """As it is called in the spool."""
        return self.filename + "".join(
            (
                f"@copy-{self.copy}" if self.copy else "",
                f"@{self.mode}" if self.mode else "",
                f"@id-{self.id}" if self.id else "",
            )
        )


def parse(name: str) -> Drop:
    """What *name*, one part of a path, says.

    >>> parse("Packages.gz@full")
    Drop(filename='Packages.gz', mode='full', id=None, copy=None)
    >>> parse("joe@example.org.json")
    Drop(filename='joe@example.org.json', mode=None, id=None, copy=None)
    """
    found = _name.fullmatch(name)
    if found is None:
        return Drop(name)
    copy = found["copy"]
    return Drop(found["filename"], found["mode"], found["id"], int(copy) if copy else None)


def is_ignored(name: str) -> bool:
    """Whether *name* in `incoming` is no submission: hidden, or not finished."""
    return name.startswith(".") or name.lower().endswith(IGNORED_SUFFIXES)


def submitted(filename: str, mode: str | None) -> Drop:
    """What a new submission called *filename* is named; *mode* outdoes what the name says. Raises `BadInput`."""
    if mode not in (None, *MODES):
        raise BadInput(f"mode {mode!r}: a submission is packed as 'full' or 'incremental'")
    if not filename or filename in (".", "..") or "/" in filename or "\0" in filename:
        raise BadInput(f"{filename!r} cannot be the name of a submission: give a file name without a directory")
    if is_ignored(filename):
        raise BadInput(
            f"{printable(filename)} would never be packed, because hidden names and names ending in "
            f"{' '.join(IGNORED_SUFFIXES)} are taken for unfinished files: submit it under another name"
        )
    drop = parse(filename)
    # An identity is given once, by the one who claims: taken over, it would make a new submission look like a packed one.
    while drop.id:
        drop = parse(drop._replace(id=None).name)
    return fitted(drop._replace(mode=mode or drop.mode))


def fitted(drop: Drop) -> Drop:
    """*drop* with a file name short enough for every name that is ever made of it."""
    if len(encoded(drop.name)) + len(REASON_SUFFIX) <= NAME_BYTES_MAX:
        return drop
    if len(encoded(drop.filename)) <= FILENAME_BYTES_MAX:
        return drop
    # By whole characters, for file systems that take no broken ones. The end stays: formats are recognised by it.
    start, end = drop.filename[:FILENAME_BYTES_MAX], drop.filename[-SHORTENED_END_BYTES:]
    while len(encoded(end)) > SHORTENED_END_BYTES:
        end = end[1:]
    while len(encoded(start + "..." + end)) > FILENAME_BYTES_MAX:
        start = start[:-1]
    return drop._replace(filename=start + "..." + end)


def numbered(drop: Drop, taken: Container[str]) -> Iterator[Drop]:
    """*drop* under the free names that it may have beside the *taken* ones, without end."""
    for copy in count(2):
        candidate = fitted(drop._replace(copy=copy))
        if candidate.name not in taken:
            yield candidate


def encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def printable(name: str) -> str:
    """*name* for a message: as it is, or escaped when it holds newlines, escape codes or bytes that are no text."""
    return name if name.isprintable() else ascii(name)
