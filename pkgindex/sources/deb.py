"""A Debian binary package (deb(5)): its control stanza and the names in its data archive; nothing is ever extracted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pkgindex.errors import Incomplete, Rejected
from pkgindex.sources import ar, names, tar
from pkgindex.sources.control import Control, read_control
from pkgindex.sources.deb822 import stanzas
from pkgindex.sources.facts import Fact, Fault, Paths, Releases, Texts
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable, shown
from pkgindex.sources.stream import open_stream, unpack

_BATCH = 10_000
_MAGIC = ar.MAGIC + b"debian-binary"
_CONTROL_NAMES = (b"./control", b"control", b"/control")
_CONFFILES_NAMES = (b"./conffiles", b"conffiles", b"/conffiles")


class Entry(NamedTuple):
    """What a package puts at *path*: `kind` is the type flag of tar, `target` where a link leads."""

    path: bytes
    kind: bytes
    target: bytes


class Archive(NamedTuple):
    """All that dpkg goes by when it unpacks a package: directories too, in the order of the archive."""

    control: Control
    conffiles: frozenset[bytes]
    entries: list[Entry]


def read_archive(path: str, limits: Limits = DEFAULT) -> Archive:
    """The package in the file *path*. Raises `NotFound`, `Rejected`, `Incomplete`."""
    opened = open_stream(path, limits)
    with opened.stream as stream:
        return Deb(limits).archive(stream, opened.filename)


class Deb:
    name = "deb"
    full = False

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        if head.startswith(_MAGIC):
            return True
        # The beginning of one, still being copied.
        return filename.endswith((".deb", ".udeb")) and _MAGIC.startswith(head)

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        control: Control | None = None
        for member in ar.members(stream, filename):
            if member.name.startswith("control.tar"):
                control = self._control(member, filename)
                yield Releases(control.package, control.release)
                if control.text is not None:
                    yield Texts(control.package, "", control.text)
            elif member.name.startswith("data.tar"):
                if control is None:
                    raise Rejected(f"{filename}: {shown(member.name)} comes before the control member: build it again")
                yield from self._paths(member, filename, control)
                return
        missing = "data" if control else "control"
        raise Incomplete(f"{filename}: ends before its {missing} member: copy the file again")

    def archive(self, stream: BinaryIO, filename: str) -> Archive:
        """All of it at once. Raises `Rejected`, `Incomplete`, for a single path too that cannot be read."""
        found: tuple[Control, frozenset[bytes]] | None = None
        for member in ar.members(stream, filename):
            what = f"{filename}: {member.name}"
            if member.name.startswith("control.tar"):
                found = self._stanza_and_conffiles(member, what)
            elif member.name.startswith("data.tar") and found is not None:
                return Archive(*found, list(self._entries(member, what)))
        raise Incomplete(f"{filename}: ends before its data member: copy the file again")

    def _stanza_and_conffiles(self, member: ar.Member, what: str) -> tuple[Control, frozenset[bytes]]:
        control, conffiles = None, b""
        for entry in tar.entries(self._unpacked(member, what), what, self._limits, _CONTROL_NAMES + _CONFFILES_NAMES):
            if entry.path in _CONTROL_NAMES:
                control = self._stanza(entry.content, what)
            elif entry.path in _CONFFILES_NAMES:
                conffiles = entry.content
        if control is None:
            raise Rejected(f"{what}: no control file in it: build the package again")
        # A flag may stand before a path, as `remove-on-upgrade` does.
        return control, frozenset(line[line.find(b"/") :].rstrip() for line in conffiles.split(b"\n") if b"/" in line)

    def _entries(self, member: ar.Member, what: str) -> Iterator[Entry]:
        for entry in tar.entries(self._unpacked(member, what), what, self._limits):
            if entry.path.strip(b"./"):  # all but the root itself
                yield Entry(names.path(entry.path, self._limits.path_bytes_max), entry.kind, entry.target)

    def _control(self, member: ar.Member, filename: str) -> Control:
        what = f"{filename}: {member.name}"
        for entry in tar.entries(self._unpacked(member, what), what, self._limits, _CONTROL_NAMES):
            if entry.path in _CONTROL_NAMES:
                return self._stanza(entry.content, what)
        raise Rejected(f"{what}: no control file in it: build the package again")

    def _stanza(self, content: bytes, what: str) -> Control:
        import io

        stanza = next(stanzas(io.BytesIO(content), self._limits), None)
        if stanza is None:
            raise Rejected(f"{what}: the control file is empty: build the package again")
        try:
            return read_control(stanza)
        except Unreadable as error:
            raise Rejected(f"{what}: line {stanza.line}: {error}") from error

    def _paths(self, member: ar.Member, filename: str, control: Control) -> Iterator[Fact]:
        what = f"{filename}: {member.name}"
        suffix = b"\t" + control.package.encode()
        pairs: list[bytes] = []
        for number, entry in enumerate(tar.entries(self._unpacked(member, what), what, self._limits), 1):
            if entry.kind == tar.DIRECTORY:
                continue
            try:
                pairs.append(names.path(entry.path, self._limits.path_bytes_max) + suffix)
            except Unreadable as error:
                yield Fault(f"{member.name} entry {number}", str(error))
            if len(pairs) >= _BATCH:
                yield Paths(control.release.architecture, pairs)
                pairs = []
        # Even when there are none: an update that ships no file any more says so.
        yield Paths(control.release.architecture, pairs)

    def _unpacked(self, member: ar.Member, what: str) -> BinaryIO:
        unpacked = unpack(member.stream, member.first, what, member.size, self._limits)
        if unpacked is None and not member.name.endswith(".tar"):
            raise Rejected(f"{what}: not packed with gzip, xz, zstd, bzip2 or nothing: build the package again")
        return unpacked or member.stream
