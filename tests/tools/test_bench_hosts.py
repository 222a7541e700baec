"""The rows about hosts measure what they say: the larger host is one, and what is asked of it is judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import bench_hosts
from bench_data import Place
from bench_hosts import Host
from pkgindex.config import Settings
from pkgindex.query.index import Index
from pkgindex.service.sync import sync
from pkgindex.sources.hosts.dpkg import DpkgDatabase


@pytest.fixture
def source(tmp_path: Path) -> Path:
    info = tmp_path / "source/info"
    info.mkdir(parents=True)
    stanza = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n{}\n"
    stanzas = (stanza.format("tool", "Depends: libx\n"), stanza.format("libx", "Multi-Arch: same\n"))
    (tmp_path / "source/status").write_text("".join(stanzas))
    (info / "tool.list").write_text("/.\n/usr\n/usr/bin\n/usr/bin/tool\n")
    (info / "libx:amd64.list").write_text("/.\n/usr\n/usr/lib\n/usr/lib/x.so\n")
    return tmp_path / "source"


def test_copies_are_packages_of_their_own_with_files_of_their_own(source: Path, tmp_path: Path) -> None:
    bench_hosts.copied(str(source), str(tmp_path / "root/var/lib/dpkg"), 5)
    settings = Settings(index=str(tmp_path / "index"), spool=str(tmp_path / "spool"))
    synced = sync(settings, DpkgDatabase(str(tmp_path / "root")), "host")
    assert synced.added == ("libx", "libx-copy2", "tool", "tool-copy2", "tool-copy3") and synced.troubles == ()
    with Index(settings.index) as index:
        owners = {path: [hit.package for hit in index.owner(path)] for path in ("/usr/bin/tool", "/copy2/usr/lib/x.so")}
    assert owners == {"/usr/bin/tool": ["tool"], "/copy2/usr/lib/x.so": ["libx-copy2"]}


def test_a_sync_that_fails_or_finds_something_where_nothing_is_falls_short(source: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    bench_hosts.copied(str(source), str(root / "var/lib/dpkg"), 2)
    env = {f"PKGINDEX_{what.upper()}": str(tmp_path / what) for what in ("index", "spool", "cache")}
    host = Host("this host", str(root), 2, 4, env)
    row = bench_hosts._first_row(host)
    assert row.reached and "2 added" in row.answers
    (root / "var/lib/dpkg/status").unlink()
    assert bench_hosts._first_row(host).reached is False
    assert "**exit code" in bench_hosts._first_row(host).answers


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: package managers change owners and roots")
def test_a_hook_is_measured_with_the_real_manager(tmp_path: Path) -> None:
    kind, missing = bench_hosts._managers()[0]
    if missing:
        pytest.skip(f"needs {missing}")
    row = bench_hosts._hook_row(Place(str(tmp_path)), kind, missing)
    assert row.measured is not None and "10 pairs, 0 wrong" in row.answers


def test_a_manager_that_is_not_here_is_not_measured_and_said(tmp_path: Path) -> None:
    row = bench_hosts._hook_row(Place(str(tmp_path)), bench_hosts._managers()[0][0], "dpkg-deb")
    assert row.verdict == "not measured" and "dpkg-deb" in row.answers
