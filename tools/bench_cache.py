"""How much of some files lies in the page cache: mmap(2) without reading, and mincore(2)."""

from __future__ import annotations

import ctypes
import mmap
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_FAILED = ctypes.c_void_p(-1).value


def cached_bytes(*folders: str) -> int:
    """Bytes of the files below *folders* that are in memory, in whole pages."""
    return sum(_cached(os.path.join(folder, name)) for top in folders for folder, _, names in os.walk(top) for name in names)


def _cached(path: str) -> int:
    handle = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        if not size:
            return 0
        place = _LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, handle, 0)
        if place == _FAILED:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
        pages = ctypes.create_string_buffer(-(-size // mmap.PAGESIZE))
        failed = _LIBC.mincore(place, size, pages)
        _LIBC.munmap(place, size)
        if failed:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
        return sum(page & 1 for page in pages.raw) * mmap.PAGESIZE
    finally:
        os.close(handle)
