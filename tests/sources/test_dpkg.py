from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources import names
from pkgindex.sources.dpkg import HostPackage, read_host, stored, without_directories

STATUS = """\
Package: libx
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 1
Description: x
 long

Package: libx
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: tool
Status: install ok installed
Architecture: all
Version: 2
Depends: libx
"""


def host(root: Path, status: str = STATUS, lists: dict[str, str] | None = None) -> list[HostPackage]:
    database = root / "var/lib/dpkg"
    (database / "info").mkdir(parents=True, exist_ok=True)
    (database / "status").write_text(status)
    usual = {
        "libx:amd64": "/.\n/usr\n/usr/lib\n/usr/lib/x.so\n/usr/lib/x.so.1\n",
        "libx:i386": "/.\n/usr\n/usr/lib\n/usr/lib/x.so\n",
        "tool": "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/bin/a tool",
    }
    for name, text in (usual if lists is None else lists).items():
        (database / f"info/{name}.list").write_text(text)
    return list(read_host(str(root)))


def test_installed_packages_come_by_name_with_what_is_installed_of_them(tmp_path: Path) -> None:
    libx, tool = host(tmp_path)
    assert (libx.name, tool.name) == ("libx", "tool")
    assert [release.architecture for release in libx.releases] == ["amd64", "i386"]
    assert libx.files == {"amd64": [b"/usr/lib/x.so", b"/usr/lib/x.so.1"], "i386": [b"/usr/lib/x.so"]}
    assert libx.texts[""].description == "long"
    assert tool.files == {"all": [b"/usr/bin/a tool", b"/usr/bin/tool"]}


def test_no_database_and_a_missing_list_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"var/lib/dpkg/status.*--root"):
        list(read_host(str(tmp_path)))
    with pytest.raises(NotFound, match=r"libx:amd64\.list.*reinstall libx"):
        host(tmp_path, lists={})


def test_an_unpacking_that_was_interrupted_may_have_no_list(tmp_path: Path) -> None:
    (package,) = host(tmp_path, "Package: a\nStatus: install reinstreq half-installed\nArchitecture: all\nVersion: 1\n", {})
    assert package.files == {"all": []}


@pytest.mark.parametrize(
    "stanza",
    [
        "Package: ../../../etc/passwd\nVersion: 1\nArchitecture: all\n",
        "Package: a\nVersion: 1\nArchitecture: ../x\n",
        "Package: a\nArchitecture: all\n",
        "garbage\n",
    ],
)
def test_a_damaged_status_is_rejected_with_file_and_line(tmp_path: Path, stanza: str) -> None:
    with pytest.raises(Rejected, match=r"dpkg/status: line \d+"):
        host(tmp_path, stanza, {})


def test_a_list_that_is_a_link_is_rejected(tmp_path: Path) -> None:
    host(tmp_path)
    path = tmp_path / "var/lib/dpkg/info/tool.list"
    path.unlink()
    os.symlink("/etc/passwd", path)
    with pytest.raises(Rejected, match=r"tool\.list is a symbolic link"):
        list(read_host(str(tmp_path)))


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query, to compare with, is not here")
def test_this_host_reads_as_dpkg_lists_it() -> None:
    found = {package.name: package for package in read_host("/")}
    shape = "${binary:Package} ${db:Status-Status}\\n"
    said = subprocess.run(["dpkg-query", "-W", "-f", shape], capture_output=True, check=True, text=True).stdout
    names = [line.split()[0] for line in said.splitlines() if line.endswith(" installed")]
    assert {name.partition(":")[0] for name in names} <= found.keys()
    listed = subprocess.run(["dpkg-query", "-L", names[0]], capture_output=True, check=True).stdout.split(b"\n")
    package = found[names[0].partition(":")[0]]
    assert {path for files in package.files.values() for path in files} <= set(listed)


odd = st.lists(st.sampled_from([b"/", b"//", b".", b"..", b"a", b"\0", b"\n", b"/usr/x"]), max_size=12).map(b"".join)


@given(raw=odd)
def test_a_tidy_list_is_read_as_one_that_is_looked_at_path_by_path(raw: bytes) -> None:
    try:
        slowly = [names.path(line, 4) for line in without_directories(raw.split(b"\n"))]
    except names.Unreadable:
        with pytest.raises(names.Unreadable):
            stored(raw, 4)
    else:
        assert stored(raw, 4) == slowly
