"""What all deltas of a generation come to together, and what holds of a name when that lies over pages and reverse files.

Invariants:

* What is carried on from an older generation is right while no delta was dropped: all that changed since is in newer ones.
* Nothing is carried on to a generation that was not made from the older one: a share's server may lose one that was seen.
* A delta that was laid over already does no harm when it is laid over again, together with those that followed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pkgindex.format import delta as deltas
from pkgindex.format.delta import Delta, Named, together
from pkgindex.format.manifest import Manifest
from pkgindex.format.names import generation_of
from pkgindex.format.numbering import manifest_name
from pkgindex.format.page import Entry


class Overlay(NamedTuple):
    """What lies over the pages of *generation*, whose oldest delta begins with generation *first*, and whose newest one was
    published under the stamp *newest*.
    """

    delta: Delta = Delta()
    generation: int = 0
    first: int = 0
    newest: str = ""


NOTHING = Overlay()


def overlay(manifest: Manifest, read: Callable[[str], bytes], known: Overlay = NOTHING) -> Overlay:
    """That of the generation of *manifest*; of what *known* holds already nothing is read. *read* gives a blob by its name.

    Raises `Corrupt`, and what *read* raises.
    """
    # When the newest was put into a file with others nothing tells any more, and all is read again.
    if known.generation > manifest.generation or known.first != manifest.first_delta or known.newest not in _stamps(manifest):
        known = NOTHING
    found = since(manifest, known.generation, read)
    return of(manifest, together([known.delta, found]))


def told(manifest: Manifest, known: Overlay) -> Delta | None:
    """What changed since *known*, where *manifest* holds that itself, after the newest change that is known; None where it
    does not. Raises `Corrupt`.
    """
    recent = [*((spilled.stamp, b"") for spilled in manifest.deltas[-1:]), *manifest.tail]
    stamps = [stamp for stamp, _ in recent]
    if known.generation > manifest.generation or known.first != manifest.first_delta or known.newest not in stamps:
        return None
    name = manifest_name(manifest.generation)
    return together([deltas.decode(data, name) for _, data in recent[stamps.index(known.newest) + 1 :]])


def of(manifest: Manifest, delta: Delta) -> Overlay:
    """That of the generation of *manifest*, of which it is known that its deltas come to *delta*."""
    stamps = _stamps(manifest)
    return Overlay(delta, manifest.generation, manifest.first_delta, stamps[-1] if stamps else "")


def _stamps(manifest: Manifest) -> list[str]:
    return [*(spilled.stamp for spilled in manifest.deltas), *(stamp for stamp, _ in manifest.tail)]


def since(manifest: Manifest, generation: int, read: Callable[[str], bytes]) -> Delta:
    """What changed after *generation*, and perhaps some of what had changed before."""
    found = [deltas.read(spilled.stamp, read) for spilled in manifest.deltas if spilled.last > generation]
    name = manifest_name(manifest.generation)
    found += [deltas.decode(data, name) for stamp, data in manifest.tail if generation_of(stamp) > generation]
    return together(found)


def loose_over(manifest: Manifest, delta: Delta) -> dict[str, int]:
    """The packages that stand in no shard, with the bits that say of which kind, when *delta* lies over the pages."""
    loose = dict(manifest.loose)
    for name, found in delta.packages.items():
        if generation_of(found.stamp) > manifest.folded:
            loose[name] = found.loose
        # What is gone hides what shards say of it; where there are none it has nothing to hide.
        if found.record is None and not manifest.shards:
            loose.pop(name, None)
    return loose


def entry_over(delta: Delta, name: str, below: Entry | None, named_below: Callable[[], Mapping[str, int]]) -> Entry | None:
    """What the directory says of *name* when *delta* lies over pages that say *below*; None: nothing ships or names it.

    *named_below* is who names it by its reverse file, asked for only when nothing else tells that somebody does.
    """
    changed, named = delta.packages.get(name), delta.named.get(name)
    entry = below or Entry()
    if changed is not None:
        entry = Entry(changed.stamp if changed.record is not None else "", entry.reverse, changed.meta, changed.files,
                      changed.texts, changed.paths, len(changed.record or b""), entry.reverse_bytes)
    if named is not None:
        someone = any(named.masks.values()) or dependants_over(named, named_below())
        entry = entry._replace(reverse=named.stamp if someone else "")
    return entry if entry.forward or entry.reverse else None


def dependants_over(named: Named | None, below: Mapping[str, int]) -> dict[str, int]:
    """Who names a name, in order, when *named* lies over what its reverse file says."""
    if named is None:
        return dict(below)
    found = {**below, **named.masks}
    return {name: found[name] for name in sorted(found) if found[name]}
