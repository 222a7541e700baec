"""Generations that say which one they were made from, as manifests do."""

from __future__ import annotations

from zlib import crc32

from pkgindex.errors import Gone
from pkgindex.store.generations import Generations


def made_from(parent: bytes, content: bytes) -> bytes:
    """A manifest that says which one it was made from."""
    return b"%08x %s" % (crc32(parent), content)


def publish(generations: Generations, number: int, content: bytes) -> None:
    """On top of what is there as the one before."""
    try:
        parent = generations.read(number - 1)
    except Gone:
        parent = b""
    data = made_from(parent, content)
    generations.publish(number, data, lambda following: following.startswith(b"%08x " % crc32(data)))


def content_of(generations: Generations, number: int) -> bytes:
    return generations.read(number).split(b" ")[1]
