from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources.hosts.database import HostPackage
from pkgindex.sources.hosts.dpkg import DpkgDatabase
from sources.hosts.databases import packages

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
        "gone": "/.\n/etc\n/etc/gone.conf\n",
        "libx:amd64": "/.\n/usr\n/usr/lib\n/usr/lib/x.so\n/usr/lib/x.so.1\n",
        "libx:i386": "/.\n/usr\n/usr/lib\n/usr/lib/x.so\n",
        "tool": "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/bin/a tool",
    }
    for name, text in (usual if lists is None else lists).items():
        (database / f"info/{name}.list").write_text(text)
    return packages(DpkgDatabase(str(root)))


def test_installed_packages_come_by_name_with_what_is_installed_of_them(tmp_path: Path) -> None:
    gone, libx, tool = host(tmp_path)
    assert (gone.name, libx.name, tool.name) == ("gone", "libx", "tool")
    assert [release.architecture for release in libx.releases] == ["amd64", "i386"]
    assert libx.files == {"amd64": [b"/usr/lib/x.so", b"/usr/lib/x.so.1"], "i386": [b"/usr/lib/x.so"]}
    assert libx.texts[""].description == "long"
    assert tool.files == {"all": [b"/usr/bin/a tool", b"/usr/bin/tool"]}


def test_what_is_removed_but_for_its_configuration_is_not_installed(tmp_path: Path) -> None:
    gone, _, tool = host(tmp_path, STATUS.replace("Package: gone\n", "Package: gone\nDepends: libx\n"))
    assert (gone.releases[0].fields["installed"], dict(gone.releases[0].relations)) == ("false", {})
    assert gone.files == {"all": [b"/etc/gone.conf"]}
    assert (tool.releases[0].fields["installed"], list(tool.releases[0].relations)) == ("true", ["depends"])


def test_what_is_not_installed_at_all_is_not_there(tmp_path: Path) -> None:
    assert host(tmp_path, "Package: a\nStatus: purge ok not-installed\nPriority: optional\n", {}) == []


def test_what_dpkg_has_not_written_back_yet_counts(tmp_path: Path) -> None:
    host(tmp_path)
    updates = tmp_path / "var/lib/dpkg/updates"
    updates.mkdir()
    (updates / "0001").write_text("Package: tool\nStatus: install ok unpacked\nArchitecture: all\nVersion: 3\n")
    (updates / "0002").write_text("Package: libx\nStatus: purge ok not-installed\nArchitecture: i386\n")
    (updates / "tmp.i").write_text("half a line of what is being wri")
    _, libx, tool = packages(DpkgDatabase(str(tmp_path)))
    assert ([release.architecture for release in libx.releases], tool.releases[0].version) == (["amd64"], "3")


def test_who_asked_for_a_package_is_known_where_apt_keeps_a_list(tmp_path: Path) -> None:
    assert all("requested" not in package.releases[0].fields for package in host(tmp_path))
    extended = tmp_path / "var/lib/apt/extended_states"
    extended.parent.mkdir()
    automatic = [("libx", "i386", 1), ("tool", "amd64", 1), ("gone", "amd64", 0)]
    shape = "Package: {}\nArchitecture: {}\nAuto-Installed: {}\n\n"
    extended.write_text("".join(shape.format(*stanza) for stanza in automatic))
    gone, libx, tool = packages(DpkgDatabase(str(tmp_path)))
    requested = [release.fields["requested"] for package in (gone, libx, tool) for release in package.releases]
    assert requested == ["true", "true", "false", "false"]


def test_a_signature_changes_with_the_stanza_and_with_the_list_and_with_nothing_else(tmp_path: Path) -> None:
    host(tmp_path)
    database = DpkgDatabase(str(tmp_path))

    def signatures() -> dict[str, bytes]:
        return {name: sighting.signature for name, sighting in database.look().packages.items()}

    before = signatures()
    os.utime(tmp_path / "var/lib/dpkg/info/tool.list", (1, 1))
    assert {name for name, signature in signatures().items() if signature != before[name]} == {"tool"}
    host(tmp_path, STATUS.replace("Multi-Arch: same\nVersion: 1\nDescription", "Multi-Arch: same\nVersion: 2\nDescription"), {})
    assert {name for name, signature in signatures().items() if signature != before[name]} == {"libx", "tool"}


def test_an_empty_status_beside_file_lists_is_no_host_without_packages(tmp_path: Path) -> None:
    host(tmp_path)
    (tmp_path / "var/lib/dpkg/status").write_bytes(b"")
    with pytest.raises(Rejected, match=r"dpkg/status is empty, though"):
        DpkgDatabase(str(tmp_path)).look()


def test_no_database_and_a_missing_list_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"var/lib/dpkg/status.*--root"):
        DpkgDatabase(str(tmp_path)).state()
    with pytest.raises(NotFound, match=r"libx:amd64\.list.*reinstall libx"):
        host(tmp_path, lists={})


def test_an_unpacking_that_was_interrupted_may_have_no_list(tmp_path: Path) -> None:
    (package,) = host(tmp_path, "Package: a\nStatus: install reinstreq half-installed\nArchitecture: all\nVersion: 1\n", {})
    assert package.files == {"all": []}


@pytest.mark.parametrize("stanza", [
    "Package: ../../../etc/passwd\nVersion: 1\nArchitecture: all\n",
    "Package: a\nVersion: 1\nArchitecture: ../x\n",
    "garbage\n",
])
def test_a_record_that_nobody_can_name_is_a_trouble_and_costs_no_other(tmp_path: Path, stanza: str) -> None:
    host(tmp_path)
    (tmp_path / "var/lib/dpkg/status").write_text(f"{stanza}\n{STATUS}")
    look = DpkgDatabase(str(tmp_path)).look()
    assert list(look.packages) == ["gone", "libx", "tool"]
    ((package, reason),) = look.troubles
    assert package == "" and reason.startswith(f"{tmp_path}/var/lib/dpkg/status: ") and "dpkg --audit" in reason


def test_a_stanza_that_makes_no_sense_is_rejected_alone(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"dpkg/status: package 'a': no Version"):
        host(tmp_path, "Package: a\nStatus: install ok installed\nArchitecture: all\n", {"a": "/x\n"})


def test_a_list_that_is_a_link_is_rejected(tmp_path: Path) -> None:
    host(tmp_path)
    path = tmp_path / "var/lib/dpkg/info/tool.list"
    path.unlink()
    os.symlink("/etc/passwd", path)
    with pytest.raises(Rejected, match=r"tool\.list is a symbolic link"):
        packages(DpkgDatabase(str(tmp_path)))


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query, to compare with, is not here")
def test_this_host_reads_as_dpkg_lists_it() -> None:
    found = {package.name: package for package in packages(DpkgDatabase("/"))}
    shape = "${binary:Package} ${db:Status-Status}\\n"
    said = subprocess.run(["dpkg-query", "-W", "-f", shape], capture_output=True, check=True, text=True).stdout
    names = [line.split()[0] for line in said.splitlines() if not line.endswith(" not-installed")]
    assert {name.partition(":")[0] for name in names} == found.keys()
    listed = subprocess.run(["dpkg-query", "-L", names[0]], capture_output=True, check=True).stdout.split(b"\n")
    package = found[names[0].partition(":")[0]]
    assert {path for files in package.files.values() for path in files} <= set(listed)
