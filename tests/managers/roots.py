"""Tiny roots of real package managers: packages are built, installed, upgraded and removed by their own programs.

Each root offers `install(name, version, files, ...)`, `remove(name)`, and `listed()`, which is what the manager itself says
is installed: {name: (versions, paths)}. Paths are those that no other path of the package lies below.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from pkgindex.sources.hosts.files import without_directories

Listed = dict[str, tuple[set[str], set[str]]]


def run(*command: str, **more: str) -> str:
    """What *command* prints. Its failure is the test's."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape",
        env={**os.environ, "LC_ALL": "C.UTF-8", **more}, timeout=300, check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def required(*programs: str) -> None:
    """Skip the test that needs a program which is not here, and say which."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}: 'python3 tools/dev.py test' offers to install what is missing")


def leaves(paths: Sequence[str]) -> set[str]:
    raw = [os.fsencode(path) for path in paths if path not in ("", "/", "/.")]
    return {os.fsdecode(path) for path in without_directories(raw)}


class DpkgRoot:
    """dpkg with a database of its own, below *root*."""

    def __init__(self, root: Path) -> None:
        required("dpkg", "dpkg-deb")
        self.root = root / "host"
        self._work = root / "debs"
        (self.root / "var/lib/dpkg/info").mkdir(parents=True)
        (self.root / "var/lib/dpkg/updates").mkdir()
        (self.root / "var/lib/dpkg/status").touch()
        (self.root / "var/log").mkdir()

    def build(self, name: str, version: str, files: Sequence[str], conffiles: Sequence[str] = (), **fields: str) -> Path:
        """A package; *fields* are those of its control file, and its scripts by their names."""
        tree = self._work / f"{name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        for script in {"preinst", "postinst", "prerm", "postrm"} & fields.keys():
            (tree / "DEBIAN" / script).write_text(fields.pop(script))
            (tree / "DEBIAN" / script).chmod(0o755)
        said = {
            "Package": name, "Version": version, "Architecture": "all", "Maintainer": "Joe <joe@example.org>",
            "Description": f"the {name}\n It is tiny.", **{key.replace("_", "-"): value for key, value in fields.items()},
        }
        (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in said.items()))
        if conffiles:
            (tree / "DEBIAN/conffiles").write_text("".join(f"{path}\n" for path in conffiles))
        for path in (*files, *conffiles):
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"{name} {version}\n")
        package = self._work / f"{name}_{version.replace(':', '%3a')}.deb"
        run("dpkg-deb", "--root-owner-group", "-b", str(tree), str(package))
        shutil.rmtree(tree)
        return package

    def install(self, name: str, version: str, files: Sequence[str], conffiles: Sequence[str] = (), **fields: str) -> None:
        self._dpkg("--install", str(self.build(name, version, files, conffiles, **fields)))

    def remove(self, name: str) -> None:
        self._dpkg("--remove", name)

    def purge(self, name: str) -> None:
        self._dpkg("--purge", name)

    def unpack(self, package: Path) -> None:
        self._dpkg("--unpack", str(package))

    def listed(self) -> Listed:
        shape = "${Package}\\t${Version}\\t${db:Status-Status}\\n"
        said = [line.split("\t") for line in self._query("-W", "-f", shape).splitlines()]
        found: Listed = {}
        for name, version, state in said:
            if state != "not-installed":
                paths = self._query("-L", name).splitlines()
                found[name] = ({version}, leaves([path for path in paths if path.startswith("/")]))
        return found

    def states(self) -> dict[str, str]:
        said = [line.split("\t") for line in self._query("-W", "-f", "${Package}\\t${Status}\\n").splitlines()]
        return {name: status for name, status in said if not status.endswith(" not-installed")}

    def command(self, *arguments: str) -> list[str]:
        """dpkg with *arguments*, for who looks at it while it works."""
        return ["dpkg", f"--root={self.root}", "--force-not-root", "--force-script-chrootless", "--force-confmiss",
                f"--log={self.root}/var/log/dpkg.log", *arguments]

    def _query(self, *arguments: str) -> str:
        return run("dpkg-query", f"--admindir={self.root}/var/lib/dpkg", *arguments)

    def _dpkg(self, *arguments: str) -> None:
        run(*self.command(*arguments), PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class RpmRoot:
    """rpm with a database of its own."""

    def __init__(self, root: Path) -> None:
        required("rpm", "rpmbuild")
        self.root = root / "host"
        self._work = root / "rpms"
        self._work.mkdir()
        (self.root / "var/lib/rpm").mkdir(parents=True)
        self._rpm("--initdb")

    def build(self, name: str, version: str, files: Sequence[str], preamble: str = "") -> Path:
        version, _, release = version.partition("-")
        install = "".join(f'mkdir -p "$(dirname "%{{buildroot}}{path}")"; echo x > "%{{buildroot}}{path}"\n' for path in files)
        listed = "".join(f'"{path}"\n' for path in files)
        spec = self._work / f"{name}.spec"
        spec.write_text(
            f"Name: {name}\nVersion: {version}\nRelease: {release or 1}\nSummary: the {name}\nLicense: MIT\nBuildArch: noarch\n"
            f"{preamble}\n%description\nIt is tiny.\n%install\n{install}%files\n{listed}"
        )
        run("rpmbuild", "-bb", "--define", f"_topdir {self._work}", str(spec))
        return self._work / f"RPMS/noarch/{name}-{version}-{release or 1}.noarch.rpm"

    def install(self, name: str, version: str, files: Sequence[str], preamble: str = "") -> None:
        package = self.build(name, version, files, preamble)
        self._rpm("--upgrade", "--oldpackage", "--replacepkgs", "--nodeps", str(package))

    def remove(self, name: str) -> None:
        self._rpm("--erase", "--nodeps", name)

    def listed(self) -> Listed:
        found: Listed = {}
        for line in self._rpm("-qa", "--qf", "%{name}\\t%{evr}\\n").splitlines():
            name, version = line.split("\t")
            found[name] = ({version}, leaves(self._rpm("-q", "--qf", "[%{filenames}\\n]", name).splitlines()))
        return found

    def _rpm(self, *arguments: str) -> str:
        return run(*self.command(*arguments))

    def command(self, *arguments: str) -> list[str]:
        """rpm with *arguments*, for who looks at it while it works."""
        return ["rpm", "--root", str(self.root), "--dbpath", "/var/lib/rpm", *arguments]


class PacmanRoot:
    """pacman with a database of its own; its packages are archives with a `.PKGINFO`."""

    def __init__(self, root: Path) -> None:
        required("pacman", "tar")
        self.root = root / "host"
        self._work = root / "packages"
        self._work.mkdir()
        (self.root / "var/lib/pacman").mkdir(parents=True)
        (self.root / "var/log").mkdir()
        self._configuration = self._work / "pacman.conf"
        self._configuration.write_text("[options]\nArchitecture = any\nSigLevel = Never\n")

    def build(self, name: str, version: str, files: Sequence[str], **fields: str) -> Path:
        tree = self._work / f"tree-{name}"
        said = {"pkgname": name, "pkgbase": name, "pkgver": version, "pkgdesc": f"the {name}", "arch": "any", "size": "4096"}
        said.update(fields)
        for path in files:
            (tree / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (tree / path.lstrip("/")).write_text(f"{name} {version}\n")
        lines = [f"{key} = {line}\n" for key, value in said.items() for line in value.split("\n")]
        (tree / ".PKGINFO").write_text("".join(lines))
        package = self._work / f"{name}-{version}-any.pkg.tar.gz"
        run("tar", "-C", str(tree), "-czf", str(package), *sorted(os.listdir(tree)))
        shutil.rmtree(tree)
        return package

    def install(self, name: str, version: str, files: Sequence[str], **fields: str) -> None:
        package = self.build(name, version, files, **fields)
        self._pacman("-U", "-dd", str(package))

    def remove(self, name: str) -> None:
        self._pacman("-Rdd", name)

    def forget_that_it_was_asked_for(self, name: str) -> None:
        self._pacman("-D", "--asdeps", name)

    def listed(self) -> Listed:
        found: Listed = {}
        for line in self._pacman("-Q").splitlines():
            name, version = line.split(" ")
            paths = [path.removeprefix(str(self.root)).rstrip("/") for path in self._pacman("-Qlq", name).splitlines()]
            found[name] = ({version}, leaves(paths))
        return found

    def _pacman(self, *arguments: str) -> str:
        places = {
            "--root": self.root, "--dbpath": self.root / "var/lib/pacman", "--cachedir": self._work / "cache",
            "--gpgdir": self._work, "--logfile": self.root / "var/log/pacman.log",
            "--hookdir": self._work, "--config": self._configuration,
        }
        options = [word for option, place in places.items() for word in (option, str(place))]
        quiet = {"-U": ("--noconfirm", "--noscriptlet"), "-R": ("--noconfirm", "--noscriptlet")}.get(arguments[0][:2], ())
        return run("pacman", *options, *quiet, *arguments)


class PythonRoot:
    """A virtual environment; *installer* is `pip` or `uv`."""

    def __init__(self, root: Path, installer: str = "pip") -> None:
        self._uv = str(Path(sys.executable).with_name("uv"))
        if installer == "uv":
            required(self._uv)
        self.root = root / "host"
        self._wheels = root / "wheels"
        self._wheels.mkdir()
        self._installer = installer
        run(sys.executable, "-m", "venv", "--without-pip", str(self.root))

    def build(self, name: str, version: str, files: Sequence[str], metadata: str = "") -> Path:
        """A wheel with *files* in site-packages."""
        stem = f"{name.replace('-', '_')}-{version}"
        contents = dict.fromkeys(files, f"{name} {version}\n")
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
        contents[f"{stem}.dist-info/METADATA"] = f"{head}\nIt is tiny.\n"
        contents[f"{stem}.dist-info/WHEEL"] = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        record = f"{stem}.dist-info/RECORD"
        wheel = self._wheels / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in contents.items():
                archive.writestr(path, text)
            archive.writestr(record, "".join(f'"{path}",,\n' for path in (*contents, record)))
        return wheel

    def install(self, name: str, version: str, files: Sequence[str], metadata: str = "") -> None:
        wheel = self.build(name, version, files, metadata)
        offline = ("--no-index", "--find-links", str(self._wheels))
        if self._installer == "uv":
            run(self._uv, "pip", "install", *offline, "--reinstall", "--no-deps", "--python", str(self.root), str(wheel))
        else:
            self._pip("install", *offline, "--force-reinstall", "--no-deps", "--no-compile", str(wheel))

    def remove(self, name: str) -> None:
        if self._installer == "uv":
            run(self._uv, "pip", "uninstall", "--python", str(self.root), name)
        else:
            self._pip("uninstall", "-y", name)

    def listed(self) -> Listed:
        """What importlib.metadata says, which is neither installer nor ours."""
        program = (
            "import importlib.metadata as m, os, re\n"
            "for d in m.distributions():\n"
            " name = re.sub('[-_.]+', '-', d.metadata['Name']).lower()\n"
            " print('\\t'.join([name, d.version, *(os.path.normpath(d.locate_file(f)) for f in d.files or ())]))\n"
        )
        found: Listed = {}
        for line in run(str(self.root / "bin/python"), "-c", program).splitlines():
            name, version, *paths = line.split("\t")
            found[name] = ({version}, leaves([path.removeprefix(str(self.root)) for path in paths]))
        return found

    def _pip(self, *arguments: str) -> None:
        python = str(self.root / "bin/python")
        run(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "-q", *arguments)


class NpmRoot:
    """A directory with a `node_modules`."""

    def __init__(self, root: Path) -> None:
        required("npm")
        self.root = root / "host"
        self._work = root / "packages"
        self.root.mkdir()
        self._work.mkdir()
        (self.root / "package.json").write_text('{"name": "app", "version": "1.0.0"}')

    def build(self, name: str, version: str, files: Sequence[str], more: str = "") -> Path:
        tree = self._work / f"{name.replace('/', '-')}-{version}"
        for path in files:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(f"{name} {version}\n")
        (tree / "package.json").write_text(f'{{"name": "{name}", "version": "{version}"{more}}}')
        packed = run("npm", "pack", "--silent", "--offline", "--pack-destination", str(self._work), str(tree)).split()[-1]
        return self._work / packed

    def install(self, name: str, version: str, files: Sequence[str], more: str = "") -> None:
        self._npm("install", str(self.build(name, version, files, more)))

    def remove(self, name: str) -> None:
        self._npm("uninstall", name)

    def listed(self) -> Listed:
        found: Listed = {}
        places = self._npm("ls", "--all", "--parseable", "--long").splitlines()[1:]
        for line in places:
            place, named = line.split(":")[:2]
            name, _, version = named.rpartition("@")
            versions, paths = found.setdefault(name, (set(), set()))
            versions.add(version)
            for folder, folders, files in os.walk(place):
                folders[:] = [folder for folder in folders if folder != "node_modules"]
                paths.update(os.path.join(folder, file).removeprefix(str(self.root)) for file in files)
        return found

    def _npm(self, *arguments: str) -> str:
        return run("npm", "--prefix", str(self.root), "--offline", "--no-audit", "--no-fund", "--silent", *arguments)
