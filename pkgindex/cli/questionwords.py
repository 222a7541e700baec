"""What a shell offers within a question: fields, the names of packages, and the values of fields that have few."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkgindex.query.index import Index

# Fields beside the kinds of relation whose values are names of packages.
NAMING = ("name", "requires", "relation", "needs", "neededby")
# Fields whose values the index lists, and of which there are not many.
LISTED = ("section", "arch", "provides", "license")
# What may stand before a term.
OPENING = "-(<"


def words(index: Callable[[], Index], beginning: str, most: int) -> Iterator[str]:
    """The ways in which a question may go on that ends with *beginning*, its unfinished word; *most* of each sort.

    A field ends with a colon, and is not finished yet.
    """
    piece = beginning.rpartition(" ")[2].lstrip(OPENING)
    before = beginning[:len(beginning) - len(piece)]
    field, colon, value = piece.rpartition(":")
    if colon:
        return (f"{before}{field}:{found}" for found in _values(index, field, value, most))
    return (before + found for found in chain(_fields(piece), _names(index, piece, most)))


def _fields(beginning: str) -> list[str]:
    from pkgindex.query.language.fields import FIELDS

    return [f"{field}:" for field in FIELDS if beginning and field.startswith(beginning.lower())]


def _values(index: Callable[[], Index], name: str, beginning: str, most: int) -> Iterable[str]:
    from pkgindex.model.package import KINDS
    from pkgindex.query.language.fields import FLAG, FLAG_VALUES, field_of, takes

    field = field_of(name)
    if takes(field) == FLAG:
        return [value for value in FLAG_VALUES if value.startswith(beginning)]
    if field == "kind":
        return [kind for kind in KINDS if kind.startswith(beginning)]
    if field == "repo":
        return [repo for repo in index().repositories() if repo.startswith(beginning)]
    if field in LISTED:
        return _listed(index(), field, beginning, most)
    return _names(index, beginning, most) if field in (*NAMING, *KINDS) else ()


def _names(index: Callable[[], Index], beginning: str, most: int) -> list[str]:
    # Some past the limit, because each repository names its own.
    return sorted(set(islice(index().names(beginning), 4 * most)))


def _listed(index: Index, field: str, beginning: str, most: int) -> list[str]:
    """What the index lists of *field*; words of a value are listed too, and where they are not the whole left out."""
    found: set[str] = set()
    for snapshot, _ in index.asked.each(lambda snapshot: None):
        for shard in snapshot.text_shards:
            listed = shard.attributes_like(field, beginning.lower(), lambda token: True)
            found.update(token for token, _ in islice(listed, 4 * most))
    return sorted(found)
