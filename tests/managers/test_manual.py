"""Files that no package owns, in a root that the real dpkg filled."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from managers.roots import DpkgRoot, required, run
from pkgindex.cli.main import main
from pkgindex.config import Settings
from pkgindex.service.sync import sync
from pkgindex.sources.hosts.dpkg import DpkgDatabase

BY_HAND = {
    "/etc/dangling", "/etc/mine", "/etc/tool.conf.dpkg-old", "/usr/bin/local", "/usr/bin/own",
    "/usr/lib/python3/__pycache__/own.cpython-311.pyc", "/usr/local/bin/odd\n\udce9",
}


class Host(DpkgRoot):
    """A merged /usr, a package whose file is diverted, another whose link is an alternative, and what somebody put between."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        required("dpkg-divert", "update-alternatives")
        self.settings = Settings(index=str(root / "index"), spool=str(root / "spool"))
        for name in ("bin", "lib"):
            (self.root / "usr" / name).mkdir(parents=True)
            (self.root / name).symlink_to(f"usr/{name}")
        self.install("tool", "1", ["/bin/tool", "/usr/lib/python3/six.py", "/usr/share/tool/editor.1"], ["/etc/tool.conf"])
        self._divert("--package", "wrapper", "--divert", "/usr/bin/perf.distrib", "/usr/bin/perf")
        self._divert("--local", "--divert", "/usr/bin/local.distrib", "/usr/bin/local")
        self.install("linux-perf", "1", ["/usr/bin/perf", "/usr/bin/local"])
        self.install("wrapper", "1", ["/usr/bin/perf"])
        self.install("gone", "1", ["/usr/bin/gone"], ["/etc/gone.conf"])
        self.remove("gone")
        self._alternative()
        for path in BY_HAND - {"/etc/dangling"}:
            self.put(path)
        self.put("/usr/lib/python3/__pycache__/six.cpython-311.pyc")
        (self.root / "etc/dangling").symlink_to("/nowhere")

    def put(self, path: str) -> None:
        place = Path(f"{self.root}{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"by hand")

    def _divert(self, *words: str) -> None:
        run("dpkg-divert", "--root", str(self.root), "--quiet", "--no-rename", "--add", *words)

    def _alternative(self) -> None:
        admin, links = self.root / "var/lib/dpkg/alternatives", self.root / "etc/alternatives"
        admin.mkdir(parents=True)
        links.mkdir(parents=True)
        (self.root / "usr/share/man").mkdir()
        run("update-alternatives", "--root", str(self.root), "--quiet", "--log", str(self._work / "alternatives.log"),
            "--install", "/bin/editor", "editor", "/bin/tool", "10",
            "--slave", "/usr/share/man/editor.1", "editor.1", "/usr/share/tool/editor.1")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    host = Host(tmp_path_factory.mktemp("host"))
    sync(host.settings, DpkgDatabase(str(host.root)), "host")
    return host


@pytest.fixture
def manual(host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """The paths that `pkgindex manual` gives."""
    monkeypatch.setenv("PKGINDEX_INDEX", host.settings.index)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(host.root))

    def ask(*words: str) -> list[str]:
        capfd.readouterr()
        assert main(["manual", "--root", str(host.root), "--repo", "host", "--json", *words]) in (0, 1)
        return [hit["path"] for hit in json.loads(capfd.readouterr().out)["hits"]]

    return ask


def test_what_somebody_put_between_the_packages_is_found_and_nothing_else(manual: Callable[..., list[str]]) -> None:
    assert manual() == sorted(BY_HAND)


def test_dpkg_itself_finds_no_owner_for_what_is_found(host: Host, manual: Callable[..., list[str]]) -> None:
    for path in manual():
        said = run("sh", "-c", f"dpkg-query --admindir={host.root}/var/lib/dpkg -S \"$0\" 2>&1 || true", path)
        assert "no path found" in said or said.startswith("local diversion")


def test_only_the_places_that_are_named_are_looked_through(manual: Callable[..., list[str]]) -> None:
    assert manual("/bin") == manual("usr/bin") == ["/usr/bin/local", "/usr/bin/own"]
    assert manual("/bin", "/usr", "/usr/bin", "/usr/local") == manual("/usr")
    assert manual("/etc/mine") == ["/etc/mine"]
    assert manual("/etc/tool.conf", "/usr/share") == []


def test_what_is_older_is_left_out(host: Host, manual: Callable[..., list[str]]) -> None:
    assert manual("--since", "1h") == sorted(BY_HAND)
    tomorrow = time.strftime("%Y-%m-%d", time.localtime(time.time() + 86_400))
    assert manual("--since", tomorrow) == []


def test_a_place_that_is_not_there_and_a_host_that_is_not_indexed_are_told(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PKGINDEX_INDEX", host.settings.index)
    assert main(["manual", "--root", str(host.root), "--repo", "host", "/nowhere"]) == 1
    assert "nowhere" in capfd.readouterr().err
    assert main(["manual", "--root", str(host.root)]) == 1
    assert "pkgindex sync" in capfd.readouterr().err


def test_what_could_not_be_read_is_told(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PKGINDEX_INDEX", host.settings.index)
    (tmp_path / "var").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/here").touch()
    # Deeper than any path may be long, which not even root can read.
    handle = os.open(tmp_path / "etc", os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=handle)
        handle, above = os.open("d" * 200, os.O_RDONLY, dir_fd=handle), handle
        os.close(above)
    os.close(handle)
    assert main(["manual", "--root", str(tmp_path), "--repo", "host"]) == 5
    out, err = capfd.readouterr()
    assert out == "/etc/here\n" and err.startswith("pkgindex: could not be read: /etc/ddd")
