"""Where a publish puts its delta: into the manifest while what gathers there is small, into a file otherwise.

Files of like size become one: there are as many as a counter has digits, and what a file holds is written again as often.
The newest delta stays in the manifest, so that whoever follows generation by generation reads nothing else, and the one
before, by which he sees that it follows what he knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pkgindex.format import delta as deltas
from pkgindex.format.delta import Delta, together
from pkgindex.format.manifest import Manifest, Spilled
from pkgindex.format.names import delta_name, generation_of

# A manifest is written anew by each publish, and a file costs two flushes more: where publishes are large, some share one.
TAIL_BYTES_MAX, TAIL_PUBLISHES, TAIL_LARGE_BYTES_MAX = 32 << 10, 8, 256 << 10

Tail = tuple[tuple[str, bytes], ...]


class Placed(NamedTuple):
    """What the next manifest says of deltas, and the file to write for it: what is in it, and its bytes."""

    deltas: tuple[Spilled, ...]
    tail: Tail
    spilled: Delta = Delta()
    file: bytes = b""


def placed(
    old: Manifest, newest: bytes, stamp: str, known: Callable[[str], Delta | None], read: Callable[[str], bytes]
) -> Placed:
    """After *old*, with the delta *newest* of the publish *stamp*. *known* gives deltas by the stamps of
    their publishes or the names of their files, *read* gives blobs.
    """
    tail = (*old.tail, (stamp, newest))
    most = max(TAIL_BYTES_MAX, min(TAIL_LARGE_BYTES_MAX, TAIL_PUBLISHES * len(newest)))
    if sum([len(data) for _, data in tail]) <= most:
        return Placed(old.deltas, tail)
    kept = next((end for end in (tail[-2:], tail[-1:]) if sum([len(data) for _, data in end]) <= most), ())
    gone = tail[: len(tail) - len(kept)]
    return _spill(old.deltas, gone, stamp, known, read)._replace(tail=kept)


def _spill(
    files: tuple[Spilled, ...], tail: Tail, stamp: str, known: Callable[[str], Delta | None], read: Callable[[str], bytes]
) -> Placed:
    """*tail*, and with it the last of *files* while they are of like size, as one file."""
    size = sum(len(data) for _, data in tail)
    first, last = generation_of(tail[0][0]), generation_of(tail[-1][0])
    parts = [known(of) or deltas.decode(data, delta_name(stamp)) for of, data in tail]
    while files and files[-1].size < 2 * size:
        files, merged = files[:-1], files[-1]
        parts.insert(0, known(delta_name(merged.stamp)) or deltas.read(merged.stamp, read))
        first, size = merged.first, size + merged.size
    spilled = together(parts)
    data = deltas.encode_file(spilled, stamp)
    return Placed((*files, Spilled(stamp, first, last, len(spilled.packages), len(data))), (), spilled, data)
