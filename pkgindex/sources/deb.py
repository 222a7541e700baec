"""A Debian binary package (deb(5)): its control stanza and the names in its data archive; nothing is ever extracted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.errors import Incomplete, Rejected
from pkgindex.sources import ar, names, tar
from pkgindex.sources.control import Control, read_control
from pkgindex.sources.deb822 import stanzas
from pkgindex.sources.facts import Fact, Fault, Paths, Releases, Texts
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable, shown
from pkgindex.sources.stream import unpack

_BATCH = 10_000
_MAGIC = ar.MAGIC + b"debian-binary"
_CONTROL_NAMES = (b"./control", b"control", b"/control")


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
