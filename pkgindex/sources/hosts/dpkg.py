"""What dpkg has installed: its `status`, what was not yet written back to it, and the file lists in `info/`.

What was removed but for its configuration is here too, as not installed and with the files that are left, as `dpkg -S` and
`dpkg -L` have it. 860 packages with 146,000 paths are seen at a glance in 15 ms.

Invariant: a package name becomes part of a file name here, and only names that dpkg itself allows do.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources.control import Control, read_control
from pkgindex.sources.deb822 import Stanza, stanzas
from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.database import Installed, Look, Piece, Trouble, look, signed, state_fields
from pkgindex.sources.hosts.locks import locked
from pkgindex.sources.hosts.names import repository
from pkgindex.sources.limits import DEFAULT
from pkgindex.sources.names import Unreadable, shown

DATABASE = "var/lib/dpkg"
EXTENDED = "var/lib/apt/extended_states"
LOCKS = ("lock-frontend", "lock")

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*")
# As dpkg itself writes them.
# Looked for after a line end, also before the first line: what begins with one certain letter is found seven times as fast.
_FIELD = re.compile(rb"\n(Package|Architecture|Status|Multi-Arch): ([^\n]*)")
_ABSENT = "not-installed"
# In these states the package does not work; its files may be gone, or not all there.
_NOT_INSTALLED = frozenset(("config-files", "half-installed"))


class _Record(NamedTuple):
    """A stanza of status, as far as it must be understood to see whether it has changed."""

    raw: bytes
    name: str
    architecture: str
    state: str
    several: bool


class DpkgDatabase:
    manager = "dpkg"
    ordering = "debian"
    settled = False

    def __init__(self, root: str) -> None:
        self.root = root
        self.place = os.path.join(root, DATABASE)
        self.repo = repository(self.manager, root)
        self.watched = (self.place,)
        self._status = os.path.join(self.place, "status")
        self._extended = os.path.join(root, EXTENDED)

    def state(self) -> bytes:
        status = files.mark_of(self._status)
        if not status:
            raise NotFound(f"{self._status}: no dpkg database here: give the root of a Debian system with --root")
        others = (os.path.join(self.place, "info"), os.path.join(self.place, "updates"), self._extended)
        return b"\n".join([status, *map(files.mark_of, others)])

    def busy(self) -> str:
        held = next((lock for lock in LOCKS if locked(os.path.join(self.place, lock), flocked=False)), "")
        return f"dpkg or apt is at work: {self.place}/{held} is locked" if held else ""

    def look(self) -> Look:
        lists = self._lists()
        automatic = _automatic(files.read_if_there(self._extended))
        records, troubles = self._records(lists)
        return look((self._piece(record, lists, automatic) for record in records), troubles)

    def _records(self, lists: dict[str, os.stat_result]) -> tuple[list[_Record], list[Trouble]]:
        """All that dpkg knows of; what stands in `updates/` counts more than what stands in status."""
        raw = files.read(self._status, files.DATABASE_BYTES_MAX)
        if not raw.strip() and lists:
            raise Rejected(f"{self._status} is empty, though {self.place}/info has file lists: {_COPY}")
        found: dict[tuple[str, str], _Record] = {}
        troubles = []
        for stanza in (stanza for text in (raw, *self._updates()) for stanza in _cut(text)):
            try:
                record = _record(stanza)
            except Unreadable as error:
                troubles.append(Trouble("", f"{self._status}: {error}; {_COPY}"))
                continue
            found[record.name, record.architecture] = record
        return [record for record in found.values() if record.state != _ABSENT], troubles

    def _updates(self) -> Iterator[bytes]:
        """What dpkg has done since it wrote status last; it is there while it works, and after it was killed."""
        folder = os.path.join(self.place, "updates")
        try:
            numbered = sorted(name for name in os.listdir(folder) if name.isdigit())
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in numbered:
            yield files.read_if_there(os.path.join(folder, name))

    def _lists(self) -> dict[str, os.stat_result]:
        found = {}
        try:
            with os.scandir(os.path.join(self.place, "info")) as entries:
                for entry in entries:
                    if entry.name.endswith(".list"):
                        found[entry.name] = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            pass
        return found

    def _piece(self, record: _Record, lists: dict[str, os.stat_result], automatic: frozenset[str] | None) -> Piece:
        name = _list_name(record, lists)
        status = lists.get(name)
        requested = None if automatic is None else _apt_name(record.name, record.architecture) not in automatic
        signature = signed(record.raw, name.encode(), files.mark(status) if status else b"", b"%r" % requested)
        return Piece(record.name, signature, partial(self._read, record, name, status, requested))

    def _read(self, record: _Record, name: str, status: os.stat_result | None, requested: bool | None) -> Installed:
        control = _control(record, self._status)
        release = control.release
        installed = record.state not in _NOT_INSTALLED
        fields = state_fields(status.st_mtime if status and installed else None, requested, installed)
        relations = release.relations if installed else {}
        release = release._replace(fields={**release.fields, **fields}, relations=relations)
        return Installed(release, control.text, self._paths(record, name, status is not None))

    def _paths(self, record: _Record, name: str, there: bool) -> list[bytes]:
        path = os.path.join(self.place, "info", name)
        remedy = f"'apt-get install --reinstall {record.name}' writes it again"
        if not there:
            if record.state in _NOT_INSTALLED:  # it may not have been written yet, or have nothing left to say
                return []
            raise NotFound(f"{path}: no such file, though {record.name} is installed; {remedy}")
        try:
            return files.stored(files.read(path).removesuffix(b"\n").split(b"\n"))
        except Rejected as error:
            raise Rejected(f"{path}: {error}; {remedy}") from error


def databases(root: str, places: tuple[str, ...] = ()) -> list[DpkgDatabase]:
    """The database below *root*, whether it is there or not."""
    return [DpkgDatabase(root)]


_COPY = "see 'dpkg --audit', the copy of yesterday is in /var/backups/dpkg.status.0"


def _cut(raw: bytes) -> Iterator[bytes]:
    """The stanzas of *raw*, each as it stands there."""
    for stanza in raw.split(b"\n\n"):
        if stanza := stanza.strip(b"\n"):
            yield stanza


def _record(raw: bytes) -> _Record:
    fields = {key: value.decode("utf-8", "replace").strip() for key, value in _FIELD.findall(b"\n" + raw)}
    name, architecture = fields.get(b"Package", ""), fields.get(b"Architecture", "")
    # Of what was never installed, dpkg may know no architecture.
    if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(architecture or "all"):
        raise Unreadable(f"{shown(f'{name}:{architecture}')} in {shown(raw)} is no name that dpkg allows")
    state = fields.get(b"Status", "").rpartition(" ")[2]
    return _Record(raw, name, architecture, state, fields.get(b"Multi-Arch") == "same")


def _list_name(record: _Record, lists: dict[str, os.stat_result]) -> str:
    """The name of the file list; `name:arch.list` for what may be installed for several architectures."""
    plain = f"{record.name}.list"
    if record.several or plain not in lists:
        qualified = f"{record.name}:{record.architecture}.list"
        return plain if qualified not in lists and plain in lists else qualified
    return plain


def _control(record: _Record, path: str) -> Control:
    try:
        stanza = next(stanzas(io.BytesIO(record.raw + b"\n"), DEFAULT), Stanza(0, {}))
        return read_control(stanza)
    except Unreadable as error:
        raise Rejected(f"{path}: {error}; {_COPY}") from error


def _automatic(raw: bytes) -> frozenset[str] | None:
    """What apt installed because something else needed it; None where apt keeps no such list."""
    if not raw:
        return None
    found: set[str] = set()
    for stanza in raw.decode("utf-8", "replace").split("\n\n"):
        fields = dict([line.partition(": ")[::2] for line in stanza.split("\n")])
        if fields.get("Auto-Installed") == "1":
            # What is for all architectures apt files under the host's own.
            found.update(_apt_name(fields.get("Package", ""), kind) for kind in (fields.get("Architecture", ""), "all"))
    return frozenset(found)


def _apt_name(name: str, architecture: str) -> str:
    return f"{name}:{architecture}"
