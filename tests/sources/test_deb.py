from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Incomplete, Rejected
from pkgindex.sources.deb import Deb, read_archive
from pkgindex.sources.facts import Fact, Fault, Paths, Releases, Texts
from pkgindex.sources.limits import DEFAULT, Limits
from sources.compressors import COMPRESSORS

CONTROL = b"Package: tool\nVersion: 1.0\nArchitecture: amd64\nDepends: libc6\nDescription: a tool\n that works\n"
FILES = ["./usr/bin/tool", "./usr/share/" + "long/" * 60 + "name", "./usr/share/caf\udce9"]


def member(name: str, data: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
    return header + data + b"\n" * (len(data) % 2)


def archive(entries: list[tuple[str, bytes, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape") as tar:
        for name, kind, data in entries:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            info.linkname = "elsewhere"
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def deb(suffix: str = "", form: int = tarfile.GNU_FORMAT, control: bytes = CONTROL, files: list[str] = FILES) -> bytes:
    pack = COMPRESSORS.get(suffix, bytes)
    entries = [("./usr", tarfile.DIRTYPE, b""), *((name, tarfile.REGTYPE, b"content") for name in files)]
    entries.append(("./usr/bin/link", tarfile.SYMTYPE, b""))
    return (
        b"!<arch>\n"
        + member("debian-binary", b"2.0\n")
        + member("control.tar" + suffix, pack(archive([("./control", tarfile.REGTYPE, control)])))
        + member("data.tar" + suffix, pack(archive(entries, form)))
    )


def facts(data: bytes, limits: Limits = DEFAULT) -> list[Fact]:
    return list(Deb(limits).read(io.BytesIO(data), "tool.deb"))


def paths(found: list[Fact]) -> list[bytes]:
    return [pair for fact in found if isinstance(fact, Paths) for pair in fact.pairs]


@pytest.mark.parametrize("suffix", ["", *sorted(COMPRESSORS)])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_package_gives_its_release_its_text_and_its_files(suffix: str, form: int) -> None:
    found = facts(deb(suffix, form))
    release, text, files = found
    assert isinstance(release, Releases) and isinstance(text, Texts) and isinstance(files, Paths)
    assert (release.package, release.release.version, release.release.summary) == ("tool", "1.0", "a tool")
    assert text.text.description == "that works"
    assert files.architecture == "amd64"
    expected = [name[1:].encode("utf-8", "surrogateescape") for name in [*FILES, "./usr/bin/link"]]
    assert files.pairs == [path + b"\ttool" for path in expected]


def test_a_long_name_in_a_ustar_header_is_put_together() -> None:
    name = "./" + "a" * 90 + "/" + "b" * 90
    assert paths(facts(deb(form=tarfile.USTAR_FORMAT, files=[name])))[0] == name[1:].encode() + b"\ttool"


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_a_package_cut_short_anywhere_is_incomplete(suffix: str) -> None:
    data = deb(suffix, files=FILES[:1])
    # The byte that pads the last member says nothing.
    end = len(data) - (data[-1:] == b"\n" and suffix != "")
    for cut in range(0, end, 1 if suffix else 37):
        assert Deb().recognises("tool.deb", data[:cut])
        with pytest.raises(Incomplete):
            facts(data[:cut])
    assert paths(facts(data[:end]))


@pytest.mark.parametrize("name", ["../../etc/passwd", "./usr/../../etc/passwd", "./" + "x" * 5000, "."])
def test_a_path_that_leads_elsewhere_is_a_fault(name: str) -> None:
    found = facts(deb(files=[name, "/usr/bin/good", "usr/./bin//fine"]))
    assert len([fact for fact in found if isinstance(fact, Fault)]) == 1
    assert paths(found) == [b"/usr/bin/good\ttool", b"/usr/bin/fine\ttool", b"/usr/bin/link\ttool"]


def test_a_newline_in_a_path_is_kept_as_a_nul() -> None:
    assert paths(facts(deb(files=["./a\nb"])))[0] == b"/a\0b\ttool"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no archive", "offset 0"),
        (b"!<arch>\n" + b"x" * 60, "offset 8.*ar member header"),
        (b"!<arch>\n" + member("data.tar", b""), "before the control"),
        (b"!<arch>\n" + member("control.tar.gz", b"plain"), "not packed with"),
        (b"!<arch>\n" + member("control.tar", b"x" * 512), "checksum|number"),
        (b"!<arch>\n" + member("control.tar", archive([])), "no control file"),
        (deb(control=b""), "control file is empty"),
        (deb(control=b"Package: a b\nVersion: 1\n"), "line 1"),
        (deb(control=b"Package: x\nVersion: 1\nDepends: (\n"), "depends"),
    ],
)
def test_what_is_no_package_is_rejected_with_the_place(data: bytes, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        facts(data)


def test_promised_sizes_are_not_believed() -> None:
    data = bytearray(deb())
    at = data.index(b"data.tar")
    data[at + 48 : at + 58] = b"9999999999"
    with pytest.raises(Incomplete):
        facts(bytes(data))
    with pytest.raises(Rejected, match="entries"):
        facts(deb(), DEFAULT._replace(members_max=2))


def test_a_header_of_gigabytes_and_a_chain_of_headers_take_no_memory() -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 4 << 30
    huge = info.tobuf(tarfile.GNU_FORMAT)
    start = deb()[: deb().index(b"data.tar")]
    with pytest.raises(Rejected, match="4294967296 bytes"):
        facts(start + member("data.tar", huge))
    info.size = 1
    chain = (info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512) * 5000
    assert paths(facts(start + member("data.tar", chain))) == []


@given(st.integers(0, len(deb()) - 1), st.integers(1, 255), st.sampled_from(["", ".gz", ".xz"]))
def test_no_flipped_byte_raises_anything_but_rejected(at: int, flip: int, suffix: str) -> None:
    data = bytearray(deb(suffix))
    data[at % len(data)] ^= flip
    try:
        facts(bytes(data))
    except Rejected:
        return


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb, which builds the package, is not here")
@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "none"])
def test_what_dpkg_deb_builds_reads_as_dpkg_deb_lists_it(tmp_path: Path, kind: str) -> None:
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_bytes(CONTROL.replace(b"Version", b"Maintainer: x <x@example.org>\nVersion"))
    for name in ("usr/bin/tool", "usr/share/a file", "usr/share/" + "d" * 120 + "/" + "e" * 120, "etc/conf"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("x")
    os.symlink("tool", tree / "usr/bin/alias")
    (tree / "var/empty").mkdir(parents=True)
    built = tmp_path / "tool.deb"
    subprocess.run(["dpkg-deb", f"-Z{kind}", "--root-owner-group", "-b", tree, built], check=True, capture_output=True)
    with built.open("rb") as stream:
        found = list(Deb().read(stream, "tool.deb"))
    listing = subprocess.run(["dpkg-deb", "--fsys-tarfile", built], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(listing)) as tar:
        expected = sorted(info.name[1:].encode() for info in tar if not info.isdir())
    assert sorted(pair.rpartition(b"\t")[0] for pair in paths(found)) == expected
    version = subprocess.run(["dpkg-deb", "-f", built, "Version"], check=True, capture_output=True, text=True).stdout
    assert isinstance(found[0], Releases)
    assert found[0].release.version == version.strip()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_an_archive_says_what_stands_where_and_where_links_lead(form: int, tmp_path: Path) -> None:
    target = "elsewhere/" * 30 if form != tarfile.USTAR_FORMAT else "elsewhere"
    link = tarfile.TarInfo("./usr/bin/link")
    link.type, link.linkname = tarfile.SYMTYPE, target
    directory = tarfile.TarInfo("./usr")
    directory.type = tarfile.DIRTYPE
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for entry in (tarfile.TarInfo("./"), directory, link, tarfile.TarInfo("./usr/bin/tool")):
            tar.addfile(entry)
    control = archive([("./control", tarfile.REGTYPE, CONTROL),
                       ("./conffiles", tarfile.REGTYPE, b"/etc/tool.conf\nremove-on-upgrade /etc/old.conf\n\n")])
    file = tmp_path / "tool.deb"
    file.write_bytes(b"!<arch>\n" + member("debian-binary", b"2.0\n") + member("control.tar", control)
                     + member("data.tar", buffer.getvalue()))
    found = read_archive(str(file))
    assert (found.control.package, found.conffiles) == ("tool", {b"/etc/tool.conf", b"/etc/old.conf"})
    assert [(entry.path, entry.kind, entry.target) for entry in found.entries] == [
        (b"/usr", b"5", b""), (b"/usr/bin/link", b"2", target.encode()), (b"/usr/bin/tool", b"0", b"")]


def test_an_archive_without_data_or_control_is_refused(tmp_path: Path) -> None:
    for data, kind in ((deb()[:-700], Incomplete), (b"!<arch>\n" + member("debian-binary", b"2.0\n"), Incomplete)):
        file = tmp_path / "tool.deb"
        file.write_bytes(data)
        with pytest.raises(kind):
            read_archive(str(file))
