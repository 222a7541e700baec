"""What a source says, one fact at a time; the packer lays facts together, so that Packages and Contents meet.

A submission is a stream of facts. Incremental: they are laid over what is there. Full: what the submission `Covers`
is replaced by them in the whole repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple, Protocol

from pkgindex.model.package import Release, Text


class Covers(NamedTuple):
    """This submission speaks for the whole of a facet, within a scope; matters when it is packed as full.

    `facet` is `meta`, `files` or `text`. `scope` is the architecture of a file list, the language of a text, empty
    for `meta`: a full Contents-amd64 takes nothing away from what Contents-all said.
    """

    facet: str
    scope: str = ""


class Whole(NamedTuple):
    """All that was known of this package is replaced by the facts about it in this submission."""

    package: str


class Releases(NamedTuple):
    """One release of a package, beside its others; a release of the same version and architecture is replaced."""

    package: str
    release: Release


class Texts(NamedTuple):
    package: str
    language: str
    text: Text


class Paths(NamedTuple):
    """Files of one or many packages, in batches of some thousands.

    Each pair is `path TAB package`: the path is bytes, begins with `/`, and has its newlines and NULs swapped (a path
    holds no NUL, a line no newline). All pairs of one submission about one package and architecture are one file list.
    """

    architecture: str
    pairs: list[bytes]


class Removed(NamedTuple):
    """The package is gone."""

    package: str


class Fault(NamedTuple):
    """One package that could not be read; it costs no other. `where` is `line 12` or `offset 4711`."""

    where: str
    reason: str


Fact = Covers | Whole | Releases | Texts | Paths | Removed | Fault


def announced(facts: Iterable[Fact]) -> Iterator[Fact]:
    """*facts*, each facet and scope covered before anything is said of it; `meta` also when nothing is."""
    covered: set[Covers] = set()
    for fact in facts:
        covers = _covers(fact)
        if covers is not None and covers not in covered:
            covered.add(covers)
            yield covers
        yield fact
    if not covered:
        yield Covers("meta")


def _covers(fact: Fact) -> Covers | None:
    if isinstance(fact, Releases):
        return Covers("meta")
    if isinstance(fact, Texts):
        return Covers("text", fact.language)
    if isinstance(fact, Paths):
        return Covers("files", fact.architecture)
    return None


class Source(Protocol):
    """An adapter that reads one real format into facts."""

    name: str
    full: bool
    """Packed as full unless the submission says otherwise: listings are, single packages are not."""

    def recognises(self, filename: str, head: bytes) -> bool:
        """Whether this is the format, by the name without compression suffix and the first bytes, decompressed."""

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        """The facts, as they are met; memory does not grow with the stream.

        Raises `Rejected` when the whole cannot be read, `Incomplete` when it ends too early; what was yielded before
        is then thrown away. One bad package is a `Fault`, and the stream goes on.
        """
