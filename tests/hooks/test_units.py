"""The units are what systemd understands, and are given no more than they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hooks.roots import installed, needs, place_in, removed
from pkgindex.hooks import units
from pkgindex.hooks.catalog import UNIT_NAMES
from pkgindex.hooks.place import Place

EXPOSURE_MAX = 2.0
SERVICES = [name for name in UNIT_NAMES if name.endswith(".service")]
analyze = needs("systemd-analyze")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = place_in(tmp_path)._replace(program=sys.executable)
    installed(place, "systemd")
    return place


@analyze
def test_systemd_finds_no_fault_in_them(place: Place) -> None:
    folder = Path(place.root, "etc/systemd/system")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, folder.glob("pkgindex-*"))],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "pkgindex" not in done.stderr, done.stderr


@analyze
@pytest.mark.parametrize("name", SERVICES)
def test_little_is_open_to_them(place: Place, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--root={place.root}", f"pkgindex-{name}"],
                          capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    with capsys.disabled():
        print(f"\npkgindex-{name}: exposure {found[1]}")
    assert float(found[1]) < EXPOSURE_MAX


def test_the_services_end_and_start_as_what_they_run_expects(place: Place) -> None:
    text = Path(place.root, "etc/systemd/system/pkgindex-watch.service").read_text()
    for line in ("Type=notify", "KillMode=mixed", f"ExecStart={sys.executable} watch", "ReadWritePaths=-/var/spool/pkgindex"):
        assert line in text


@needs("systemctl")
def test_units_are_enabled_in_an_image_and_disabled_before_they_go(place: Place, tmp_path: Path) -> None:
    def wanted() -> list[str]:
        return sorted(path.name for path in tmp_path.glob("etc/systemd/system/*.wants/*"))

    assert "enabled" in units.enable(place)
    assert wanted() == sorted(units.ENABLED)
    removed(place, "systemd")
    assert wanted() == [] and not list(tmp_path.glob("etc/systemd/system/pkgindex-*"))
