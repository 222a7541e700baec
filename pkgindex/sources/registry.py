"""Which source reads a submission: the built-in ones first, then those that other projects add.

A third party adds a source by an entry point of the group `pkgindex.sources`: a class (or any callable without
arguments) that makes a `Source`. It is imported only when no built-in source knows the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pkgindex.errors import Rejected
from pkgindex.sources.contents import Contents
from pkgindex.sources.deb import Deb
from pkgindex.sources.documents import Documents
from pkgindex.sources.facts import Covers, Fact, Fault, Paths, Releases, Source
from pkgindex.sources.ips import IpsManifest
from pkgindex.sources.jsonpackages import JsonPackages
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import shown
from pkgindex.sources.packages import Packages, Status
from pkgindex.sources.stream import Opened, open_stream
from pkgindex.sources.translation import Translation

GROUP = "pkgindex.sources"

# In the order they are asked: those that a magic number or a field gives away before those that go by a name.
_BUILT_IN = (Deb, Status, Translation, Packages, Documents, JsonPackages, IpsManifest, Contents)


class Reading(NamedTuple):
    """`facts` is to be read to its end, or closed: it holds the file open."""

    source: Source
    facts: Iterator[Fact]


def built_in(limits: Limits = DEFAULT) -> list[Source]:
    return [make(limits) for make in _BUILT_IN]


def recognise(filename: str, head: bytes, limits: Limits = DEFAULT) -> Source:
    """The source for a file by its name without compression suffix and its first bytes; raises `Rejected`."""
    known = []
    for source in _candidates(limits):
        if source.recognises(filename, head):
            return source
        known.append(source.name)
    raise Rejected(
        f"{filename}: begins with {shown(head[:32])}, which is none of the formats known here "
        f"({', '.join(known)}): give it its usual name, or install a source for it"
    )


def _candidates(limits: Limits) -> Iterator[Source]:
    yield from built_in(limits)
    # Here, because the import takes 25 ms and most submissions never need it.
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP)):
        try:
            made: Source = point.load()()
        except (ImportError, AttributeError, TypeError) as error:
            raise Rejected(f"the source {point.name} ({point.value}) cannot be loaded: {error}") from error
        yield made


def read_submission(path: str, filename: str = "", limits: Limits = DEFAULT) -> Reading:
    """Open the file at *path*, which was dropped as *filename*, and begin to read its facts.

    Raises `NotFound`, `Rejected`, `Incomplete`, and so does reading the facts.
    """
    opened = open_stream(path, limits, filename)
    try:
        source = recognise(opened.filename, opened.head, limits)
    except BaseException:
        opened.stream.close()
        raise
    return Reading(source, _bounded(source, opened, limits))


def _bounded(source: Source, opened: Opened, limits: Limits) -> Iterator[Fact]:
    """The facts of *source*, with limits on how many there may be, whatever the source itself looks at."""
    packages = paths = faults = good = 0
    first: Fault | None = None
    with opened.stream as stream:
        for fact in source.read(stream, opened.filename):
            if isinstance(fact, Fault):
                first = first or fact
                faults += 1
                if faults > limits.faults_max:
                    continue
            elif isinstance(fact, Paths):
                paths += len(fact.pairs)
            elif isinstance(fact, Releases):
                packages += 1
            good += not isinstance(fact, Fault | Covers)
            if packages > limits.packages_max or paths > limits.paths_max:
                raise Rejected(f"{opened.filename}: more than {limits.packages_max} packages or {limits.paths_max} paths")
            yield fact
    if first is not None and not good:
        raise Rejected(f"{opened.filename}: nothing in it could be read; {first.where}: {first.reason}")
    if faults > limits.faults_max:
        yield Fault("end", f"{faults - limits.faults_max} more could not be read")
