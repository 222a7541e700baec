"""Debian packages that this project's tools need: which, how to get them, and who may install them.

apt-get runs only as root or by a sudo that asks for no password, and says so first; everybody else is told the line.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from steps import step

# program: package. Tests whose program is missing are skipped, so that they run on any system.
TESTS = {"dpkg-deb": "dpkg", "rpm": "rpm", "rpmbuild": "rpm", "pacman": "pacman-package-manager", "npm": "npm",
         "dash": "dash", "busybox": "busybox", "zsh": "zsh", "fish": "fish", "systemd-analyze": "systemd",
         "strace": "strace", "haproxy": "haproxy"}
# The same for the long batteries.
LONG_TESTS = {"dnf": "dnf", "createrepo_c": "createrepo-c", "debootstrap": "debootstrap",
              "systemd-nspawn": "systemd-container"}


def missing(programs: dict[str, str]) -> list[str]:
    """The packages of those *programs* that are not here."""
    return sorted({package for program, package in programs.items() if shutil.which(program) is None})


def offer(programs: dict[str, str]) -> None:
    """Install what is missing of *programs*, or name it and go on without."""
    packages = missing(programs)
    if packages and not install(packages):
        print(f"some tests will be skipped; they need: {line(packages)}")


def install(packages: list[str]) -> bool:
    """True when apt-get has installed *packages*; False also where it must not."""
    if not allowed():
        return False
    fetch = [*prefix(), "apt-get", "-q", "update"]
    put = [*prefix(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "install"]
    put += ["--no-install-recommends", *packages]
    # A list that could not be fetched anew (a third party's server is down) does not say that the package is not there.
    step("apt-get update", fetch)
    return step(f"apt-get install {' '.join(packages)}", put)


def line(packages: list[str]) -> str:
    """What a person types to have *packages*."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {' '.join(packages)}"


def allowed() -> bool:
    if shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        return True
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


def prefix() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]
