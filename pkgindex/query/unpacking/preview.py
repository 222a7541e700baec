"""What dpkg will make of packages before it has unpacked any: what they add, replace and overwrite, by its own rules.

The rules are those of dpkg 1.21 as `dpkg --unpack` shows them, and the same hundreds of tiny packages are given to both by a
test. Not looked at: what dependants of a package say that is removed for another's sake, configuration, scripts and triggers,
the contents of files that one package has for several architectures, packages that had no file of their own before, and
what a package that is refused would have removed (dpkg 1.21 may then remove it all the same).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pkgindex.model.package import Release
from pkgindex.query.unpacking.disk import DIRECTORY, EITHER, FILE, NOTHING, Disk
from pkgindex.query.unpacking.installed import Installed, Unpacked
from pkgindex.query.unpacking.rules import replaces, wanted
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.sources.deb import Archive, Entry
from pkgindex.sources.hosts.tree import Tree
from pkgindex.sources.tar import DIRECTORY as DIRECTORY_FLAG

_LINK_FLAG = b"2"

# What dpkg refuses, and what it does but somebody should know.
OVERWRITES, CONFLICTS, BREAKS = "overwrites", "conflicts", "breaks"
TAKES, LEAVES, REMOVES, DISAPPEARS = "takes", "leaves", "removes", "disappears"
DIVERTED, HIDES = "diverted", "hides"


class Finding(NamedTuple):
    """What happens at *path* (empty: to a package as a whole), and which *version* of another *package* it is about.

    `place` is where a diverted file goes, or the name under which a hidden one is known.
    """

    kind: str
    path: bytes
    package: str
    version: str
    refused: bool = False
    place: bytes = b""


class Preview(NamedTuple):
    """What becomes of *package*: the files that come, that come again, and that go; `before` and `version` are empty where
    there is none. A package with a refused finding is not unpacked, and stays as it was."""

    package: str
    before: str
    version: str
    adds: tuple[bytes, ...]
    again: tuple[bytes, ...]
    drops: tuple[bytes, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        return any(finding.refused for finding in self.findings)


class Previews:
    """One package after the other, on the host whose packages are in *snapshot*, with its disk where that is at hand.

    *deconfigures*: dpkg may deconfigure what a package breaks, as it may when apt calls it.
    """

    def __init__(self, snapshot: Snapshot, tree: Tree | None = None, deconfigures: bool = False) -> None:
        self._installed = Installed(snapshot)
        self._disk = Disk(snapshot, tree)
        self._deconfigures = deconfigures

    def unpack(self, archive: Archive) -> Preview:
        """What unpacking *archive* comes to; where it is not refused, later packages find it unpacked."""
        name, release, _ = archive.control
        relations = list(self._relations(name, release))
        going = [finding.package for finding in relations if finding.kind == REMOVES]
        found = list(self._files(archive, going))
        before = self._installed.files(name)
        files = self._kept(archive, found)
        drops = before - {entry.path for entry in archive.entries}
        preview = Preview(
            name, self._installed.version(name), release.version,
            tuple(sorted(files - before)), tuple(sorted(files & before)), tuple(sorted(drops)), (*relations, *found),
        )
        if preview.refused:
            self._disk.forget()
            return preview
        touched = self._installed.owners([entry.path for entry in archive.entries])
        self._lay(archive, files, found)
        others = {other for owners in touched.values() for other in owners} | set(self._installed.hollow())
        gone = list(self._disappeared(archive, files, sorted(others.difference(going))))
        for rival in (*going, *[finding.package for finding in gone]):
            self._installed.remove(rival)
        return preview._replace(findings=(*preview.findings, *gone))

    def remove(self, name: str) -> Preview:
        """What removing a package comes to."""
        gone = Preview(name, self._installed.version(name), "", (), (), tuple(sorted(self._installed.files(name))), ())
        self._installed.remove(name)
        return gone

    # Packages

    def _relations(self, name: str, release: Release) -> Iterator[Finding]:
        rivals = [rival for named in wanted(release, "conflicts") for rival in self._installed.answering(named, name)]
        for rival in dict.fromkeys([*rivals, *self._installed.conflicting_with(name, release)]):
            version = self._installed.version(rival)
            gives_way = replaces(release, rival, version)
            yield Finding(REMOVES if gives_way else CONFLICTS, b"", rival, version, refused=not gives_way)
        for named in wanted(release, "breaks"):
            # What was just unpacked is not configured, and cannot be broken.
            for rival in filter(self._installed.is_configured, self._installed.answering(named, name)):
                yield Finding(BREAKS, b"", rival, self._installed.version(rival), refused=not self._deconfigures)

    # Files

    def _files(self, archive: Archive, going: list[str]) -> Iterator[Finding]:
        package = archive.control.package
        owners = self._installed.owners([entry.path for entry in archive.entries])
        for entry in archive.entries:
            if self._stays_a_directory(entry):
                # Directories are made at once, all else when everything is unpacked.
                self._disk.make_directory(entry.path)
                continue
            there = owners.get(entry.path, ())
            if self._disk.at(entry.path) == DIRECTORY:
                there = self._installed.owners_below(entry.path)
            for other in there:
                if other != package and other not in going:
                    yield from self._met(archive, entry, other)
            yield from self._diverted(entry.path, package)
        yield from self._hidden(archive, going)

    def _stays_a_directory(self, entry: Entry) -> bool:
        """Whether *entry* leaves the directory that is there, which packages share."""
        stands = self._disk.at(entry.path)
        if entry.kind == DIRECTORY_FLAG:
            return stands in (DIRECTORY, NOTHING, EITHER) or self._disk.leads_to_directory(entry.path)
        return entry.kind == _LINK_FLAG and (stands == DIRECTORY or self._disk.leads_where(entry.path, entry.target))

    def _met(self, archive: Archive, entry: Entry, other: str) -> Iterator[Finding]:
        """What happens where *entry* is to stand and something of *other* stands."""
        name, release, _ = archive.control
        _, diverter = self._disk.diversions.get(entry.path, (b"", ""))
        if diverter in (name, other):
            return
        version = self._installed.version(other)
        if self._is_obsolete(entry.path, archive, other):
            return
        if replaces(release, other, version):
            yield Finding(TAKES, entry.path, other, version)
        elif any(replaces(theirs, name, release.version) for theirs in self._installed.releases(other)):
            yield Finding(LEAVES, entry.path, other, version)
        else:
            yield Finding(OVERWRITES, entry.path, other, version, refused=True)

    def _is_obsolete(self, path: bytes, archive: Archive, other: str) -> bool:
        """Whether *other* only has the configuration file left that is one of *archive* now."""
        if path not in archive.conffiles:
            return False
        said = [release.fields.get("conffiles", "") for release in self._installed.releases(other)]
        words = [line.split() for text in said for line in text.split("\n") if line.strip()]
        return any(first.encode() == path and "obsolete" in rest for first, *rest in words)

    def _diverted(self, path: bytes, package: str) -> Iterator[Finding]:
        place, diverter = self._disk.diversions.get(path, (b"", ""))
        if place and diverter != package:
            yield Finding(DIVERTED, path, diverter, self._installed.version(diverter), place=place)

    def _hidden(self, archive: Archive, going: list[str]) -> Iterator[Finding]:
        """What lies under another name where a file is to stand: dpkg goes by names, and sees no conflict."""
        package, release, _ = archive.control
        named = {entry.path: self._disk.other_names(entry.path) for entry in archive.entries if entry.kind != DIRECTORY_FLAG}
        owners = self._installed.owners([name for names in named.values() for name in names])
        for path, names in named.items():
            for name in names:
                for other in owners.get(name, ()):
                    version = self._installed.version(other)
                    if other not in (package, *going) and not replaces(release, other, version):
                        yield Finding(HIDES, path, other, version, place=name)

    # What stands afterwards

    def _disappeared(self, archive: Archive, files: frozenset[bytes], touched: list[str]) -> Iterator[Finding]:
        """The packages of which nothing is left that is not in *archive*, and that nobody needs."""
        package = archive.control.package
        paths = files | {entry.path for entry in archive.entries if entry.kind == DIRECTORY_FLAG}
        for other in touched:
            there = other != package and self._installed.releases(other)
            if there and not self._is_saved(other, package, paths) and not self._installed.is_needed(other):
                yield Finding(DISAPPEARS, b"", other, self._installed.version(other))

    def _is_saved(self, other: str, package: str, paths: frozenset[bytes]) -> bool:
        """Whether *other* has a file or directory that neither *package*, with its *paths*, nor a third package has."""
        for path in self._installed.listed(other):
            diverter = self._disk.diversions.get(path, (b"", ""))[1]
            if diverter in (other, package) or (path not in paths and not self._installed.is_shared(path, (other, package))):
                return True
        return False

    def _kept(self, archive: Archive, found: list[Finding]) -> frozenset[bytes]:
        """The files that are the package's when it is unpacked, and its empty directories."""
        paths = {entry.path for entry in archive.entries} - {finding.path for finding in found if finding.kind == LEAVES}
        return frozenset(paths - {path.rpartition(b"/")[0] for path in paths})

    def _lay(self, archive: Archive, files: frozenset[bytes], found: list[Finding]) -> None:
        taken = [(finding.path, finding.package) for finding in found if finding.kind == TAKES]
        dropped = self._installed.files(archive.control.package) - {entry.path for entry in archive.entries}
        hollow = all(entry.kind in (DIRECTORY_FLAG, _LINK_FLAG) for entry in archive.entries if entry.path in files)
        self._installed.put(archive.control.package, Unpacked(archive.control.release, files, hollow), taken)
        for path in dropped - self._installed.owners(dropped).keys():
            self._clear(path)
        for entry in archive.entries:
            if not self._stays_a_directory(entry):
                self._disk.lay(entry.path, FILE, entry.target if entry.kind == _LINK_FLAG else b"")
        self._disk.keep()

    def _clear(self, path: bytes) -> None:
        """Nothing is at *path* any more, nor are the directories that it lay in, where nobody has anything else in them."""
        while path and not self._installed.owners([path]) and not self._installed.owners_below(path):
            self._disk.lay(path, NOTHING)
            path = path.rpartition(b"/")[0]
