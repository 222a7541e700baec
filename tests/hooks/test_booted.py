"""The units under a systemd of their own: this host's files under an overlay, booted in a container up to `basic.target`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from environment import PROJECT
from hooks.managed import Dpkg, deb
from hooks.roots import may_mount, needs, needs_root

SECONDS_MAX = 900
# Every wait ends when what is waited for is there, and else is the test's failure: how fast the machine is does not matter.
SCRIPT = """\
#!/bin/bash
exec >/opt/said 2>&1
export PATH=/opt/pkgindex/bin:/usr/sbin:/usr/bin:/sbin:/bin
until_it() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.5; done; echo "IN VAIN: $*"; }
gone() { ! pkgindex which unittool; }
pkgindex hooks install systemd dpkg
until_it pkgindex which dpkg; echo "FIRST: $(pkgindex which dpkg)"
systemctl is-active pkgindex-watch.service pkgindex-sync.path pkgindex-sync.timer
until_it bash -c '[ "$(systemctl is-active pkgindex-sync.service)" = inactive ]'
systemctl stop pkgindex-sync.path pkgindex-sync.timer
dpkg -i /opt/tool.deb; until_it pkgindex which unittool; echo "BY WATCH: $(pkgindex which unittool)"
dpkg -r unittool; until_it gone; echo "GONE: $(pkgindex changes --removed --format '{package} {before}')"
pkgindex hooks remove dpkg; systemctl stop pkgindex-watch.service; systemctl start pkgindex-sync.path
dpkg -i /opt/tool.deb; until_it pkgindex which unittool; echo "BY PATH: $(pkgindex which unittool)"
until_it bash -c '[ "$(systemctl is-active pkgindex-sync.service)" = inactive ]'
echo "FAILED: $(systemctl list-units --failed --plain --no-legend 'pkgindex*')"
pkgindex hooks remove systemd
echo "LEFT: $(systemctl list-units --all --plain --no-legend 'pkgindex*')"
journalctl -b -u 'pkgindex*' --no-pager
touch /opt/ended
poweroff
"""
UNITS = {
    "trial.target": "[Unit]\nRequires=basic.target trial.service\nAfter=basic.target\nAllowIsolate=yes\n",
    "trial.service": "[Unit]\nAfter=basic.target\n[Service]\nExecStart=/opt/trial\n",
}
PROGRAM = """\
#!{python}
import sys
sys.path[:0] = ["/opt/pkgindex", "/opt/pkgindex/site"]
from pkgindex.cli.main import main
if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """The root of a machine that has this host's files, and pkgindex; what is written there stays there."""
    if not may_mount():
        pytest.skip("needs a user who may mount")
    root = tmp_path / "machine"
    for folder in ("upper", "work", "machine", "debs"):
        (tmp_path / folder).mkdir()
    # An overlay cannot lie upon another, as containers have it.
    subprocess.run(["mount", "-t", "tmpfs", "none", str(tmp_path / "upper")], check=True)
    for folder in ("files", "work"):
        (tmp_path / "upper" / folder).mkdir()
    layers = f"lowerdir=/,upperdir={tmp_path}/upper/files,workdir={tmp_path}/upper/work"
    mounted = subprocess.run(["mount", "-t", "overlay", "-o", layers, "none", str(root)], capture_output=True, text=True)
    try:
        if mounted.returncode:
            pytest.skip(f"needs an overlay of /: {mounted.stderr.strip()}")
        _furnish(root, deb(tmp_path / "debs", "1.0-1", "unittool", path="usr/bin/unittool"))
        yield root
    finally:
        subprocess.run(["umount", "-l", str(root)], capture_output=True)
        subprocess.run(["umount", "-l", str(tmp_path / "upper")], capture_output=True)


def _furnish(root: Path, package: Path) -> None:
    place = root / "opt/pkgindex"
    shutil.rmtree(root / "opt", ignore_errors=True)
    (place / "bin").mkdir(parents=True)
    shutil.copytree(PROJECT + "/pkgindex", place / "pkgindex")
    shutil.copytree(sysconfig.get_path("purelib"), place / "site")
    program = place / "bin/pkgindex"
    program.write_text(PROGRAM.format(python=Path(sys.executable).resolve()))
    shutil.copy(package, root / "opt/tool.deb")
    (root / "opt/trial").write_text(SCRIPT)
    for file in (program, root / "opt/trial"):
        file.chmod(0o755)
    for name, text in UNITS.items():
        (root / "etc/systemd/system" / name).write_text(text)
    for folder in ("var/lib/pkgindex", "var/spool/pkgindex"):
        shutil.rmtree(root / folder, ignore_errors=True)


@pytest.mark.slow
@needs_root
@needs("systemd-nspawn", "bash", "journalctl")
@Dpkg.needs
def test_systemd_runs_them_and_they_follow_dpkg(machine: Path) -> None:
    command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", f"--directory={machine}",
               "--boot", "systemd.unit=trial.target"]
    booted = subprocess.run(["timeout", "-k", "5", str(SECONDS_MAX), *command], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL)
    if not (machine / "opt/said").exists():
        pytest.skip(f"no container of systemd can be booted here: {(booted.stderr or booted.stdout)[-300:]}")
    said = (machine / "opt/said").read_text()
    assert (machine / "opt/ended").exists() and "IN VAIN" not in said, said
    told = dict(line.split(": ", 1) for line in said.splitlines() if line.split(": ")[0].isupper() and ": " in line)
    tool = "/usr/bin/unittool  (installed)"
    assert told["FIRST"].endswith("/usr/bin/dpkg  (installed)") and told["GONE"] == "unittool 1.0-1"
    assert told["BY WATCH"].endswith(tool) and told["BY PATH"].endswith(tool)
    assert told["FAILED"] == told["LEFT"] == "", said
    assert "\nactive\nactive\nactive\n" in said
