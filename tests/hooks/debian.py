"""A Debian of its own, whose apt knows one small repository: out of a cache, and bootstrapped when that is missing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hooks.managed import Managed, deb, made
from hooks.roots import needs

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"


def cache() -> Path:
    """Outside the project, because it outlives a checkout; a bootstrap takes minutes and a network."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "pkgindex-tests" / f"{SUITE}.tar"


def bootstrapped(scratch: Path) -> Path:
    """The archive of a minimal Debian."""
    archive = cache()
    if not archive.exists():
        try:
            made("debootstrap", "--variant=minbase", SUITE, str(scratch / "new"), MIRROR)
        except AssertionError as error:
            pytest.skip(f"no Debian can be bootstrapped here: {str(error)[-300:]}")
        shutil.rmtree(scratch / "new/var/cache/apt/archives")
        archive.parent.mkdir(parents=True, exist_ok=True)
        made("tar", "-C", str(scratch / "new"), "-cf", f"{archive}.{os.getpid()}", ".")
        Path(f"{archive}.{os.getpid()}").rename(archive)
        shutil.rmtree(scratch / "new")
    return archive


class Apt(Managed):
    hook, stamp_of = "apt", "dpkg"
    steps = ("install", "upgrade", "downgrade", "reinstall", "remove", "install", "purge", "plain", "plain purge")
    programs = ("debootstrap", "apt-get")
    needs = needs(*programs)

    @classmethod
    def build(cls, packages: Path) -> None:
        stanzas = []
        for version in ("1.0-1", "2.0-1"):
            package = deb(packages, version)
            said = subprocess.run(["dpkg-deb", "-f", str(package)], capture_output=True, text=True, check=True).stdout.strip()
            digest = hashlib.sha256(package.read_bytes()).hexdigest()
            stanzas.append(f"{said}\nFilename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest}\n")
        (packages / "Packages").write_text("\n".join(stanzas))

    def prepare(self) -> None:
        # Taken apart again, because what place_in made stands where links belong.
        shutil.rmtree(self.root)
        self.root.mkdir()
        made("tar", "-C", str(self.root), "-xf", str(bootstrapped(self.home)))
        shutil.copytree(self.packages, self.root / "srv/repo")
        (self.root / "etc/apt/sources.list").write_text("deb [trusted=yes] file:/srv/repo ./\n")
        made(*self._in("apt-get", "-q", "update"))

    def _in(self, *command: str) -> list[str]:
        there = ["DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        return ["chroot", str(self.root), "env", *there, *command]

    def command(self, step: str) -> list[str]:
        plain = {"plain": ["-i", "/srv/repo/tiny_1.0-1_all.deb"], "plain purge": ["-P", "tiny"]}
        if step in plain:
            return self._in("dpkg", *plain[step])
        words = {"install": ["install", "tiny=1.0-1"], "upgrade": ["install", "tiny"], "remove": ["remove", "tiny"],
                 "downgrade": ["install", "--allow-downgrades", "tiny=1.0-1"], "purge": ["purge", "tiny"],
                 "reinstall": ["install", "--reinstall", "--allow-downgrades", "tiny=1.0-1"]}[step]
        return self._in("apt-get", "-q", "-y", "-o", "APT::Sandbox::User=root", *words)
