"""The data: apt's lists of Debian 12 main, and the working directory of the benchmark.

    .cache/bench/index, spool   what is measured
    .cache/bench/plain          the lists as plain text
    .cache/bench/peers          what other tools made of them
    .cache/bench/codesearch, axi   what search engines made of them
    .cache/bench/apt            a configuration for apt-file and apt-cache
    .cache/bench/state.json     what all that was made from, and what making it took

Everything there can be removed at any time.
"""

from __future__ import annotations

import atexit
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

from environment import PROJECT

LISTS = "/var/lib/apt/lists"
CODENAME = "bookworm"
REPO = "debian"
APT_HELPER = "/usr/lib/apt/apt-helper"
HOW_TO_GET = """\
The benchmark measures on what Debian publishes of its release 12, and {what} of it is not in {directory}.
On Debian 12 this fetches it, some 100 MB:

    apt-get update && apt-get install -y apt-file plocate ripgrep sqlite3 codesearch dctrl-tools apt-xapian-index
    apt-file update

(all but the first are measured beside pkgindex where they are installed). Lists elsewhere: tools/bench.py --lists DIR
"""
WANTED = {
    "Packages": "main_binary-amd64_Packages",
    "Contents-all": "main_Contents-all",
    "Contents-amd64": "main_Contents-amd64",
}


class Lists(NamedTuple):
    """The lists by the names that they have on a mirror, as apt keeps them."""

    files: dict[str, str]

    @property
    def prefix(self) -> str:
        return self.files["Packages"].removesuffix(".lz4").removesuffix(WANTED["Packages"])

    def fingerprint(self) -> str:
        facts = [(name, os.stat(path).st_size, os.stat(path).st_mtime_ns) for name, path in self.files.items()]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def find(directory: str, codename: str = CODENAME) -> Lists:
    """The lists, or the end of the program with words on how to get them."""
    there = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    files = {}
    for name, end in WANTED.items():
        wanted = re.compile(rf".*debian_dists_{codename}_{re.escape(end)}(\.[a-z0-9]+)?$")
        found = [os.path.join(directory, file) for file in there if wanted.match(file)]
        if not found:
            sys.exit(HOW_TO_GET.format(what=name, directory=directory))
        files[name] = found[0]
    return Lists(files)


class Place:
    """The working directory, with what is remembered of the runs before."""

    def __init__(self, root: str = "") -> None:
        self.root = root or os.path.join(PROJECT, ".cache", "bench")
        os.makedirs(self.root, exist_ok=True)
        self.index, self.spool = self.path("index"), self.path("spool")
        self._has_twin = False
        self.state: dict[str, Any] = self._read()

    def path(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    def fresh(self, fingerprint: str) -> None:
        """Begin with nothing."""
        shutil.rmtree(self.root)
        os.makedirs(self.root)
        self.state = {"lists": fingerprint}
        self.save()

    def save(self) -> None:
        with open(self.path("state.json"), "w", encoding="utf-8") as file:
            json.dump(self.state, file, indent=1)

    def emptied(self, *parts: str) -> str:
        """A folder of that name with nothing in it. What was there is removed at the end of the run: for a minute ext4 passes
        over inodes that were in use lately, and each new file takes a millisecond longer.
        """
        folder = self.path(*parts)
        if os.path.isdir(folder):
            gone = tempfile.mkdtemp(prefix="gone-", dir=self.root)
            atexit.register(shutil.rmtree, gone)
            os.rename(folder, os.path.join(gone, "it"))
        os.makedirs(folder)
        return folder

    def twin(self) -> str:
        """Another index like the big one, for writing, anew in each run: no file is written twice, so links are a copy."""
        folder = self.path("twin")
        if not self._has_twin:
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run(["cp", "-al", self.index, folder], check=True)
            for lock in glob.glob(os.path.join(glob.escape(folder), "*", "writer.lock*")):
                os.unlink(lock)
            self._has_twin = True
        return folder

    def _read(self) -> dict[str, Any]:
        try:
            with open(self.path("state.json"), encoding="utf-8") as file:
                found: dict[str, Any] = json.load(file)
                return found
        except (FileNotFoundError, ValueError):
            return {}


def unpack(source: str, target: str) -> None:
    """A list as plain text, by apt's own means, so that what is compared with does not come through pkgindex."""
    with open(target, "wb") as file:
        subprocess.run([APT_HELPER, "cat-file", source], stdout=file, check=True)


def format_digest() -> str:
    """An index of another format must not be measured."""
    folder = os.path.join(PROJECT, "pkgindex", "format")
    state = hashlib.sha256()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                state.update(file.read())
    return state.hexdigest()[:16]
