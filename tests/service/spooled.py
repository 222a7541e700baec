"""A spool and an index in a temporary directory, and the small programs that are killed in the middle of work on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pkgindex.config import Settings
from pkgindex.query.index import Index
from pkgindex.spool.spool import Spool

PROGRAM = """
import sys
from pkgindex.config import Settings
from pkgindex.service.packing import line, pack_all
from pkgindex.service.watch import watch

if __name__ == "__main__":
    settings = Settings(index=sys.argv[2], spool=sys.argv[3], quiet_seconds=float(sys.argv[4]), lock_wait_seconds=30.0)
    if sys.argv[1] == "watch":
        watch(settings)
    else:
        packed = pack_all(settings, told=lambda outcome: print(line(outcome), flush=True))
        sys.exit(str(packed.failures) if packed.failures else 0)
"""


class Place:
    """One repository, `repo`, with its spool and index below *root*."""

    def __init__(self, root: Path, **changes: object) -> None:
        self.root = root
        self.settings = Settings(index=str(root / "index"), spool=str(root / "spool"), lock_wait_seconds=0.0)
        self.settings = self.settings._replace(**changes)
        self.spool = Spool(self.settings.spool)
        self.spool.create()
        self.spool.add("repo")

    @property
    def incoming(self) -> Path:
        return self.root / "spool/repo/incoming"

    @property
    def rejected(self) -> Path:
        return self.root / "spool/repo/rejected"

    @property
    def claimed(self) -> Path:
        return self.root / "spool/repo/claimed"

    def drop(self, *names: str, version: str = "1") -> None:
        """A JSON package a name, with one file of its own."""
        for name in names:
            package = {"name": name, "version": version, "files": [f"/usr/bin/{name}"]}
            (self.incoming / f"{name}.json").write_text(json.dumps(package))

    def owners(self, *names: str) -> dict[str, str]:
        """Who ships the files of the packages that *names* were dropped for."""
        with Index(self.settings.index) as index:
            return {hit.path: hit.package for hit in index.owner(*(f"/usr/bin/{name}" for name in names))}

    def packages(self) -> int:
        with Index(self.settings.index) as index:
            return next(iter(index.status())).packages

    def generation(self) -> int:
        with Index(self.settings.index) as index:
            return index.snapshot("repo").generation

    def run(self, command: str, **more: str) -> subprocess.Popen[str]:
        """`pack` or `watch` in a process of its own."""
        arguments = [self.settings.index, self.settings.spool, str(self.settings.quiet_seconds)]
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, command, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **more},
        )


def owned(*names: str) -> dict[str, str]:
    return {f"/usr/bin/{name}": name for name in names}
