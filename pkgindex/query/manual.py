"""Files that stand on a host and that no package there owns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from pkgindex.query.index import Index
from pkgindex.sources.hosts.standing import Standing
from pkgindex.sources.hosts.tree import File

# As many are asked at a time: one look at each block for all of them, and bounded memory however many there are.
FILES_AT_ONCE = 20_000


def unowned(index: Index, files: Iterable[File], standing: Standing) -> Iterator[File]:
    """Those of *files* that no package of *index* owns, in their order."""
    iterator = iter(files)
    while some := list(islice(iterator, FILES_AT_ONCE)):
        owners = _owners(index, (file.path for file in some))
        missing = [file for file in some if not standing.is_owned(file.path, owners)]
        # Most are listed as they stand; only of the others all names are asked.
        owners = _owners(index, (name for file in missing for name in standing.names(file.path)))
        yield from (file for file in missing if not standing.is_owned(file.path, owners))


def _owners(index: Index, paths: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for hit in index.owner(*paths):
        found.setdefault(hit.path, set()).add(hit.package)
    return found
