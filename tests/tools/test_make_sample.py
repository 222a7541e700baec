"""The sample: how the lists are cut, and that what is checked in is whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import make_sample

INCOMING = make_sample.PROJECT / "spool" / make_sample.REPOSITORY / "incoming"
NAMES = frozenset({"bash", "curl"})


def contents(name: str) -> bytes:
    return gzip.decompress((INCOMING / name).read_bytes())


def test_stanzas_of_other_packages_are_left_out() -> None:
    lines = [b"Package: bash\n", b"Version: 1\n", b"\n", b"Package: bashful\n", b"\n", b"\n", b"Package: curl\n"]
    assert list(make_sample.stanzas(lines, NAMES)) == [b"Package: bash\nVersion: 1\n\n", b"Package: curl\n\n"]


def test_a_line_keeps_those_owners_that_are_in_the_sample() -> None:
    lines = [
        b"bin/a b                       shells/bash\n",
        b"bin/sh                        shells/dash\n",
        b"usr/share/x                   admin/x,web/curl,contrib/shells/bash\n",
    ]
    assert list(make_sample.listing(lines, NAMES)) == [
        b"bin/a b                       shells/bash\n",
        b"usr/share/x                   web/curl,contrib/shells/bash\n",
    ]


def test_the_same_lists_give_the_same_bytes() -> None:
    data = make_sample.compressed([b"a", b"b"])
    assert data == make_sample.compressed([b"ab"])
    assert data[4:8] == b"\0\0\0\0"  # no time in the header


def test_the_sample_has_every_package_with_its_description_and_files() -> None:
    names = make_sample.sample_names()
    for listing in ("Packages.gz", "Translation-en.gz"):
        found = {line[9:] for line in contents(listing).decode().split("\n") if line.startswith("Package: ")}
        assert found == names
    owners = {
        owner.rpartition("/")[2]
        for architecture in make_sample.ARCHITECTURES
        for line in contents(f"Contents-{architecture}.gz").decode().splitlines()
        for owner in line.rpartition(" ")[2].split(",")
    }
    assert owners == names


def test_the_sample_stays_small_and_has_its_sentinel() -> None:
    assert sum(path.stat().st_size for path in INCOMING.iterdir()) < 600_000
    assert Path(make_sample.PROJECT, "spool", ".pkgindex-spool").read_bytes() == make_sample.SENTINEL
