"""What a value is found by: the tokens that a text shard lists, and that `query.matching` compares with.

Two manners. An identifier (a name, a version, a path) is found as a whole, and a name with a hierarchy (`pa/pb/pfoo`) by
every part of it that goes to its end. Running text is found as a whole, by its pieces between spaces and commas, by its words, and in
order by several of them.

The lists are for narrowing: they are folded, and long tokens cut, so that a reader looks at the package before it believes
them. What they leave out nobody finds.
"""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.format.terms import TERM_CHARACTERS_MAX, words
from pkgindex.model.package import KINDS, Package
from pkgindex.model.thing import things

# Cut there: the 64 digits of a checksum would be a third of the lists.
PIECE_CHARACTERS_MAX = 24

IDENTIFIERS = frozenset(("name", "version", "arch", "file", "basename", "dir", "repo", "kind", *KINDS))
TEXTS = frozenset(("summary", "description"))
# What every package of a listing carries and nobody means by a bare word.
BOOKKEEPING = frozenset((
    "section", "tag", "maintainer", "original-maintainer", "homepage", "license", "source", "size", "installed-size",
    "filename", "priority", "essential", "multi-arch", "md5sum", "sha1", "sha256", "sha512", "description-md5", "build-ids",
    "status", "task", "origin", "bugs", "important", "protected", "relation", "version-scheme",
))
# In no list: each value is another in every package.
UNLISTED = frozenset(("filename", "md5sum", "sha1", "sha512", "description-md5", "relation", "kind", "build-ids"))
CATEGORY = "info.classification"

_AROUND = "()[]{}<>\"'.,;:!?"


def bare(field: str) -> bool:
    """Whether a bare word looks into *field*, beyond names, what is provided, files and texts."""
    return field not in BOOKKEEPING and field not in IDENTIFIERS and field not in TEXTS


def trailing_parts(name: str) -> list[str]:
    """The parts of a name that go to its end.

    >>> trailing_parts("pa/pb/pfoo"), trailing_parts("curl")
    (['pa/pb/pfoo', 'pb/pfoo', 'pfoo'], ['curl'])
    """
    parts = name.split("/")
    return ["/".join(parts[place:]) for place in range(len(parts)) if parts[place]]


def pieces(text: str) -> list[str]:
    """What stands between spaces and commas, with the signs around it and without.

    >>> pieces("(a, b-c) ] [")
    ['(a', 'a', 'b-c)', 'b-c', ']', '[']
    """
    found: dict[str, None] = {}
    for raw in text.replace(",", " ").split():
        found[raw] = None
        if inner := raw.strip(_AROUND):
            found[inner] = None
    return list(found)


def category_parts(value: str) -> list[str]:
    """The parts of a category, without the scheme before it.

    >>> category_parts("org.opensolaris.category.2008:Applications/Sound and Video")
    ['Applications/Sound and Video', 'Applications', 'Sound and Video']
    """
    category = value.rpartition(":")[2]
    return list(dict.fromkeys((category, *category.split("/"))))


def tokens(field: str, value: str) -> list[str]:
    """Whole texts that find *value* in *field*, as they are spelled there; its words are found besides, unless it is an
    identifier.
    """
    if field in IDENTIFIERS:
        return trailing_parts(value) if field == "name" or field in KINDS else [value]
    found = [value, *pieces(value)]
    if field == CATEGORY:
        found += category_parts(value)
    return found


def listed(package: Package) -> set[tuple[str, str]]:
    """The (field, token) pairs by which a text shard lists *package*; the empty field is where a bare word looks.

    Words of names and texts are not among them: posting lists have those.
    """
    return set(_listed(package))


def _listed(package: Package) -> Iterator[tuple[str, str]]:
    for thing in things(package, files=False):
        if thing.type in ("package", "text"):
            if thing.type == "package":
                yield from (("name", token) for token in map(folded, trailing_parts(package.name)) if token != package.name)
            continue
        for field, value in thing.values:
            if field in UNLISTED or not value:
                continue
            if field in IDENTIFIERS:
                yield from ((field, folded(token)) for token in tokens(field, value))
                continue
            found = {cut(token) for token in (*tokens(field, value), *words(value))}
            yield from ((field, token) for token in found)
            if bare(field):
                yield from (("", token) for token in found)


def folded(token: str) -> str:
    """An identifier as it is listed."""
    return token.casefold()[:TERM_CHARACTERS_MAX]


def cut(token: str) -> str:
    """A piece or a word as it is listed."""
    return token.casefold()[:PIECE_CHARACTERS_MAX]
