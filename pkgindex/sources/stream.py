"""A submission's file, opened with suspicion and unpacked on the fly.

Invariants:

* Only regular files are opened: a link could point out of the spool, a FIFO or device would block or never end.
* What is unpacked is bounded, in sum, in ratio, and in memory at any moment.
* An end before the format's own end is `Incomplete`; bytes that are not the format are `Rejected` and say where.

An `OSError` of the disk below while reading is passed on as it is: it says nothing about the submission.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from pkgindex.errors import Incomplete, NotFound, Rejected
from pkgindex.sources.compression import MAGIC_BYTES, Compression, by_magic, by_suffix
from pkgindex.sources.limits import DEFAULT, MIB, Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES = 64 * 1024
# Measured on 520 MB of lz4: 0.15 s with 256 KiB in and 1 MiB out, 0.21 s with 64 KiB in.
_INPUT_BYTES = 256 * 1024
_OUTPUT_BYTES = MIB

# These may be otherwise a moment later, and no fault of the submission.
_OF_THE_DISK = frozenset((errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR))


class Opened(NamedTuple):
    """`stream` reads from the beginning; `head` is its first 64 KiB; `size` is the packed size in bytes."""

    stream: BinaryIO
    filename: str
    head: bytes
    size: int


class Unpacked(io.RawIOBase):
    """The members of a compressed file, one after the other, as one stream."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        close: Callable[[], None],
        compression: Compression,
        filename: str,
        size: int,
        limits: Limits,
    ) -> None:
        self._read, self._close = read, close
        self._compression, self._filename, self._size, self._limits = compression, filename, size, limits
        self._decoder, self._errors = compression.open(limits)
        self._input = b""
        self._offset = 0  # of packed bytes read
        self._made = 0
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        while not self._ready and not self._ended:
            self._ready = memoryview(self._advance())
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def head(self) -> bytes:
        """The first bytes, which are still to be read."""
        pieces = bytearray(self._ready)
        while len(pieces) < HEAD_BYTES and not self._ended:
            pieces += self._advance()
        self._ready = memoryview(bytes(pieces))
        return bytes(pieces[:HEAD_BYTES])

    def _advance(self) -> bytes:
        """Some more unpacked bytes; may be none before the end is known."""
        if self._decoder.eof and not self._next_member():
            return b""
        data, self._input = self._input, b""
        if not data and self._decoder.needs_input:
            data = self._more()
            if not data:
                raise Incomplete(
                    f"{self._filename}: the {self._compression.name} data ends too early, at byte {self._offset}: "
                    "copy the file again"
                )
        try:
            out = self._decoder.decompress(data, _OUTPUT_BYTES)
        except self._errors as error:
            raise Rejected(
                f"{self._filename}: damaged {self._compression.name} data before byte {self._offset} ({error}): "
                "copy the file again"
            ) from error
        self._count(len(out))
        return out

    def _more(self) -> bytes:
        data = self._read(_INPUT_BYTES)
        self._offset += len(data)
        return data

    def _next_member(self) -> bool:
        """Begin the member after the one that ended; False at the end of the file."""
        rest = (self._decoder.unused_data or b"").lstrip(b"\0")
        # Zeros between members and after the last are padding (xz pads by four, tapes by blocks).
        while len(rest) < MAGIC_BYTES and (data := self._more()):
            rest = (rest + data).lstrip(b"\0")
        if not rest:
            self._ended = True
            return False
        magic = self._compression.magic
        if not rest.startswith(magic):
            if magic.startswith(rest):
                raise Incomplete(f"{self._filename}: ends inside a {self._compression.name} header: copy it again")
            raise Rejected(
                f"{self._filename}: {len(rest)} bytes or more before byte {self._offset} follow the end of the "
                f"{self._compression.name} data: two files in one? compress it again"
            )
        self._decoder, self._errors = self._compression.open(self._limits)
        self._input = rest
        return True

    def _count(self, made: int) -> None:
        self._made += made
        limits = self._limits
        if self._made > limits.unpacked_bytes_max:
            raise Rejected(f"{self._filename}: unpacks to more than {limits.unpacked_bytes_max} bytes: split it")
        if self._made > limits.ratio_free_bytes and self._made > limits.ratio_max * self._size:
            raise Rejected(
                f"{self._filename}: a decompression bomb: {self._size} bytes unpack to more than {self._made}; "
                "submit it uncompressed if it is meant"
            )


def unpack(stream: BinaryIO, first: bytes, filename: str, size: int, limits: Limits) -> BinaryIO | None:
    """*stream*, whose next bytes are *first*, unpacked; None when it is not compressed in a way we know.

    *stream* stays open when what is returned is closed.
    """
    compression = by_magic(first)
    if compression is None:
        return None
    return io.BufferedReader(
        Unpacked(stream.read, lambda: None, compression, filename, size, limits), buffer_size=_OUTPUT_BYTES
    )


def open_regular(path: str) -> tuple[int, int]:
    """A descriptor of the regular file *path* and its size. Raises `NotFound`, `Rejected`."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise Rejected(f"{path} is {_kind(status.st_mode)}, not a regular file: put the file itself there")
    return descriptor, status.st_size


def _refusal(path: str, error: OSError | ValueError) -> NotFound | Rejected | OSError:
    """What *error* says about *path*; itself where it says something about the disk or this host."""
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        return error
    code = error.errno if isinstance(error, OSError) else errno.EINVAL
    if code in (errno.ENOENT, errno.ENOTDIR):
        return NotFound(f"{path}: no such file")
    if code == errno.ELOOP:
        return Rejected(f"{path} is a symbolic link, not a regular file: put the file itself there")
    if code == errno.ENXIO:
        return Rejected(f"{path} is a socket or a device, not a regular file: put the file itself there")
    return Rejected(f"{path} cannot be opened: {os.strerror(code or 0)}; make it readable for this user")


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISLNK, "a symbolic link"))
    return next((words for matches, words in kinds if matches(mode)), "a device or a socket")


def open_stream(path: str, limits: Limits = DEFAULT, filename: str = "") -> Opened:
    """Open and unpack *path*; *filename* is the name it was dropped under, when that differs.

    Raises `NotFound`, `Rejected` (no regular file, not readable, corrupt, too large), `Incomplete`.
    """
    filename = filename or os.path.basename(path)
    name, promised = by_suffix(filename)
    descriptor, size = open_regular(path)
    file = open(descriptor, "rb", buffering=0)  # noqa: SIM115 - closed with the stream that is handed out
    try:
        first = file.read(HEAD_BYTES) or b""
        file.seek(0)
        compression = by_magic(first)
        if compression is None:
            if promised and promised.magic.startswith(first):
                raise Incomplete(f"{filename}: ends inside its {promised.name} header: copy the file again")
            if size > limits.unpacked_bytes_max:
                raise Rejected(f"{filename}: {size} bytes, more than {limits.unpacked_bytes_max}: split it")
            return Opened(io.BufferedReader(file, buffer_size=_OUTPUT_BYTES), name, first, size)
        raw = Unpacked(lambda count: file.read(count) or b"", file.close, compression, filename, size, limits)
        head = raw.head()
        return Opened(io.BufferedReader(raw, buffer_size=_OUTPUT_BYTES), name, head, size)
    except BaseException:
        file.close()
        raise
