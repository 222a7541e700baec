"""Blocks of whole lines out of a stream: the loop that every listing shares, a megabyte at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.errors import Rejected
from pkgindex.sources.limits import MIB

_BLOCK_BYTES = MIB


def blocks(stream: BinaryIO, filename: str, line_bytes_max: int) -> Iterator[bytes]:
    """Runs of whole lines, in order; the newline between two blocks is in neither of them.

    `b"\\n".join(blocks)` is the stream, but for one newline at its end. Raises `Rejected` for a line that is too long.
    """
    pending: list[bytes] = []
    pending_bytes = 0
    number = 1
    while piece := stream.read(_BLOCK_BYTES):
        cut = piece.rfind(b"\n")
        if cut < 0:
            pending.append(piece)
            pending_bytes += len(piece)
            _check(pending_bytes, line_bytes_max, filename, number)
            continue
        _check(pending_bytes + piece.index(b"\n"), line_bytes_max, filename, number)
        block = b"".join((*pending, piece[:cut]))
        yield block
        number += block.count(b"\n") + 1
        pending = [piece[cut + 1 :]]
        pending_bytes = len(pending[0])
    if pending_bytes:
        yield b"".join(pending)


def _check(length: int, line_bytes_max: int, filename: str, number: int) -> None:
    if length > line_bytes_max:
        raise Rejected(
            f"{filename}: line {number}: longer than {line_bytes_max} bytes: this is no listing, or it lost its newlines"
        )
