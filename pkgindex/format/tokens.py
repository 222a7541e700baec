"""What a value is found by: the tokens that a text shard lists, and that `query.matching` compares with.

Two manners. An identifier (a name, a version, a path) is found as a whole, and a name with a hierarchy (`pa/pb/pfoo`) by
every part of it that goes to its end. Running text is found as a whole, by its pieces between spaces and commas, by its
words, and in order by several of them.

The lists are for narrowing: they are folded, and long tokens cut, so that a reader looks at the package before it believes
them. What they leave out nobody finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from pkgindex.format.shard import storable
from pkgindex.format.words import TERM_CHARACTERS_MAX, trailing_parts, trigrams, words
from pkgindex.model.package import KINDS, Package
from pkgindex.model.thing import ACTIONS, DEPEND, Thing, attributes, of_field

# Cut there: the 64 digits of a checksum would be a third of the lists.
PIECE_CHARACTERS_MAX = 24

IDENTIFIERS = frozenset(("name", "version", "arch", "file", "basename", "dir", "repo", "kind", *KINDS))
TEXTS = frozenset(("summary", "description"))
# What every package of a listing carries and nobody means by a bare word.
BOOKKEEPING = frozenset((
    "section", "tag", "maintainer", "original-maintainer", "homepage", "license", "source", "size", "installed-size",
    "filename", "priority", "essential", "multi-arch", "md5sum", "sha1", "sha256", "sha512", "description-md5", "build-ids",
    "status", "task", "origin", "bugs", "important", "protected", "relation", "version-scheme", "pkg.fmri",
    "installed", "installed-at", "requested", "installer", "editable", "author", "vendor", "validation", "requires-python",
    "project-url", "url", "channel", "build", "dev", "optional",
))
# In no list: each value is another in every package.
UNLISTED = frozenset(("filename", "md5sum", "sha1", "sha512", "description-md5", "relation", "kind", "build-ids"))
_NOT_BARE = BOOKKEEPING | IDENTIFIERS | TEXTS
_PLAIN = BOOKKEEPING - UNLISTED
CATEGORY = "info.classification"
# Fields of the lists that no package carries: where a bare word looks, and the trigrams of names.
BARE, SIMILAR = "", "~"

_AROUND = "()[]{}<>\"'.,;:!?"
# Maintainers and home pages are two thirds of the work, and come again and again.
_VALUES_REMEMBERED = 8192


def bare(field: str) -> bool:
    """Whether a bare word looks into *field*, beyond names, what is provided, files and texts."""
    return field not in _NOT_BARE and not field.startswith(DEPEND)


def bare_values(package: Package) -> list[str]:
    """The values of these fields, each once."""
    return list(dict.fromkeys(
        value
        for release in package.releases.values() if not _NOT_BARE.issuperset(release.fields)
        for thing in attributes(release)
        for field, value in thing.values if bare(field)
    ))


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
    """The (field, token) pairs by which a text shard lists *package*, those of `BARE` and `SIMILAR` too.

    Words of names and texts are not among them: posting lists have those.
    """
    return {split(key) for key in keys(package) | name_keys(package.name)}


def keys(package: Package) -> set[str]:
    """The pairs of a package's releases, each as one text: see `key`."""
    found: set[str] = set()
    for release in package.releases.values():
        found.update(_keys_of("version", release.version))
        found.update(_keys_of("arch", release.architecture))
        for field, text in release.fields.items():
            if field in _PLAIN and "\n" not in text:  # what a listing is full of: one value, and no thing need be made of it
                found.update(_keys_of(field, text))
            elif field not in UNLISTED:
                for thing in of_field(field, text):
                    found.update(_keys_of_thing(thing))
        for kind, alternative in release.edges():
            if "/" in alternative.name:
                found.update(_keys_of(kind, alternative.name))
            else:
                found.add(f"{kind}\0{folded(alternative.name)}")
    return found


def name_keys(name: str) -> set[str]:
    """The pairs of a package's name: not in its row, because they can be made of that."""
    found = set(map(f"{SIMILAR}\0".__add__, trigrams(listable(name))))
    found.update([key("name", token) for token in map(folded, trailing_parts(name)) if token != name])
    return found


def key(field: str, token: str) -> str:
    """A field and a token as one text, which sorts as the pair does: neither has a NUL in it."""
    return f"{listable(field)}\0{listable(token)}"


def split(key: str) -> tuple[str, str]:
    """The field and the token of a key."""
    field, _, token = key.partition("\0")
    return field, token


def listable(text: str) -> str:
    """A field or a token as the lists have it: what SQLite can hold, on one line.

    >>> listable("one" + chr(10) + "two")
    'one two'
    """
    if text.isascii() and text.isprintable():
        return text
    return storable(text).replace("\0", " ").replace("\n", " ")


def folded(token: str) -> str:
    """An identifier as it is listed."""
    return listable(token).casefold()[:TERM_CHARACTERS_MAX]


def cut(token: str) -> str:
    """A piece or a word as it is listed."""
    return listable(token).casefold()[:PIECE_CHARACTERS_MAX]


def _keys_of_thing(thing: Thing) -> Iterator[str]:
    for field, value in thing.values if thing.type != "text" else ():
        if field not in UNLISTED:
            yield from _keys_of(field, value)
        if thing.type in ACTIONS:
            yield from _keys_of(thing.type, value)


def _keys_of(field: str, value: str) -> Iterable[str]:
    if not value:
        return ()
    if field in IDENTIFIERS:
        if "/" not in value:
            return (f"{field}\0{folded(value)}",)
        return [key(field, folded(token)) for token in tokens(field, value)]
    if value.isascii() and value.isalnum():  # one word, as a checksum is: it need not be taken apart, or remembered
        return _both(listable(field), value.lower()[:PIECE_CHARACTERS_MAX])
    return _keys_of_text(field, value)


@lru_cache(_VALUES_REMEMBERED)
def _keys_of_text(field: str, value: str) -> tuple[str, ...]:
    text, name = listable(value).casefold(), listable(field)
    found = {token[:PIECE_CHARACTERS_MAX] for token in (*tokens(field, text), *words(text)) if token}
    return tuple([key for token in found for key in _both(name, token)])


def _both(field: str, token: str) -> tuple[str, ...]:
    listed = f"{field}\0{token}"
    return (listed, f"{BARE}\0{token}") if bare(field) else (listed,)
