"""A delta: what some publishes in a row changed, as one value that is laid over pages, forward and reverse files.

    packages    of each that changed: all that its page would say, and its forward record
    named       of each name that is named otherwise: who names it now and how, and who does no more

It says how things are, and not by how much they differ. So a newer delta laid over an older one is a delta; and a delta
says the same over pages to which it was written in part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgpack

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import FORMATS, REMEDY, seal, unseal
from pkgindex.format.names import delta_name

KIND = "delta"


class Changed(NamedTuple):
    """A package as a publish left it; `stamp` is that publish's, `record` is None when the package is gone.

    `loose` are its bits as in a manifest, which count unless a later shard holds it.
    """

    stamp: str
    meta: bytes = b""
    files: dict[str, bytes] = {}
    texts: dict[str, bytes] = {}
    paths: int = 0
    loose: int = 0
    record: bytes | None = None


class Named(NamedTuple):
    """The masks of those who name it otherwise (0: no more), and the stamp of the last publish that changed one."""

    stamp: str
    masks: dict[str, int]


class Delta(NamedTuple):
    """Both parts by name; not to be changed."""

    packages: dict[str, Changed] = {}
    named: dict[str, Named] = {}

    def __bool__(self) -> bool:
        return bool(self.packages or self.named)


class Pile:
    """Deltas laid over each other in place: what a small one costs that is laid over a large one follows from the small one.

    `delta` is what they come to, and changes with each.
    """

    def __init__(self, delta: Delta) -> None:
        self.delta = Delta(dict(delta.packages), dict(delta.named))
        # The names of which the masks are known to nobody else, and may be changed.
        self._own: set[str] = set()

    def lay(self, newer: Delta) -> None:
        """*newer* over what is there."""
        self.delta.packages.update(newer.packages)
        named = self.delta.named
        for name, found in newer.named.items():
            known = named.get(name)
            if known is None:
                named[name] = found
            elif name in self._own:
                known.masks.update(found.masks)
                named[name] = Named(found.stamp, known.masks)
            else:
                named[name] = Named(found.stamp, {**known.masks, **found.masks})
                self._own.add(name)


def together(deltas: Iterable[Delta]) -> Delta:
    """All of them, the oldest first. Masks that nobody changed are shared; one alone is given back as it is."""
    first, *others = [delta for delta in deltas if delta] or [Delta()]
    if not others:
        return first
    pile = Pile(first)
    for delta in others:
        pile.lay(delta)
    return pile.delta


def encode(delta: Delta) -> bytes:
    """As it stands in a manifest."""
    data: bytes = msgpack.packb(_content(delta), use_bin_type=True, unicode_errors="surrogateescape")
    return data


def decode(data: bytes, name: str) -> Delta:
    """What stands in the manifest *name*, of which the checksum fits."""
    try:
        return _delta(msgpack.unpackb(data, raw=False, unicode_errors="surrogateescape"))
    except (ValueError, TypeError, AttributeError, IndexError, msgpack.UnpackException) as error:
        raise Corrupt(f"{name}: holds what is no delta ({error!r}); {REMEDY}") from error


def encode_file(delta: Delta, stamp: str) -> bytes:
    """As a file of its own."""
    return seal(KIND, stamp, _content(delta), FORMATS[KIND][-1])


def decode_file(data: bytes, stamp: str, name: str) -> Delta:
    """Raises `Corrupt`, `NewerFormat`."""
    content = unseal(data, KIND, stamp, name)
    try:
        return _delta(content)
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise Corrupt(f"{name}: not a delta ({error!r}); {REMEDY}") from error


def read(stamp: str, blob: Callable[[str], bytes]) -> Delta:
    """The delta in the file with *stamp*; *blob* gives the bytes of a file by its name."""
    name = delta_name(stamp)
    return decode_file(blob(name), stamp, name)


def _content(delta: Delta) -> list[Any]:
    """Of many entries with few stamps each is written once."""
    stamps: dict[str, int] = {}
    packages = {name: [stamps.setdefault(found[0], len(stamps)), *found[1:]] for name, found in delta.packages.items()}
    named = {name: [stamps.setdefault(found.stamp, len(stamps)), found.masks] for name, found in delta.named.items()}
    return [list(stamps), packages, named]


def _delta(content: Any) -> Delta:
    stamps, packages, named = content
    return Delta(
        {name: Changed(stamps[place], *parts) for name, (place, *parts) in packages.items()},
        {name: Named(stamps[place], masks) for name, (place, masks) in named.items()},
    )
