"""What lies between installed and not installed, and what real managers say of a package besides its files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from managers.following import Follower
from managers.roots import DpkgRoot, PacmanRoot, PythonRoot, RpmRoot
from pkgindex.errors import Busy
from pkgindex.model.package import Package
from pkgindex.service.sync import sync
from pkgindex.sources.hosts import managers


def relations(package: Package) -> dict[str, list[str]]:
    (release,) = package.releases.values()
    return {
        kind: [" | ".join(alternative.written for alternative in relation) for relation in found]
        for kind, found in release.relations.items()
    }


def fields(package: Package) -> dict[str, str]:
    (release,) = package.releases.values()
    return dict(release.fields)


@pytest.fixture
def dpkg(tmp_path: Path) -> Follower:
    return Follower("dpkg", DpkgRoot(tmp_path), tmp_path)


def test_a_package_that_is_removed_keeps_its_configuration_until_it_is_purged(dpkg: Follower) -> None:
    dpkg.root.install("tool", "1", ["/usr/bin/tool"], conffiles=["/etc/tool.conf"], Suggests="libc6")
    dpkg.sync()
    dpkg.root.remove("tool")
    assert dpkg.sync().changed == ("tool",)
    tool = dpkg.packages()["tool"]
    assert (fields(tool)["installed"], fields(tool)["status"]) == ("false", "deinstall ok config-files")
    assert relations(tool) == {} and tool.files == {"all": [b"/etc/tool.conf"]}
    assert dpkg.listed() == dpkg.root.listed()
    dpkg.root.purge("tool")
    assert dpkg.sync().removed == ("tool",)
    assert dpkg.listed() == dpkg.root.listed() == {}


def test_a_package_that_is_only_unpacked_says_so(dpkg: Follower) -> None:
    dpkg.root.unpack(dpkg.root.build("tool", "1", ["/usr/bin/tool"]))
    dpkg.sync()
    assert fields(dpkg.packages()["tool"])["status"] == "install ok unpacked"
    assert dpkg.listed() == dpkg.root.listed()


def test_while_dpkg_is_at_work_nothing_is_submitted_and_dpkg_does_not_notice(dpkg: Follower) -> None:
    dpkg.root.install("other", "1", ["/usr/bin/other"])
    dpkg.sync()
    pipe = dpkg.root.root / "pipe"
    os.mkfifo(pipe)
    package = dpkg.root.build("tool", "1", ["/usr/bin/tool"], postinst=f"#!/bin/sh\nread word < {pipe}\n")
    with subprocess.Popen(dpkg.root.command("--install", str(package)), stdout=subprocess.DEVNULL) as working:
        with open(pipe, "w") as waiting:  # opened as soon as the script waits
            (database,) = managers.named("dpkg", str(dpkg.root.root), dpkg.settings)
            with pytest.raises(Busy, match=r"dpkg or apt is at work: .* is locked: nothing was submitted"):
                sync(dpkg.settings._replace(lock_wait_seconds=0.0), database)
            assert list(dpkg.packages()) == ["other"]
            waiting.write("go on\n")
        assert working.wait(60) == 0
    assert dpkg.sync().added == ("tool",)
    assert dpkg.listed() == dpkg.root.listed()


def test_after_dpkg_was_killed_the_index_says_what_dpkg_says(dpkg: Follower) -> None:
    dpkg.root.install("other", "1", ["/usr/bin/other"])
    dpkg.sync()
    for number, script in enumerate(("preinst", "postinst")):
        package = dpkg.root.build("tool", str(number), ["/usr/bin/tool"], **{script: "#!/bin/sh\nkill -9 $PPID\n"})
        done = subprocess.run(dpkg.root.command("--install", str(package)), capture_output=True, check=False)
        assert done.returncode == -9, done
        assert os.listdir(dpkg.root.root / "var/lib/dpkg/updates"), "dpkg wrote status before it was killed"
        dpkg.sync()
        assert dpkg.listed() == dpkg.root.listed()
        shown = dpkg.root.states()
        assert {name: fields(package)["status"] for name, package in dpkg.packages().items()} == shown
        assert shown["tool"] != "install ok installed"
    dpkg.root.install("tool", "3", ["/usr/bin/tool"])
    dpkg.sync()
    assert dpkg.listed() == dpkg.root.listed()


def test_what_rpm_requires_is_told_by_kind(tmp_path: Path) -> None:
    rpm = Follower("rpm", RpmRoot(tmp_path), tmp_path)
    preamble = (
        "Epoch: 2\nRequires: /bin/sh, libfoo.so.1(GLIBC_2.34)(64bit), bar >= 1:1.2\nRequires(pre): shadow\nRequires: (a if b)\n"
        "Recommends: rec\nObsoletes: old < 1\nConflicts: enemy = 3\nProvides: virtual = 7\nSupplements: other\n"
    )
    rpm.root.install("tool", "1.0-3", ["/usr/bin/tool"], preamble)
    rpm.sync()
    tool = rpm.packages()["tool"]
    assert list(tool.releases) == [("2:1.0-3", "noarch")]
    assert relations(tool) == {
        "pre-depends": ["shadow"], "depends": ["/bin/sh", "bar (>= 1:1.2)", "libfoo.so.1(GLIBC_2.34)(64bit)"],
        "recommends": ["rec"], "enhances": ["other"], "conflicts": ["enemy (= 3)"], "replaces": ["old (<< 1)"],
        "provides": ["virtual (= 7)"],
    }
    assert fields(tool)["depend.rich"] == "(a if b)"
    assert tool.texts[""].description == "It is tiny."


def test_while_rpm_is_at_work_nothing_is_submitted_and_rpm_does_not_notice(tmp_path: Path) -> None:
    rpm = Follower("rpm", RpmRoot(tmp_path), tmp_path)
    rpm.root.install("other", "1", ["/usr/bin/other"])
    rpm.sync()
    os.mkfifo(rpm.root.root / "pipe")
    package = rpm.root.build("tool", "1", ["/usr/bin/tool"], '%pre -p <lua>\nio.open("/pipe"):read()\n')
    with subprocess.Popen(rpm.root.command("--install", str(package)), stderr=subprocess.DEVNULL) as working:
        with open(rpm.root.root / "pipe", "w") as waiting:
            (database,) = managers.named("rpm", str(rpm.root.root), rpm.settings)
            with pytest.raises(Busy, match="rpm is at work"):
                sync(rpm.settings._replace(lock_wait_seconds=0.0), database)
            waiting.write("go on\n")
        assert working.wait(60) == 0
    assert rpm.sync().added == ("tool",)
    assert rpm.listed() == rpm.root.listed()


def test_what_pacman_knows_is_told(tmp_path: Path) -> None:
    pacman = Follower("pacman", PacmanRoot(tmp_path), tmp_path)
    pacman.root.install(
        "tool", "1:1.0-1", ["/usr/bin/tool"], depend="glibc>=2.38\nlibz.so=1-64", optdepend="foo: for all: of it",
        provides="virtual=2", conflict="enemy<2", replaces="old", license="MIT\nGPL",
    )
    pacman.sync()
    tool = pacman.packages()["tool"]
    assert relations(tool) == {
        "depends": ["glibc (>= 2.38)", "libz.so (= 1-64)"], "suggests": ["foo"], "conflicts": ["enemy (<< 2)"],
        "replaces": ["old"], "provides": ["virtual (= 2)"],
    }
    found = fields(tool)
    assert (found["license"], found["requested"], found["installed-size"]) == ("MIT\nGPL", "true", "4")
    pacman.root.forget_that_it_was_asked_for("tool")
    assert pacman.sync().changed == ("tool",)
    assert fields(pacman.packages()["tool"])["requested"] == "false"


def test_a_lock_that_pacman_left_behind_is_named(tmp_path: Path) -> None:
    pacman = Follower("pacman", PacmanRoot(tmp_path), tmp_path)
    pacman.root.install("tool", "1-1", ["/usr/bin/tool"])
    lock = pacman.root.root / "var/lib/pacman/db.lck"
    lock.touch()
    (database,) = managers.named("pacman", str(pacman.root.root), pacman.settings)
    with pytest.raises(Busy, match=r"db\.lck is there \(after a crash it stays"):
        sync(pacman.settings._replace(lock_wait_seconds=0.0), database)
    lock.unlink()
    assert pacman.sync().added == ("tool",)


def test_what_uv_installs_says_so(tmp_path: Path) -> None:
    uv = Follower("uv", PythonRoot(tmp_path, "uv"), tmp_path)
    uv.root.install("Tiny.Tool", "1.0", ["tiny.py"], "Requires-Dist: six>=1,<2\nRequires-Dist: x; python_version<'3'\n")
    uv.sync()
    tool = uv.packages()["tiny-tool"]
    assert relations(tool) == {"depends": ["six (>= 1)", "six (<< 2)"]}
    assert {"installer": "uv", "requested": "true", "title": "Tiny.Tool"}.items() <= fields(tool).items()
    assert tool.texts[""].description == "It is tiny."
