"""Package managers in roots of their own, with our hook and without: what each step says, how it ends, what it took.

Packages are called `tiny`, in versions 1.0-1 and 2.0-1, with one file. The programs are those of this host.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from hooks.roots import SPOOL, installed, needs, place_in, stamp, with_shell
from pkgindex.hooks.place import Place
from pkgindex.spool import stamps

STEPS = ("install", "upgrade", "downgrade", "reinstall", "remove")
SECONDS_MAX = 300


class Told(NamedTuple):
    """What a manager told: its exit code and its words; *seconds* it took, and *busy* seconds of them it computed."""

    code: int
    words: str
    seconds: float
    busy: float


class Managed:
    """A root whose manager is called *hook* among ours; without *hooked* the same, and no hook."""

    hook = ""
    stamp_of = ""
    steps: tuple[str, ...] = STEPS
    programs: tuple[str, ...] = ()
    needs = needs()
    # What a manager says of hooks besides what it says without them.
    remarks: tuple[str, ...] = ()

    def __init__(self, work: Path, packages: Path, hooked: bool = True) -> None:
        self.root = work / "root"
        self.packages = packages
        self.home = work / "home"
        self.home.mkdir(parents=True)
        self.place: Place = place_in(self.root)
        self.prepare()
        if hooked:
            installed(self.place, self.hook)

    @property
    def spool(self) -> Path:
        return Path(str(self.root) + SPOOL)

    @classmethod
    def build(cls, packages: Path) -> None:
        """Make the packages, once for all roots."""

    def prepare(self) -> None:
        """Make the database."""

    def command(self, step: str) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self.home)}

    def run(self, step: str, *before: str) -> Told:
        """Take *step*; *before* stands before its command."""
        began, busy = time.monotonic(), _busy()
        done = subprocess.run([*before, *self.command(step)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=self.environment(), timeout=SECONDS_MAX, cwd="/")
        seconds = time.monotonic() - began
        words = done.stdout.replace(str(self.root), "ROOT").replace(str(self.home), "HOME")
        lines = [line for line in words.splitlines() if not line.startswith(self.remarks or ("\0",))]
        return Told(done.returncode, "\n".join(lines), seconds, _busy() - busy)

    def stamped(self) -> bool:
        """Whether a stamp was left since this was last asked."""
        path = stamp(self.root, self.stamp_of)
        there = self.stamp_of in stamps.dropped(str(self.spool))
        path.unlink(missing_ok=True)
        return there


def _busy() -> float:
    """Seconds that children of this process computed so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def added(pairs: list[tuple[list[Told], list[Told]]]) -> str:
    """What a hook adds, in words: the medians of the differences in *pairs* of runs without it and with it."""
    def middle(of: str) -> float:
        found = sorted(differences(pairs, of))
        return found[len(found) // 2] * 1000

    return f"{middle('busy'):.1f} ms of work, {middle('seconds'):.1f} ms on the clock (medians of {len(pairs)} pairs)"


def differences(pairs: list[tuple[list[Told], list[Told]]], of: str) -> list[float]:
    """Of each pair of runs, without a hook and with it, how much more the second has of `seconds` or `busy`."""
    return [sum(getattr(told, of) for told in hooked) - sum(getattr(told, of) for told in plain) for plain, hooked in pairs]


def made(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def deb(folder: Path, version: str, name: str = "tiny", script: str = "", path: str = "") -> Path:
    """A package of Debian's, with *script* as its postinst."""
    tree = folder / f"tree-{name}-{version}"
    file = tree / (path or f"usr/share/{name}/file")
    file.parent.mkdir(parents=True)
    file.write_text(version)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
                                         "Maintainer: Ada <ada@example.org>\nDescription: a tiny thing\n")
    if script:
        (tree / "DEBIAN/postinst").write_text(script)
        (tree / "DEBIAN/postinst").chmod(0o755)
    package = folder / f"{name}_{version}_all.deb"
    made("dpkg-deb", "--root-owner-group", "-b", str(tree), str(package))
    shutil.rmtree(tree)
    return package


class Dpkg(Managed):
    hook, stamp_of = "dpkg", "dpkg"
    steps = (*STEPS, "install", "purge")
    programs = ("dpkg", "dpkg-deb")
    needs = needs(*programs)
    script = ""

    @classmethod
    def build(cls, packages: Path) -> None:
        for version in ("1.0-1", "2.0-1"):
            deb(packages, version, script=cls.script)

    def prepare(self) -> None:
        for folder in ("info", "updates"):
            (self.root / "var/lib/dpkg" / folder).mkdir(parents=True)
        for file in ("status", "available"):
            (self.root / "var/lib/dpkg" / file).touch()
        # dpkg reads the configuration of the host that it runs on, and that of its user.
        (self.home / ".dpkg.cfg").symlink_to(self.root / "etc/dpkg/dpkg.cfg.d/pkgindex")

    def command(self, step: str) -> list[str]:
        what = {"remove": ["--remove", "tiny"], "purge": ["--purge", "tiny"],
                "upgrade": ["-i", f"{self.packages}/tiny_2.0-1_all.deb"], "configure": ["--configure", "-a"]}
        words = what.get(step, ["-i", f"{self.packages}/tiny_1.0-1_all.deb"])
        return ["dpkg", f"--root={self.root}", f"--log={self.home}/log", "--force-script-chrootless", *words]


class Pacman(Managed):
    hook, stamp_of = "pacman", "pacman"
    programs = ("pacman", "busybox")
    needs = needs(*programs)
    # There is no way to keep pacman from saying that hooks run.
    remarks = (":: Running post-transaction hooks", "(1/1) Telling pkgindex")

    @classmethod
    def build(cls, packages: Path) -> None:
        (packages / "pacman.conf").write_text("[options]\nArchitecture = auto\nSigLevel = Never\n")
        for version in ("1.0-1", "2.0-1"):
            tree = packages / f"tree-{version}"
            (tree / "usr/share/tiny").mkdir(parents=True)
            (tree / "usr/share/tiny/file").write_text(version)
            (tree / ".PKGINFO").write_text(f"pkgname = tiny\npkgbase = tiny\npkgver = {version}\npkgdesc = a tiny thing\n"
                                           "arch = any\nsize = 4096\nbuilddate = 1700000000\npackager = Ada\n")
            made("tar", "-C", str(tree), "-czf", str(packages / f"tiny-{version}-any.pkg.tar.gz"), ".PKGINFO", "usr")

    def prepare(self) -> None:
        with_shell(self.root)
        (self.root / "var/lib/pacman").mkdir()

    def command(self, step: str) -> list[str]:
        places = ["--config", f"{self.packages}/pacman.conf", "--root", str(self.root), "--cachedir", str(self.home),
                  "--hookdir", f"{self.root}/etc/pacman.d/hooks", "--logfile", f"{self.home}/log", "--gpgdir", str(self.home)]
        version = "2.0-1" if step == "upgrade" else "1.0-1"
        words = ["-R", "tiny"] if step == "remove" else ["-U", f"{self.packages}/tiny-{version}-any.pkg.tar.gz"]
        return ["pacman", *places, "--noconfirm", "--noprogressbar", *words]


SPEC = """\
Name: tiny
Version: {0}
Release: 1
Summary: a tiny thing
License: MIT
BuildArch: noarch
%description
It is tiny.
%install
mkdir -p %{{buildroot}}/usr/share/tiny
echo {0} > %{{buildroot}}/usr/share/tiny/file
%files
/usr/share/tiny
"""


class Rpm(Managed):
    hook, stamp_of = "rpm", "rpm"
    programs = ("rpm", "rpmbuild")
    needs = needs(*programs)

    @classmethod
    def build(cls, packages: Path) -> None:
        for version in ("1.0", "2.0"):
            spec = packages / f"tiny-{version}.spec"
            spec.write_text(SPEC.format(version))
            made("rpmbuild", "-bb", "--define", f"_topdir {packages}", "--define", f"_rpmdir {packages}",
                 "--define", "_rpmfilename %{name}-%{version}.rpm", str(spec))

    def prepare(self) -> None:
        made("rpm", "--root", str(self.root), "--dbpath", "/var/lib/rpm", "--initdb")

    def command(self, step: str) -> list[str]:
        version = "2.0" if step == "upgrade" else "1.0"
        over = ["-U", "--replacepkgs", "--oldpackage", f"{self.packages}/tiny-{version}.rpm"]
        words = ["-e", "tiny"] if step == "remove" else over
        return ["rpm", "--root", str(self.root), "--dbpath", "/var/lib/rpm", *words]


class Dnf4(Rpm):
    hook, stamp_of = "dnf4", "rpm"
    programs = ("dnf", "rpmbuild", "createrepo_c")
    needs = needs(*programs)

    @classmethod
    def build(cls, packages: Path) -> None:
        super().build(packages)
        made("createrepo_c", "-q", str(packages))

    def prepare(self) -> None:
        (self.home / "dnf.conf").write_text(
            f"[main]\ngpgcheck=0\npluginpath={self.root}/usr/lib/python3/dist-packages/dnf-plugins\npluginconfpath={self.home}\n"
            f"reposdir={self.home}\ncachedir={self.home}/cache\nlogdir={self.home}/log\npersistdir={self.home}/persist\n"
            f"[tiny]\nname=tiny\nbaseurl=file://{self.packages}\n")

    def command(self, step: str) -> list[str]:
        words = {"install": ["install", "tiny-1.0"], "upgrade": ["upgrade", "tiny"], "downgrade": ["downgrade", "tiny-1.0"],
                 "reinstall": ["reinstall", "tiny"], "remove": ["remove", "tiny"]}[step]
        return ["dnf", "-c", f"{self.home}/dnf.conf", f"--installroot={self.root}", "--releasever=1", "-y", "-q", *words]
