"""A package manager's own database, as it is looked at again and again: a glance at everything, a look at what changed.

    state       of the database as a whole: equal before and after a look, or the look is worth nothing
    glance      a signature of each package, from what costs no reading: stat, or the raw record
    read        one package, with its releases, relations and paths

Invariants:

* Two packages with one signature are the same; of what has its old signature nothing need be read.
* What cannot be read is a `Trouble`, never a package that is not there: nobody concludes from it that something was removed.
* Nothing is locked here, because a manager that finds its lock taken fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from time import gmtime, strftime
from typing import NamedTuple, Protocol

from pkgindex.model.package import Release, Text

_YEAR_10000 = 253_402_300_800
_DIGITS_MAX = 18


class HostPackage(NamedTuple):
    """A name with what is installed under it; several releases where there are several architectures or versions."""

    name: str
    releases: list[Release]
    texts: dict[str, Text]
    files: dict[str, list[bytes]]


class Installed(NamedTuple):
    """One release as it is installed, with its sorted paths; `text` is None where it has no long description."""

    release: Release
    text: Text | None
    paths: list[bytes]


class Piece(NamedTuple):
    """A part of a package: one record of the database. `read` raises `Rejected`, `NotFound`, `OSError`."""

    name: str
    signature: bytes
    read: Callable[[], Installed]


class Sighting(NamedTuple):
    """A package at a glance. `read` raises `Rejected`, `NotFound`, `OSError`."""

    signature: bytes
    read: Callable[[], HostPackage]


class Trouble(NamedTuple):
    """A record that cannot be read; `package` is empty where it does not say whose it is."""

    package: str
    reason: str


class Look(NamedTuple):
    packages: dict[str, Sighting]
    troubles: list[Trouble]


class Database(Protocol):
    """One database of one manager: that of the host whose files are below `root`, or that of one environment.

    `ordering` names the manager's order of versions, `repo` the repository that follows the database, `watched` the
    directories in which something appears or goes whenever it changes. `settled` is True where an unchanged `state` says
    that no package has changed.
    """

    manager: str
    ordering: str
    repo: str
    root: str
    place: str
    watched: tuple[str, ...]
    settled: bool

    def state(self) -> bytes:
        """What tells one state of the database from another, cheaply. Raises `NotFound` where there is none."""

    def busy(self) -> str:
        """Who is changing it at the moment, as far as that can be seen; empty: nobody."""

    def look(self) -> Look:
        """All packages at a glance. Raises `NotFound`, `Rejected` where the database as a whole cannot be read."""


def look(pieces: Iterable[Piece], troubles: Sequence[Trouble] = ()) -> Look:
    """The packages that *pieces* make, those of one name together."""
    named: dict[str, list[Piece]] = {}
    for piece in pieces:
        named.setdefault(piece.name, []).append(piece)
    return Look({name: _sighting(name, named[name]) for name in sorted(named)}, list(troubles))


def _sighting(name: str, pieces: list[Piece]) -> Sighting:
    if len(pieces) == 1:
        signature = pieces[0].signature
    else:
        signature = signed(*sorted(piece.signature for piece in pieces))
    return Sighting(signature, lambda: _together(name, pieces))


def _together(name: str, pieces: list[Piece]) -> HostPackage:
    releases: dict[tuple[str, str], Release] = {}
    texts: dict[str, Text] = {}
    files: dict[str, list[bytes]] = {}
    for piece in pieces:
        release, text, paths = piece.read()
        releases[release.version, release.architecture] = release
        if text is not None:
            texts.setdefault("", text)
        before = files.get(release.architecture)
        files[release.architecture] = sorted({*before, *paths}) if before else paths
    return HostPackage(name, list(releases.values()), texts, files)


def signed(*parts: bytes) -> bytes:
    """A signature of *parts*."""
    # Their lengths too: where one ends and the next begins makes a difference.
    lengths = b" ".join([b"%d" % len(part) for part in parts])
    return blake2b(b"\n".join((lengths, *parts)), digest_size=12).digest()


def state_fields(installed_at: float | None = None, requested: bool | None = None, installed: bool = True) -> dict[str, str]:
    """The attributes that every package of a host has, as far as its manager knows them."""
    fields = {"installed": "true" if installed else "false"}
    if installed_at is not None and 0 <= installed_at < _YEAR_10000:
        fields["installed-at"] = moment(installed_at)
    if requested is not None:
        fields["requested"] = "true" if requested else "false"
    return fields


def whole(digits: str) -> int | None:
    """The number that *digits* are; None for what is none, or of more digits than anything has that is counted here.

    >>> whole("0012"), whole(""), whole("1\u00b2"), whole("9" * 5000)
    (12, None, None, None)
    """
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX else None


def size_field(size: str) -> dict[str, str]:
    """The attribute of what takes *size* bytes on the disk, in KiB; none where *size* is no number."""
    found = whole(size)
    return {} if found is None else {"installed-size": str(-(-found // 1024))}


def moment(seconds: float) -> str:
    """A time as it is written in a field, such that later ones sort behind.

    >>> moment(0)
    '1970-01-01T00:00:00Z'
    """
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))
