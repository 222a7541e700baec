from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Incomplete, NotFound, Rejected
from pkgindex.sources.limits import DEFAULT, MIB, Limits
from pkgindex.sources.stream import HEAD_BYTES, open_stream
from sources.compressors import COMPRESSORS

TEXT = b"".join(b"line %d of what was packed\n" % number for number in range(20_000))
SUFFIXES = sorted(COMPRESSORS)


def write(directory: Path, name: str, data: bytes) -> str:
    (directory / name).write_bytes(data)
    return str(directory / name)


def read(path: str, limits: Limits = DEFAULT) -> bytes:
    opened = open_stream(path, limits)
    with opened.stream as stream:
        data = stream.read()
    assert opened.head == data[:HEAD_BYTES]
    return data


@pytest.mark.parametrize("suffix", ["", *SUFFIXES])
@pytest.mark.parametrize("data", [TEXT, b"x", b""])
def test_a_file_reads_as_what_was_packed(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = write(tmp_path, "Packages" + suffix, COMPRESSORS[suffix](data) if suffix else data)
    assert read(path) == data
    opened = open_stream(path)
    opened.stream.close()
    assert opened.filename == "Packages"
    assert opened.size == os.path.getsize(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_several_members_read_as_one(tmp_path: Path, suffix: str) -> None:
    pack = COMPRESSORS[suffix]
    assert read(write(tmp_path, "x" + suffix, pack(TEXT) + pack(b"") + pack(b"more"))) == TEXT + b"more"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_zeros_after_the_end_are_padding(tmp_path: Path, suffix: str) -> None:
    pack = COMPRESSORS[suffix]
    assert read(write(tmp_path, "x" + suffix, pack(b"a") + bytes(8) + pack(b"b") + bytes(512))) == b"ab"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_packed_file_cut_short_anywhere_is_incomplete(tmp_path: Path, suffix: str) -> None:
    packed = COMPRESSORS[suffix](b"abc" * 50)
    for cut in range(len(packed)):
        path = write(tmp_path, "x" + suffix, packed[:cut])
        with pytest.raises(Incomplete):
            read(path)
    both = packed + packed
    for cut in range(len(packed) + 1, len(both)):
        path = write(tmp_path, "x" + suffix, both[:cut])
        with pytest.raises(Incomplete):
            read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_bytes_after_the_end_are_rejected(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, "x" + suffix, COMPRESSORS[suffix](b"a") + b"garbage that is no member")
    with pytest.raises(Rejected, match="follow the end"):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_flipped_bit_is_rejected_with_file_and_offset(tmp_path: Path, suffix: str) -> None:
    packed = bytearray(COMPRESSORS[suffix](TEXT))
    packed[len(packed) // 2] ^= 0x55
    path = write(tmp_path, "x" + suffix, bytes(packed))
    with pytest.raises(Rejected, match=r"x\.\w+: .*byte \d+"):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.binary(max_size=200))
def test_no_bytes_behind_a_magic_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: bytes
) -> None:
    packed = COMPRESSORS[suffix](b"abc" * 20)
    path = write(tmp_path_factory.getbasetemp(), "any" + suffix, packed[: len(data) % len(packed)] + data)
    try:
        read(path)
    except Rejected:
        return


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_bomb_is_rejected_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    # 256 MiB in members of 64 MiB of zeros: 4 kB of zstd, 250 kB of gzip.
    packed = COMPRESSORS[suffix](bytes(64 * MIB)) * 4
    path = write(tmp_path, "x" + suffix, packed)
    limits = DEFAULT._replace(ratio_free_bytes=8 * MIB, ratio_max=50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Rejected, match="decompression bomb"), open_stream(path, limits).stream as stream:
        while stream.read(MIB):
            pass
    # One feed of zstd may put out 64 MiB, and the pieces are joined.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("suffix", ["", *SUFFIXES])
def test_what_unpacks_to_too_much_is_rejected(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, "x" + suffix, COMPRESSORS[suffix](TEXT) if suffix else TEXT)
    with pytest.raises(Rejected, match=r"more than 1000 bytes|more than 1000:"):
        read(path, DEFAULT._replace(unpacked_bytes_max=1000))


@pytest.mark.parametrize("suffix", [".xz", ".zst"])
def test_a_window_that_takes_too_much_memory_is_rejected(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, "x" + suffix, COMPRESSORS[suffix](TEXT))
    with pytest.raises(Rejected, match="emory"):
        read(path, DEFAULT._replace(window_bytes_max=100_000 if suffix == ".zst" else 65_536))


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    os.symlink(write(tmp_path, "file", b""), tmp_path / "link")
    os.mkdir(tmp_path / "directory")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "socket"))
    bound.close()
    names = {"fifo": "FIFO", "link": "symbolic link", "directory": "a directory", "socket": "socket"}
    for name, words in names.items():
        with pytest.raises(Rejected, match=f"{name}.*{words}.*not a regular file"):
            open_stream(str(tmp_path / name))
    with pytest.raises(Rejected, match="device"):
        open_stream("/dev/null")
    with pytest.raises(NotFound, match="nowhere"):
        open_stream(str(tmp_path / "nowhere"))
    with pytest.raises(Rejected):
        open_stream("a\0b")


def test_a_refused_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    path = write(tmp_path, "x.gz", b"\x1f\x8bnot gzip")
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(Rejected):
            open_stream(path)
    assert len(os.listdir("/proc/self/fd")) == open_before
