"""The compressions we unpack, told apart by their first bytes, behind one shape: that of `lzma.LZMADecompressor`.

Each codec is imported when the first file that needs it comes. A decoder handles one member (stream, frame); files of
several are the caller's loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from pkgindex.sources.limits import Limits

# zstd cannot be told how much to put out at once, and 4 bytes can mean a block of 128 KiB: so feed it little.
_ZSTD_FEED_BYTES = 2048


class Decoder(Protocol):
    """One member. `decompress` returns about *max_length* bytes at most, and wants more input when `needs_input`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Gzip:
    needs_input = True

    def __init__(self) -> None:
        import zlib

        self._inflate = zlib.decompressobj(31)  # 31: with a gzip header and its checksum

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        # A full buffer may leave output inside zlib even when all input is gone.
        self.needs_input = not self._inflate.unconsumed_tail and len(out) < max_length
        return out


class Zstd:
    def __init__(self, window_bytes_max: int) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor(max_window_size=window_bytes_max).decompressobj()
        self._input = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return not self._input

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._input

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        pending = memoryview(self._input + data)
        pieces: list[bytes] = []
        made = taken = 0
        while made < max_length and taken < len(pending) and not self._frame.eof:
            pieces.append(self._frame.decompress(bytes(pending[taken : taken + _ZSTD_FEED_BYTES])))
            made += len(pieces[-1])
            taken += _ZSTD_FEED_BYTES
        self._input = bytes(pending[taken:])
        return b"".join(pieces)


class Compression(NamedTuple):
    """`open` makes a decoder and says which errors it raises for bytes that are not its format."""

    name: str
    magic: bytes
    suffixes: tuple[str, ...]
    open: Callable[[Limits], tuple[Decoder, tuple[type[Exception], ...]]]


def _gzip(limits: Limits) -> tuple[Decoder, tuple[type[Exception], ...]]:
    import zlib

    return Gzip(), (zlib.error,)


def _xz(limits: Limits) -> tuple[Decoder, tuple[type[Exception], ...]]:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.window_bytes_max), (lzma.LZMAError,)


def _bzip2(limits: Limits) -> tuple[Decoder, tuple[type[Exception], ...]]:
    import bz2

    return bz2.BZ2Decompressor(), (OSError, ValueError)


def _zstd(limits: Limits) -> tuple[Decoder, tuple[type[Exception], ...]]:
    import zstandard

    return Zstd(limits.window_bytes_max), (zstandard.ZstdError,)


def _lz4(limits: Limits) -> tuple[Decoder, tuple[type[Exception], ...]]:
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor(), (RuntimeError, ValueError)


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", (".gz",), _gzip),
    Compression("xz", b"\xfd7zXZ\0", (".xz",), _xz),
    Compression("bzip2", b"BZh", (".bz2",), _bzip2),
    Compression("zstd", b"\x28\xb5\x2f\xfd", (".zst", ".zstd"), _zstd),
    Compression("lz4", b"\x04\x22\x4d\x18", (".lz4",), _lz4),
)
MAGIC_BYTES = max(len(compression.magic) for compression in COMPRESSIONS)


def by_magic(first: bytes) -> Compression | None:
    """How a file is compressed that begins with *first*."""
    return next((compression for compression in COMPRESSIONS if first.startswith(compression.magic)), None)


def by_suffix(filename: str) -> tuple[str, Compression | None]:
    """*filename* without the suffix of its compression, and which that was.

    >>> by_suffix("Contents-amd64.gz")[0], by_suffix("curl.deb")[0]
    ('Contents-amd64', 'curl.deb')
    """
    for compression in COMPRESSIONS:
        for suffix in compression.suffixes:
            if filename.lower().endswith(suffix) and len(filename) > len(suffix):
                return filename[: -len(suffix)], compression
    return filename, None
