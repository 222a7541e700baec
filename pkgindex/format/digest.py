"""The digests that a page keeps of each facet, so that a writer sees what has not changed, and a verifier what has."""

from __future__ import annotations

from hashlib import blake2b

import msgpack


def digest(content: object) -> bytes:
    """Eight bytes for anything msgpack can hold, or for bytes themselves.

    Of the meta facet it is the record's sorted releases, of a file list its paths joined by newlines, of a text
    `[summary, description]`.
    """
    data = content if isinstance(content, bytes) else msgpack.packb(content, unicode_errors="surrogateescape")
    return blake2b(data, digest_size=8).digest()
