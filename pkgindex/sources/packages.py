"""Debian `Packages` listings and dpkg's `status`: one stanza a package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.sources.control import read_control
from pkgindex.sources.deb822 import Stanza, stanzas
from pkgindex.sources.facts import Covers, Fact, Fault, Releases, Texts
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable

# apt puts the whole address before the name: `deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages`.
_LISTING = re.compile(r"(?:^|.*[^A-Za-z0-9])Packages$")
_STATUS = re.compile(r"(?:^|.*[^A-Za-z0-9])status$")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_STANZA_END = re.compile(rb"\n[ \t\r]*\n")

# A dpkg state in which nothing of the package but its configuration is there.
_ABSENT = frozenset(("not-installed", "config-files"))


def first_fields(head: bytes) -> set[bytes]:
    """The lower-case field names of the first stanza; none when *head* is no deb822."""
    if b"\0" in head:
        return set()
    stanza = _STANZA_END.split(head.lstrip(b"\r\n"), maxsplit=1)[0]
    return {match.group(1).lower() for match in _FIELD.finditer(stanza)}


def installed(stanza: Stanza) -> bool:
    """Whether dpkg's Status (want, flag, state) says that the package's files are there; True where there is none."""
    words = stanza.fields.get("status", "").split()
    return not words or words[-1] not in _ABSENT


class Packages:
    """The index of a Debian archive, as apt and dpkg-scanpackages write it."""

    name = "packages"
    full = True

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        if _LISTING.match(filename):
            return True
        fields = first_fields(head)
        # An index of *source* packages has Directory, a list of translations has no Version.
        return {b"package", b"version"} <= fields and not fields & {b"status", b"directory", b"format"}

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        yield Covers("meta")
        described = False
        for stanza in stanzas(stream, self._limits):
            if not installed(stanza):
                continue
            try:
                package, release, text = read_control(stanza)
            except Unreadable as error:
                yield Fault(f"line {stanza.line}", str(error))
                continue
            yield Releases(package, release)
            if text is not None:
                if not described:
                    described = True
                    yield Covers("text", "")
                yield Texts(package, "", text)


class Status(Packages):
    """dpkg's own database; what is removed but for its configuration is left out."""

    name = "dpkg-status"

    def recognises(self, filename: str, head: bytes) -> bool:
        fields = first_fields(head)
        return b"package" in fields and (b"status" in fields or bool(_STATUS.match(filename)))
