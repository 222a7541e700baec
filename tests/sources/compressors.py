"""How each compression that is read is made, for the tests of several sources."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable

import lz4.frame
import zstandard


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _lz4(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data, content_checksum=True))


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": _zstd,
    ".lz4": _lz4,
}
