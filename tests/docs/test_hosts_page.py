"""docs/hosts.md says what can be asked of a host, and shows it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from docs.consoles import compare, typed
from docs.docpages import column, text
from pkgindex.cli.commands.preview import WORDS

PAGE = "hosts.md"
PACKAGES = {
    "jq": ("1.6", ["/usr/bin/jq"]),
    "git": ("2.39", ["/usr/bin/git"]),
    "base-files": ("12", ["/etc/motd"]),
}
DISTRIBUTION = [{"name": "ripgrep", "version": "13.0", "files": ["/usr/bin/rg"]},
                {"name": "jq", "version": "1.6", "files": ["/usr/bin/jq"]}]


class Root:
    """A small system below *place*, with dpkg's database as dpkg writes it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.packages = dict(PACKAGES)
        self.by_hand = ["/etc/motd.local", "/usr/bin/deploy"]
        self.installed_at = dict.fromkeys(PACKAGES, time.time() - 7200)

    def install(self, name: str, version: str) -> None:
        self.packages[name] = (version, [f"/usr/bin/{'rg' if name == 'ripgrep' else name}"])
        self.installed_at[name] = time.time() - 3600

    def write(self) -> None:
        info = self.place / "var/lib/dpkg/info"
        info.mkdir(parents=True, exist_ok=True)
        stanzas = [f"Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\n"
                   for name, (version, _) in self.packages.items()]
        (info.parent / "status").write_text("\n".join(stanzas))
        for file in info.iterdir():
            file.unlink()
        for name, (_, paths) in self.packages.items():
            self._touch(paths)
            (info / f"{name}.list").write_text("".join(f"{path}\n" for path in ["/.", "/usr", "/usr/bin", "/etc", *paths]))
            os.utime(info / f"{name}.list", (self.installed_at[name],) * 2)
        self._touch(self.by_hand)

    def _touch(self, paths: list[str]) -> None:
        for path in paths:
            place = Path(f"{self.place}{path}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()


def deb(control: str, paths: list[str]) -> bytes:
    """A Debian package."""
    control_tar, data_tar = (_tar(entries) for entries in ({"./control": control.encode()}, dict.fromkeys(paths, b"")))
    members = {"debian-binary": b"2.0\n", "control.tar": control_tar, "data.tar": data_tar}
    heads = {name: f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() for name, data in members.items()}
    return b"!<arch>\n" + b"".join([heads[name] + data + b"\n" * (len(data) % 2) for name, data in members.items()])


def _tar(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def place(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A folder with the system as it is now, and an index of what it was."""
    place = tmp_path / "here"
    environment.update(PKGINDEX_INDEX=str(tmp_path / "index"), PKGINDEX_SPOOL=str(tmp_path / "spool"))
    root = Root(place / "web")
    root.write()
    (place / "debian.json").write_text(json.dumps(DISTRIBUTION))
    for words in (["sync", "dpkg", "--root", "web", "--repo", "web"], ["init", "debian"], ["submit", "debian", "debian.json"],
                  ["pack"]):
        subprocess.run(["pkgindex", *words], cwd=place, env=environment, check=True, capture_output=True)
    root.install("git", "2.40")
    root.install("ripgrep", "13.0")
    del root.packages["jq"]
    (place / "web/usr/bin/jq").unlink()
    root.write()
    control = "Package: deploy\nVersion: 1\nArchitecture: all\nDescription: deploys\n"
    (place / "deploy_1_all.deb").write_bytes(deb(control, ["./usr/bin/rg", "./usr/share/deploy"]))
    return place


def test_every_command_of_the_page_shows_what_the_page_shows(place: Path, environment: dict[str, str]) -> None:
    commands = typed(text(PAGE))
    assert len(commands) >= 10
    compare(commands, place, environment)


def test_all_that_a_preview_says_is_explained() -> None:
    said = column(PAGE, "What will these packages overwrite?", "it says")
    first = [words.split(" ")[0] for words in WORDS.values()]
    explained = ["overwrites", "conflicts", "breaks", "takes", "leaves", "removes", "disappears", "puts", "writes over"]
    assert said == explained
    assert [word for word in first if word not in ("leaves", "writes")] == [
        word for word in explained if word not in ("leaves", "disappears", "writes over")]
