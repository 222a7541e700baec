from __future__ import annotations

from pathlib import Path

import pytest

from pkgindex.store import filesystem

MOUNTS = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 0:9 / /srv rw shared:2 master:1 - autofs systemd-1 rw,fd=3
32 31 0:40 /export /srv/share rw - nfs4 host:/export rw
33 27 0:41 / /mnt/my\040disk\134x rw - fuse.sshfs me@host:/ rw
34 27 0:42 / /twice rw - ext4 /dev/vdb rw
35 34 0:43 / /twice rw - cifs //host/share rw
garbage
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (b"/", "ext4"),
        (b"/home/x", "ext4"),
        (b"/srv/share", "nfs4"),
        (b"/srv/share/a/b", "nfs4"),
        (b"/srv/shared", "autofs"),
        (b"/mnt/my disk\\x/spool", "fuse.sshfs"),
        (b"/twice/a", "cifs"),
        (b"/proc/self", "proc"),
    ],
)
def test_the_longest_and_latest_mount_that_holds_a_path_tells_its_file_system(path: bytes, kind: str) -> None:
    assert filesystem.mounted(MOUNTS, path).kind == kind


@pytest.mark.parametrize(
    ("kind", "remote"),
    [("nfs4", True), ("fuse.glusterfs", True), ("cifs", True), ("9p", True), ("ext4", False), ("fuseblk", False)],
)
def test_shares_are_told_from_local_disks(kind: str, remote: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"27 1 254:0 / / rw - {kind} x rw\n")
    monkeypatch.setattr(filesystem, "MOUNTS", str(mounts))
    assert filesystem.is_remote(str(tmp_path / "not" / "there")) is remote


def test_a_system_without_a_list_of_mounts_counts_as_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem, "MOUNTS", str(tmp_path / "none"))
    assert filesystem.file_system(str(tmp_path)) == ""
    assert not filesystem.is_remote(str(tmp_path))


def test_this_system_tells_something() -> None:
    assert filesystem.file_system("/proc") in ("proc", "")


def test_the_options_are_those_of_the_mount_and_of_its_file_system() -> None:
    line = b"31 27 0:9 / /srv ro,noatime shared:2 - nfs4 host:/e rw,vers=4.2,hard"
    assert filesystem.mounted(line, b"/srv/x").options == ("ro", "noatime", "rw", "vers=4.2", "hard")
