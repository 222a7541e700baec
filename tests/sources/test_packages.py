from __future__ import annotations

import io
import shutil
import subprocess

import pytest

from pkgindex.model.package import Alternative, Release, Text
from pkgindex.sources.facts import Covers, Fact, Fault, Releases, Texts
from pkgindex.sources.packages import Packages, Status
from pkgindex.sources.translation import Translation

CURL = b"""Package: curl
Version: 8.1-1
Architecture: amd64
Maintainer: A <a@example.org>
Installed-Size: 500
Pre-Depends: dpkg
Depends: libc6 (>= 2.34), zlib1g | zlib2
Provides: downloader (= 8)
Built-Using: gcc-12 (= 12.2.0-14)
Static-Built-Using: rustc (= 1.63)
Description: a tool for URLs
 It moves data.
 .
  * fast
Tag: a::b,
 c::d
Multi-Arch: foreign
MD5sum: 00
"""


def facts(data: bytes, source: Packages | None = None) -> list[Fact]:
    return list((source or Packages()).read(io.BytesIO(data), "Packages"))


def test_a_stanza_becomes_a_release_and_its_text() -> None:
    assert facts(CURL) == [
        Covers("meta"),
        Releases(
            "curl",
            Release(
                "8.1-1",
                "amd64",
                {
                    "summary": "a tool for URLs",
                    "maintainer": "A <a@example.org>",
                    "installed-size": "500",
                    "tag": "a::b, c::d",
                    "multi-arch": "foreign",
                },
                {
                    "pre-depends": ((Alternative("dpkg"),),),
                    "depends": ((Alternative("libc6", "", ">=", "2.34"),), (Alternative("zlib1g"), Alternative("zlib2"))),
                    "provides": ((Alternative("downloader", "", "=", "8"),),),
                    "built-using": (
                        (Alternative("gcc-12", "", "=", "12.2.0-14"),),
                        (Alternative("rustc", "", "=", "1.63"),),
                    ),
                },
            ),
        ),
        Covers("text", ""),
        Texts("curl", "", Text("a tool for URLs", "It moves data.\n\n * fast")),
    ]


def test_without_long_descriptions_no_text_is_covered() -> None:
    assert [fact for fact in facts(b"Package: a\nVersion: 1\n") if isinstance(fact, Covers)] == [Covers("meta")]
    assert facts(b"") == [Covers("meta")]


@pytest.mark.parametrize(
    "bad",
    [
        b"Package: x\nVersion: 1\nDepends: y (>= \n",
        b"Package: x\n",
        b"Version: 1\n",
        b"Package: a b\nVersion: 1\n",
        b"Package: \xff\nVersion: 1\n",
        b"Package: " + b"x" * 300 + b"\nVersion: 1\n",
        b"Package: x\nVersion: 1 2\n",
        b"Package: x\nVersion: 1\ngarbage\n",
        b"Package: x\nVersion: 1\nArchitecture: a\x01\n",
        b"Package: nul\0\nVersion: 1\n",
    ],
)
def test_a_bad_package_is_a_fault_with_its_line_and_costs_no_other(bad: bytes) -> None:
    good = b"Package: good%d\nVersion: 1\n"
    found = facts(good % 1 + b"\n" + bad + b"\n" + good % 2)
    assert [fact.package for fact in found if isinstance(fact, Releases)] == ["good1", "good2"]
    (fault,) = [fact for fact in found if isinstance(fact, Fault)]
    assert fault.where in ("line 4", "line 6")


def test_a_fault_names_the_package_and_the_field() -> None:
    (_, fault) = facts(b"Package: x\nVersion: 1\nDepends: y (\n")
    assert isinstance(fault, Fault)
    assert "'x'" in fault.reason
    assert "depends" in fault.reason


@pytest.mark.parametrize(
    ("state", "there"),
    [
        ("install ok installed", True),
        ("install ok unpacked", True),
        ("install reinstreq half-installed", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
    ],
)
def test_status_leaves_out_what_is_not_installed(state: str, there: bool) -> None:
    found = facts(f"Package: a\nStatus: {state}\nVersion: 1\n".encode(), Status())
    assert any(isinstance(fact, Releases) for fact in found) == there


@pytest.mark.parametrize(
    ("source", "filename", "head", "known"),
    [
        (Packages(), "Packages", b"", True),
        (Packages(), "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages", b"", True),
        (Packages(), "whatever", CURL, True),
        (Packages(), "MyPackages", b"", False),
        (Packages(), "Sources", b"Package: a\nVersion: 1\nDirectory: pool\n", False),
        (Packages(), "status", b"Package: a\nVersion: 1\nStatus: install ok installed\n", False),
        (Status(), "status", b"Package: a\nStatus: install ok installed\n", True),
        (Status(), "anything", b"Package: a\nStatus: install ok installed\n", True),
        (Status(), "Packages", CURL, False),
        (Translation(), "x_i18n_Translation-pt_BR", b"", True),
        (Translation(), "x", b"Package: a\nDescription-md5: 0\nDescription-en: x\n", True),
        (Translation(), "Packages", CURL + b"Description-md5: 0\n", False),
    ],
)
def test_listings_are_known_by_name_and_content(
    source: Packages | Translation, filename: str, head: bytes, known: bool
) -> None:
    assert source.recognises(filename, head) == known


def test_a_translation_gives_texts_in_its_language() -> None:
    data = b"Package: a\nDescription-md5: 0\nDescription-pt_BR: um\n longo\n .\n fim\n\nPackage: b\nDescription-md5: 0\n"
    covers, texts, fault = Translation().read(io.BytesIO(data), "Translation-pt_BR")
    assert covers == Covers("text", "pt_BR")
    assert texts == Texts("a", "pt_BR", Text("um", "longo\n\nfim"))
    assert isinstance(fault, Fault)
    assert fault.where == "line 8"


def test_a_translation_under_another_name_goes_by_its_field() -> None:
    data = b"Package: a\nDescription-md5: 0\nDescription-de: eins\n zwei\n"
    assert list(Translation().read(io.BytesIO(data), "x")) == [
        Covers("text", "de"),
        Texts("a", "de", Text("eins", "zwei")),
    ]


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query, to compare with, is not here")
def test_this_hosts_status_reads_as_dpkg_query_reads_it() -> None:
    shape = "${Package}|${Version}|${Architecture}|${Maintainer}|${db:Status-Status}\\n"
    said = subprocess.run(["dpkg-query", "-W", "-f", shape], capture_output=True, check=True).stdout.decode()
    absent = ("|config-files", "|not-installed")
    expected = {tuple(line.split("|")[:4]) for line in said.splitlines() if not line.endswith(absent)}
    with open("/var/lib/dpkg/status", "rb") as stream:
        found = list(Status().read(stream, "status"))
    releases = [fact for fact in found if isinstance(fact, Releases)]
    assert not [fact for fact in found if isinstance(fact, Fault)]
    assert {
        (fact.package, fact.release.version, fact.release.architecture, fact.release.fields.get("maintainer", ""))
        for fact in releases
    } == expected
