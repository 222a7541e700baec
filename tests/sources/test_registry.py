from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Rejected
from pkgindex.sources import registry
from pkgindex.sources.facts import Fact, Fault, Releases, Removed
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.registry import built_in, read_submission, recognise
from sources.compressors import COMPRESSORS


class Rot:
    """A source that somebody else wrote."""

    name = "rot"
    full = False

    def recognises(self, filename: str, head: bytes) -> bool:
        return head.startswith(b"ROT")

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        yield from (Removed(line.strip().decode()) for line in stream)


class Points(list[importlib.metadata.EntryPoint]):
    def __init__(self, value: str) -> None:
        super().__init__([importlib.metadata.EntryPoint("rot", value, registry.GROUP)])


def install(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: Points(value))


def read(directory: Path, filename: str, data: bytes, limits: Limits = DEFAULT) -> tuple[str, list[Fact]]:
    path = directory / "dropped-0001"
    path.write_bytes(data)
    reading = read_submission(str(path), filename, limits)
    return reading.source.name, list(reading.facts)


def test_every_source_has_a_name_of_its_own() -> None:
    names = [source.name for source in built_in()]
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize(
    ("filename", "data", "name"),
    [
        ("Packages", b"Package: a\nVersion: 1\n", "packages"),
        ("status", b"Package: a\nStatus: install ok installed\nVersion: 1\n", "dpkg-status"),
        ("Translation-de", b"Package: a\nDescription-md5: 0\nDescription-de: x\n", "translation"),
        ("Contents-amd64", b"usr/x  s/a\n", "contents"),
        ("x.jsonl", b'{"name": "a"}\n', "json-packages"),
        ("x.json", b'[{"id": "a", "text": "b"}]', "documents"),
        ("gcc.p5m", b"set name=pkg.fmri value=pkg:/developer/gcc@7\n", "ips-manifest"),
        ("x", b"# made by hand\nset name=pkg.fmri value=pkg:/developer/gcc@7\n", "ips-manifest"),
    ],
)
@pytest.mark.parametrize("suffix", ["", *sorted(COMPRESSORS)])
def test_a_file_is_read_by_its_source_however_it_is_packed(
    tmp_path: Path, filename: str, data: bytes, name: str, suffix: str
) -> None:
    found, facts = read(tmp_path, filename + suffix, COMPRESSORS[suffix](data) if suffix else data)
    assert found == name
    assert facts and not [fact for fact in facts if isinstance(fact, Fault)]


def test_what_nobody_knows_is_rejected_with_what_was_seen_and_what_is_known() -> None:
    with pytest.raises(Rejected, match=r"photo: begins with b'.*PNG.*packages.*contents"):
        recognise("photo", b"\x89PNG\r\n\x1a\n")


def test_a_source_of_somebody_else_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, f"{__name__}:Rot")
    assert read(tmp_path, "x", b"ROT\n") == ("rot", [Removed("ROT")])


@pytest.mark.parametrize("value", ["no_such_module:X", "os:NoSuchName", "os:sep"])
def test_a_source_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    install(monkeypatch, value)
    with pytest.raises(Rejected, match=f"source rot \\({value}\\)"):
        recognise("x", b"ROT")
    assert recognise("Packages", b"").name == "packages"


def test_a_submission_of_which_nothing_can_be_read_is_rejected_with_the_first_fault(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="Packages: nothing in it could be read; line 1"):
        read(tmp_path, "Packages", b"<html>log in first</html>\n")


def test_faults_are_handed_on_up_to_a_bound_and_then_counted(tmp_path: Path) -> None:
    data = b"good  s/a\n" + b"bad\n" * 25
    _, facts = read(tmp_path, "Contents", data, DEFAULT._replace(faults_max=10))
    faults = [fact for fact in facts if isinstance(fact, Fault)]
    assert len(faults) == 11
    assert faults[-1] == Fault("end", "15 more could not be read")


@pytest.mark.parametrize("limits", [DEFAULT._replace(packages_max=1), DEFAULT._replace(paths_max=1)])
def test_too_many_packages_or_paths_are_rejected(tmp_path: Path, limits: Limits) -> None:
    data = b'{"name": "a", "version": "1", "files": ["/a", "/b"]}\n{"name": "b", "version": "1"}\n'
    with pytest.raises(Rejected, match="more than"):
        read(tmp_path, "x.jsonl", data, limits)


STARTS = st.sampled_from(
    [b"", b"Package: a\nVersion: 1\nDepends: ", b"Package: a\nStatus: install ok installed\n", b"usr/x  s/a\n",
     b'{"name": "a",',
     b'[{"id":', b'{"packages": [', b"!<arch>\ndebian-binary", b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh9", b"\x28\xb5\x2f\xfd",
     b"\x04\x22\x4d\x18", b"set name=pkg.fmri value=pkg:/a@1\n"]
)  # fmt: skip
NAMES = st.sampled_from(["Packages", "status", "Translation-en", "Contents-all", "x.deb", "x.json", "x.p5m", "x", "x.gz"])


@given(STARTS, st.binary(max_size=150), NAMES)
def test_no_bytes_raise_anything_but_rejected(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes, filename: str
) -> None:
    try:
        _, facts = read(tmp_path_factory.getbasetemp(), filename, start + rest)
    except Rejected:
        return
    assert all(isinstance(fact.package, str) for fact in facts if isinstance(fact, Releases))
