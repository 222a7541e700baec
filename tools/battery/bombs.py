"""Submissions and questions that ask for more than they are: small on the disk, and without end, or of a size that is a lie."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from typing import NamedTuple

import lz4.frame
import zstandard

MIB = 1 << 20
UNPACKED_BYTES = 1 << 30
_MEMBER_BYTES = 16 * MIB
_CONTROL = b"Package: bomb\nVersion: 1\nArchitecture: all\nDescription: a bomb\n"


class Bomb(NamedTuple):
    """*make* gives the bytes of a submission called *filename*; a *question* is asked instead where there is one."""

    name: str
    filename: str
    make: Callable[[], bytes]
    question: str = ""


def _members(pack: Callable[[bytes], bytes], first: bytes = b"Package: a\n") -> bytes:
    """*first* and 1 GiB of zeros, as one member after the other."""
    return pack(first) + pack(bytes(_MEMBER_BYTES)) * (UNPACKED_BYTES // _MEMBER_BYTES)


def _tar(name: str, size: int, data: bytes = b"") -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


def _ar(name: str, data: bytes, size: int | None = None) -> bytes:
    said = len(data) if size is None else size
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{said:<10}`\n".encode() + data + b"\n" * (len(data) % 2)


def _deb(data_name: str, data: bytes, size: int | None = None) -> bytes:
    control = _tar("./control", len(_CONTROL), _CONTROL) + bytes(1024)
    return b"!<arch>\n" + _ar("debian-binary", b"2.0\n") + _ar("control.tar", control) + _ar(data_name, data, size)


def _nested() -> bytes:
    """A package in the data of a package, ten deep: nothing is unpacked but the outermost."""
    data = b""
    for _ in range(10):
        made = io.BytesIO(data)
        with tarfile.open(fileobj=made, mode="w") as archive:
            entry = tarfile.TarInfo("./inner.deb")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        data = _deb("data.tar.gz", gzip.compress(made.getvalue()))
    return data


def _entries() -> bytes:
    """Three million empty files: more than a package may have."""
    header = _tar("./a", 0)
    return gzip.compress(header * (MIB // 512), 1) * (3_000_000 // (MIB // 512))


def _amplified() -> bytes:
    """Three choices with a thousand bounds each would be a thousand million alternatives; here as Debian writes it."""
    return b"Package: a\nVersion: 1\nDepends: " + b" | ".join([b"x (>= 1)"] * 100_000) + b"\n"


def _of_one_package() -> bytes:
    """A gigabyte of long paths, each another one."""
    folder, pack = "/".join(["x" * 200] * 4), zstandard.ZstdCompressor(level=1).compressobj()
    lines = (f"{folder}/{number:08d}  utils/bomb\n".encode() for number in range(1_300_000))
    return b"".join([pack.compress(line) for line in lines]) + pack.flush()


SUBMISSIONS = (
    Bomb("gzip, 1 GiB of zeros", "Packages.gz", lambda: _members(gzip.compress)),
    Bomb("xz, 1 GiB of zeros", "Packages.xz", lambda: _members(lambda data: lzma.compress(data, preset=0))),
    Bomb("bzip2, 1 GiB of zeros", "Packages.bz2", lambda: _members(bz2.compress)),
    Bomb("zstd, 1 GiB of zeros", "Packages.zst", lambda: _members(zstandard.compress)),
    Bomb("lz4, 1 GiB of zeros", "Packages.lz4", lambda: _members(lz4.frame.compress)),
    Bomb("a .deb, 1 GiB of zeros in it", "a.deb",
         lambda: _deb("data.tar.gz", _members(gzip.compress, _tar("./a", UNPACKED_BYTES)))),
    Bomb("a .deb that says it has 9 GB", "a.deb", lambda: _deb("data.tar", _tar("./a", 0), 9_999_999_999)),
    Bomb("a tar whose file says it has 8 GB", "a.deb", lambda: _deb("data.tar", _tar("./a", 8 * 1024**3 - 1))),
    Bomb("a tar of three million files", "a.deb", lambda: _deb("data.tar.gz", _entries())),
    Bomb("packages in packages, ten deep", "a.deb", _nested),
    Bomb("JSON, ten million brackets", "a.json", lambda: b"[" * 10_000_000),
    Bomb("JSON, a million objects deep", "a.jsonl", lambda: b'{"name":' * 1_000_000),
    Bomb("JSON, 30 MB of empty lists", "a.jsonl", lambda: b'{"name": "a", "x": [' + b"[]," * 10_000_000 + b"[]]}"),
    Bomb("JSON, a number of a million digits", "a.jsonl", lambda: b'{"name": "a", "version": ' + b"9" * 1_000_000 + b"}"),
    Bomb("one line of 100 MB", "Packages", lambda: b"Package: " + b"a" * 100_000_000),
    Bomb("one stanza of 100 MB", "Packages", lambda: b"Package: a\nVersion: 1\nDescription: x\n" + b" line\n" * 17_000_000),
    Bomb("a hundred thousand alternatives", "Packages", _amplified),
    Bomb("Contents, 1 GB of paths of one package", "Contents-amd64.zst", _of_one_package),
    Bomb("Contents, a line of 50 MB", "Contents-amd64", lambda: b"usr/bin/a " + b"x/a," * 12_500_000 + b"x/b\n"),
)
QUESTIONS = (
    Bomb("a question of 1 MB", "", bytes, "a" * 1_000_000),
    Bomb("100,000 words", "", bytes, "a " * 100_000),
    Bomb("100,000 parentheses", "", bytes, "(" * 100_000 + "a" + ")" * 100_000),
    Bomb("100,000 times NOT", "", bytes, "NOT " * 100_000 + "a"),
    Bomb("100,000 times OR", "", bytes, " OR ".join(["a"] * 100_000)),
    Bomb("100,000 stars", "", bytes, "name:" + "*a" * 100_000),
    Bomb("a regular expression of 100,000 groups", "", bytes, "/" + "(" * 100_000 + ")" * 100_000 + "/"),
    Bomb("a regular expression of 10^12 repeats", "", bytes, "/((a{1000}){1000}){1000}/"),
)
# Which a test runs each time.
QUICK = frozenset(("a .deb that says it has 9 GB",))


def tame() -> bytes:
    """What comes with each bomb, and must be packed all the same."""
    return json.dumps({"name": "tame", "version": "1", "summary": "a package that is well"}).encode()
