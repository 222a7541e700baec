"""A page: a slice of the name directory, from package name to where its facts lie and what they were.

Names that nobody ships are here too when something names them: they have a reverse file and no forward file. The digests
let the packer see that a package has not changed without reading its forward file.
"""

from __future__ import annotations

from typing import NamedTuple

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import REMEDY, seal, unseal
from pkgindex.format.names import spread

NAMES_PER_PAGE = 256
BUCKETS = 256


class Entry(NamedTuple):
    """Where a name's facts lie. Stamps are empty where there is no such file; digests are 8 bytes.

    `files` and `texts` map a scope (architecture, language) to the digest of what it holds; `paths` counts the
    distinct paths of all architectures; the bytes are those of its records.
    """

    forward: str = ""
    reverse: str = ""
    meta: bytes = b""
    files: dict[str, bytes] = {}
    texts: dict[str, bytes] = {}
    paths: int = 0
    forward_bytes: int = 0
    reverse_bytes: int = 0

    @property
    def shipped(self) -> bool:
        """The repository knows the package itself, and not just its name."""
        return bool(self.forward)

    def stamp(self, kind: str) -> str:
        """Under which its file of *kind*, `forward` or `reverse`, was written; empty when there is none."""
        return self.forward if kind == "forward" else self.reverse


def page_of(package: str, pages: int) -> int:
    """The page, of *pages* (a power of two), that holds *package*."""
    return spread(package) & (pages - 1)


def group_of(package: str, partition: str) -> str:
    """The group of packages that *package* shares its forward and reverse file with.

    >>> group_of("curl", "package"), group_of("curl", "bucket"), group_of("curl", "whole")
    ('curl', 'bucket-4d', 'all')
    """
    if partition == "package":
        return package
    return "all" if partition == "whole" else f"bucket-{spread(package) & (BUCKETS - 1):02x}"


def pages_for(names: int) -> int:
    """How many pages keep one under some hundred names.

    >>> pages_for(0), pages_for(100_000), pages_for(3_000_000)
    (1, 512, 16384)
    """
    pages = 1
    while pages * NAMES_PER_PAGE < names:
        pages *= 2
    return pages


def encode(entries: dict[str, Entry], stamp: str) -> bytes:
    return seal("page", stamp, {name: tuple(entries[name]) for name in sorted(entries)})


def decode(data: bytes, stamp: str, name: str) -> dict[str, Entry]:
    content = unseal(data, "page", stamp, name)
    try:
        "".join(content)  # what is no text raises, and is no name
        return {package: Entry(*entry) for package, entry in content.items()}
    except (AttributeError, TypeError) as error:
        raise Corrupt(f"{name}: not a page ({error!r}); {REMEDY}") from error


def placed(entries: dict[str, Entry], number: int, pages: int, name: str) -> dict[str, Entry]:
    """*entries*, which are those of page *number* of *pages*. Pages of one publish share their stamp, so one could lie in
    the place of another, where it would hide its names; the first entry tells.
    """
    first = next(iter(entries), None)
    if first is not None and page_of(first, pages) != number:
        raise Corrupt(f"{name}: holds {first!r}, which belongs on page {page_of(first, pages):x} of {pages}; {REMEDY}")
    return entries
