"""Submissions, the archives in them, and what apt says: readers of what anybody may put into a spool."""

from __future__ import annotations

import io
from functools import partial

from fuzz import seeds
from fuzz.target import Expected, Target
from pkgindex.errors import Rejected
from pkgindex.format import forward
from pkgindex.model.package import Package
from pkgindex.sources import aptjobs, ar, names, registry, tar
from pkgindex.sources.facts import Fact, Paths, Releases, Texts
from pkgindex.sources.limits import KIB, MIB, Limits
from pkgindex.sources.stream import unpack

LIMITS = Limits(unpacked_bytes_max=4 * MIB, ratio_free_bytes=MIB, window_bytes_max=8 * MIB, line_bytes_max=4 * KIB,
                stanza_bytes_max=16 * KIB, value_bytes_max=64 * KIB, members_max=1000)
NAME = "the file"
# Archives have headers of 512 bytes.
ARCHIVE_BYTES_MAX = 6 * KIB
_SOURCES = registry.built_in(LIMITS)


def _submission(number: int, data: bytes) -> None:
    source, filename = _SOURCES[number], seeds.FILENAMES[number]
    source.recognises(filename, data[: 64 * KIB])
    with Expected(Rejected):
        for fact in source.read(io.BufferedReader(io.BytesIO(data)), filename):  # type: ignore[arg-type]
            require_storable(fact)


def require_storable(fact: Fact) -> None:
    if isinstance(fact, Releases):
        assert names.package_name(fact.package) == fact.package
        package = Package(fact.package, {("", ""): fact.release}, {}, {})
        record = forward.encode_parts(forward.releases_parts(package), {}, {})
        assert forward.decode(record, fact.package, NAME).releases
    elif isinstance(fact, Texts):
        fact.text.description.encode()
    elif isinstance(fact, Paths):
        for pair in fact.pairs:
            path, tab, owner = pair.rpartition(b"\t")
            assert tab and path.startswith(b"/") and b"\n" not in pair and owner, pair
            assert not {b"", b".", b".."} & set(path.split(b"/")[1:]), pair


def _deb(data: bytes) -> None:
    """As it is; and with checksums that fit, without which hardly a change would be seen behind the first header."""
    _submission(0, data)
    mended = bytearray(data)
    at = len(ar.MAGIC)
    while (digits := data[at + 48 : at + 58].rstrip(b" ")).isdigit() and at < len(data):
        size = int(digits)
        _mend(mended, at + 60, at + 60 + size)
        at += 60 + size + size % 2
    if mended != data:
        _submission(0, bytes(mended))


def _tar(data: bytes) -> None:
    mended = bytearray(data)
    _mend(mended, 0, len(data))
    for archive in {data, bytes(mended)}:
        with Expected(Rejected):
            for entry in tar.entries(io.BytesIO(archive), NAME, LIMITS, (b"./control",)):
                assert len(entry.kind) == 1 and len(entry.content) <= LIMITS.stanza_bytes_max, entry


def _mend(archive: bytearray, begin: int, end: int) -> None:
    """A fitting checksum into whatever may be a header."""
    for at in range(begin, min(end, len(archive)) - 511, 512):
        block = archive[at : at + 512]
        if any(block[257:265]):
            archive[at + 148 : at + 156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 8 * ord(" "))


def _ar(data: bytes) -> None:
    with Expected(Rejected):
        for member in ar.members(io.BytesIO(data), NAME):
            assert member.first == member.stream.peek()[: len(member.first)]  # type: ignore[attr-defined]
            assert len(member.stream.read()) == member.size, member


def _unpacked(data: bytes) -> None:
    with Expected(Rejected):
        unpacked = unpack(io.BytesIO(data), data[:16], NAME, len(data), LIMITS)
        made = 0
        while unpacked is not None and (piece := unpacked.read(64 * KIB)):
            made += len(piece)
            assert made <= LIMITS.unpacked_bytes_max + MIB


def _apt_job(data: bytes) -> None:
    with Expected(Rejected):
        list(aptjobs.steps(data.decode("utf-8", "replace"), NAME))


def targets() -> dict[str, Target]:
    found = {
        source.name: Target(partial(_submission, number), seeds.SUBMISSIONS[number])
        for number, source in enumerate(_SOURCES)
    }
    return {
        **found,
        "deb": Target(_deb, seeds.SUBMISSIONS[0], ARCHIVE_BYTES_MAX),
        "tar": Target(_tar, seeds.TARS, ARCHIVE_BYTES_MAX),
        "ar": Target(_ar, seeds.ARS),
        "compression": Target(_unpacked, seeds.packed()),
        "apt-job": Target(_apt_job, seeds.APT_JOBS),
    }
