"""What a file of an index may take in memory, whoever wrote it: so much for each of its bytes."""

from __future__ import annotations

import tracemalloc
from zlib import crc32

import pytest

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import unseal

# Of docs/reliability.md: a map of one number is three bytes, and its 232 and its place in a list are 240.
TIMES_MAX = 84
BYTES = 90_000
NODES = {
    "empty lists": b"\x90", "empty maps": b"\x80", "lists of one": b"\x91\xc0", "maps of one": b"\x81\x01\xc0",
    "numbers": b"\xcd\x70\xc0", "texts": b"\xa2\xc4\x80", "bytes": b"\xc4\x02ab", "fractions": b"\xca\0\0\0\0",
}  # fmt: skip
LIES = {
    "a list": b"\xdd\xff\xff\xff\xff", "a map": b"\xdf\xff\xff\xff\xff", "text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
}  # fmt: skip


def read(body: bytes) -> int:
    """The most memory that reading a file with *body* takes, in bytes."""
    file = b"pkgindex 1 page 7-abcdef %d %08x\n" % (len(body), crc32(body)) + body
    tracemalloc.start()
    try:
        unseal(file, "page", "7-abcdef", "the file")
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("node", NODES)
def test_a_file_takes_so_many_times_its_bytes_at_most(node: str) -> None:
    number = BYTES // len(NODES[node])
    body = b"\xdd" + number.to_bytes(4, "big") + NODES[node] * number
    assert 5 * len(body) < read(body) < TIMES_MAX * len(body)


@pytest.mark.parametrize("lie", LIES)
def test_what_says_it_is_longer_than_its_file_is_not_waited_for(lie: str) -> None:
    body = LIES[lie] + bytes(BYTES)
    with pytest.raises(Corrupt, match="the file: not msgpack after its first line"):
        read(body)
