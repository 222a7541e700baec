from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.sources import deb822
from pkgindex.sources.deb822 import Stanza, stanzas
from pkgindex.sources.limits import DEFAULT

TWO = b"Package: a\nVersion: 1\nDescription: one\n long\n .\n end\n\nPackage: b\nVersion: 2\n"
A = Stanza(1, {"package": "a", "version": "1", "description": "one\n long\n .\n end"})
B = Stanza(8, {"package": "b", "version": "2"})


def read(data: bytes, stanza_bytes_max: int = 4096) -> list[Stanza]:
    return list(stanzas(io.BytesIO(data), DEFAULT._replace(stanza_bytes_max=stanza_bytes_max)))


def test_stanzas_come_with_their_lines() -> None:
    assert read(TWO) == [A, B]


@pytest.mark.parametrize(
    ("data", "moved"),
    [
        (TWO.rstrip(b"\n"), 0),
        (TWO + b"\n\n\n", 0),
        (TWO.replace(b"\n", b"\r\n"), 0),
        (b"\n\n" + TWO, 2),
        (b"  \n\t\n" + TWO, 2),
        (b"# a comment\n" + TWO, 1),
        (b"# a comment\n\n" + TWO, 2),
        (TWO.replace(b"Package:", b"PACKAGE :"), 0),
        (TWO.replace(b"Version: ", b"Version:\t "), 0),
        (TWO.replace(b"Version:", b"Version:9\nVersion:"), None),
        (TWO.replace(b"\n\n", b"\n \t\n"), 0),
        (TWO.replace(b"\n\n", b"\n\n\n\n"), None),
        (TWO.replace(b"\n .\n", b"\n# inside\n .\n"), None),
    ],
)
def test_what_the_field_tolerates_reads_the_same(data: bytes, moved: int | None) -> None:
    found = read(data)
    assert [stanza.fields for stanza in found] == [A.fields, B.fields]
    if moved is not None:
        assert [stanza.line for stanza in found] == [A.line + moved, B.line + moved]


@pytest.mark.parametrize("bad", [b"no colon here", b": no name", b" continues nothing"])
def test_a_bad_stanza_is_named_by_its_line_and_costs_no_other(bad: bytes) -> None:
    found = read(b"Package: a\n\n" + bad + b"\n\nPackage: c\n")
    assert [stanza.line for stanza in found] == [1, 3, 5]
    assert [bool(stanza.trouble) for stanza in found] == [False, True, False]


def test_a_stanza_that_never_ends_is_left_out_and_costs_no_other() -> None:
    huge = b"Package: big\n" + b" x\n" * 2_000_000
    found = read(b"Package: a\n\n" + huge + b"\nPackage: c\n")
    assert [stanza.fields.get("package") for stanza in found] == ["a", None, "c"]
    assert found[1].trouble
    assert [stanza.line for stanza in found] == [1, 3, 2_000_005]
    assert len(read(huge)) == 1


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert read(b"Package: a\nMaintainer: Andr\xe9\n")[0].fields["maintainer"] == "Andr\ufffd"


def test_every_block_size_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = TWO.replace(b"\n", b"\r\n") + b"\r\n" + TWO + b"\n \nbad\n\n" + "Package: ü\n".encode() * 3
    whole = read(data)
    for size in range(1, 40):
        monkeypatch.setattr(deb822, "_BLOCK_BYTES", size)
        assert read(data) == whole


def test_lines_stay_right_over_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deb822, "_BLOCK_BYTES", 64)
    chance = random.Random(1)
    data = b""
    expected = []
    for number in range(300):
        data += b"\n" * chance.choice((0, 0, 1))
        expected.append(data.count(b"\n") + 1)
        data += b"Package: p%d\n" % number + b"Tag: x\n y\n" * chance.choice((0, 1)) + b"\n"
    assert [stanza.line for stanza in read(data)] == expected


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    read(data, stanza_bytes_max=50)
