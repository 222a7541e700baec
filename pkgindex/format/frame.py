"""Compressed runs of bytes in files and shards: zstd frames, unpacked within a limit that the frame itself cannot lift.

The library allocates what a frame's header promises, whatever limit it is given: a flipped byte could ask for terabytes.
"""

from __future__ import annotations


def pack(data: bytes) -> bytes:
    """*data* as one frame with a checksum."""
    return Packer().pack(data)


def unpack(frame: bytes, bytes_max: int) -> bytes:
    """What *frame* holds. Raises `ValueError` when it is damaged, or promises more than *bytes_max*."""
    return Unpacker().unpack(frame, bytes_max)


def unpacked_bytes(head: bytes) -> int:
    """How many bytes a frame that begins with *head* says it holds. Raises `ValueError`."""
    import zstandard

    try:
        return zstandard.frame_content_size(head)
    except (zstandard.ZstdError, TypeError) as error:
        raise ValueError(str(error)) from error


class Unpacker:
    """For many frames one after another, which spares their set-up; not for several threads at once."""

    def __init__(self) -> None:
        import zstandard

        self._size_of = zstandard.frame_content_size
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._damage: type[Exception] = zstandard.ZstdError

    def unpack(self, frame: bytes, bytes_max: int) -> bytes:
        """See the function of this name."""
        try:
            size = self._size_of(frame)
            if not 0 <= size <= bytes_max:
                raise ValueError(f"a frame of {size} bytes, where at most {bytes_max} are meant")
            return self._decompress(frame)
        except (self._damage, TypeError) as error:
            raise ValueError(str(error)) from error


class Packer:
    """For many frames one after another, which spares 20 us each; *checked*: with a checksum of their own."""

    def __init__(self, level: int = 3, checked: bool = True) -> None:
        import zstandard

        self.pack = zstandard.ZstdCompressor(level=level, write_checksum=checked).compress
