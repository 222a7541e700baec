from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Rejected
from pkgindex.sources import lines
from pkgindex.sources.contents import Contents
from pkgindex.sources.facts import Covers, Fact, Fault, Paths
from pkgindex.sources.limits import DEFAULT


def facts(data: bytes, filename: str = "Contents-amd64") -> list[Fact]:
    return list(Contents().read(io.BytesIO(data), filename))


def pairs(data: bytes) -> list[bytes]:
    return [pair for fact in facts(data) if isinstance(fact, Paths) for pair in fact.pairs]


def faults(data: bytes) -> list[str]:
    return [fact.where for fact in facts(data) if isinstance(fact, Fault)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"usr/bin/curl    web/curl", [b"/usr/bin/curl\tcurl"]),
        (b"usr/bin/curl\tcurl", [b"/usr/bin/curl\tcurl"]),
        (b"usr/bin/curl    web/curl\r", [b"/usr/bin/curl\tcurl"]),
        (b"usr/bin/curl    non-free/web/curl  ", [b"/usr/bin/curl\tcurl"]),
        (b"usr/my  file name   x/a,y/z/b", [b"/usr/my  file name\ta", b"/usr/my  file name\tb"]),
        (b"./usr/x   x/a", [b"/usr/x\ta"]),
        (b"/usr/x   x/a", [b"/usr/x\ta"]),
        (b"usr//x   x/a", [b"/usr/x\ta"]),
        (b"usr/./x/  x/a", [b"/usr/x\ta"]),
        (b".hidden  x/a", [b"/.hidden\ta"]),
        (b"usr/caf\xe9  x/a", [b"/usr/caf\xe9\ta"]),
        (b"usr/x   x/a,y/a", [b"/usr/x\ta"]),
        (b"usr/tab\there   x/a", [b"/usr/tab\there\ta"]),
    ],
)
def test_a_line_is_a_path_and_its_packages(line: bytes, expected: list[bytes]) -> None:
    assert pairs(line) == pairs(line + b"\n") == expected


@pytest.mark.parametrize(
    "line",
    [b"nolocation", b"usr/x  x/", b"usr/x  x/a,,y/b", b"usr/x  x/\x01", b"usr/\0x  x/a", b"usr/../../x  x/a",
     b"../etc/passwd  x/a", b"usr/" + b"x" * 4096 + b"  x/a", b"usr/x  x/\xff", b"/  x/a", b".  x/a"],
)  # fmt: skip
def test_a_bad_line_is_a_fault_with_its_number_and_costs_no_other(line: bytes) -> None:
    data = b"a  x/p\nb  x/p\n" + line + b"\nc  x/p\n"
    assert pairs(data) == [b"/a\tp", b"/b\tp", b"/c\tp"]
    assert faults(data) == ["line 3"]


def test_the_text_that_old_archives_put_first_is_skipped() -> None:
    data = b"This file maps files\nto packages.\n\nFILE     LOCATION\nusr/x  x/a\nnolocation\n"
    assert pairs(data) == [b"/usr/x\ta"]
    assert faults(data) == ["line 6"]


@pytest.mark.parametrize(
    ("filename", "architecture"),
    [
        ("Contents-amd64", "amd64"),
        ("deb.debian.org_debian_dists_bookworm_main_Contents-all", "all"),
        ("Contents-udeb-arm64", "arm64"),
        ("Contents-kfreebsd-amd64", "kfreebsd-amd64"),
        ("Contents", ""),
        ("files.txt", ""),
    ],
)
def test_the_name_tells_the_architecture(filename: str, architecture: str) -> None:
    assert facts(b"a  x/p\n", filename) == [Covers("files", architecture), Paths(architecture, [b"/a\tp"])]


@pytest.mark.parametrize(
    ("filename", "head", "known"),
    [
        ("Contents-amd64", b"", True),
        ("x", b"bin/ash   shells/ash\nbin/my file  a/b,c/d\n", True),
        ("x", b"words\nFILE   LOCATION\n", True),
        ("x", b"", False),
        ("x", b"a few words\n", False),
        ("x", b"Package: a\nVersion: 1\n", False),
        ("Contents.json", b'{"name": "x"}', False),
        ("x", b"a" + b" " * 60_000, False),
    ],
)
def test_contents_are_known_by_name_and_content(filename: str, head: bytes, known: bool) -> None:
    assert Contents().recognises(filename, head) == known


def test_a_line_without_end_is_rejected_with_its_number() -> None:
    with pytest.raises(Rejected, match="line 2"):
        facts(b"a x/p\n" + b"x" * 3_000_000)


def test_every_block_size_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"a  x/p\n/b  x/p,y/q\nbad\n\nusr/./c  x/p\nd e  x/p"
    expected = pairs(data)
    assert len(expected) == 5
    for size in range(1, 30):
        monkeypatch.setattr(lines, "_BLOCK_BYTES", size)
        assert pairs(data) == expected
        assert faults(data) == ["line 3"]


@given(st.lists(st.sampled_from([b"a", b"/", b".", b"..", b" ", b"\t", b",", b"\0", b"\n", b"x/y", b"\xff"])).map(b"".join))
def test_every_pair_is_a_clean_path_and_a_name(data: bytes) -> None:
    for pair in pairs(data):
        path, tab, name = pair.rpartition(b"\t")
        assert path.startswith(b"/") and tab and name
        assert not {b"", b".", b".."} & set(path[1:].split(b"/"))
        assert b"\n" not in path


def test_millions_of_locations_stay_within_bounds() -> None:
    source = Contents(DEFAULT)
    data = b"".join(b"f%d  s/%s%d\n" % (number, b"x" * 200, number) for number in range(200_000))
    count = sum(len(fact.pairs) for fact in source.read(io.BytesIO(data), "x") if isinstance(fact, Paths))
    assert count == 200_000
