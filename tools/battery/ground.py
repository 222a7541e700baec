"""An index and a spool in a directory that is made once for a scene and laid out anew for each trial."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable
from typing import Any

from pkgindex.store.local import LocalBackend

REPO = "repo"
# Runs before the first trial: what trials draw by lot, no run that set the ground up has drawn.
RUNS_BEFORE = 1000
# What a writer left unfinished counts as forgotten when it is older than this; see SCRATCH_SECONDS_MAX, TEMPORARY_SECONDS_MAX.
FORGOTTEN_SECONDS = 2 * 24 * 3600


class Ground:
    """The directory *root*/here, laid out from *root*/template; commands see only the first."""

    def __init__(self, root: str, repo: str = REPO) -> None:
        self.root = os.path.abspath(root)
        self.here = f"{self.root}/here"
        self.repo = repo
        self.runs = 0
        self._kept_unfinished: set[str] = set()
        self.began = time.time()
        os.makedirs(self.here)

    @property
    def index(self) -> str:
        return f"{self.here}/index"

    @property
    def spool(self) -> str:
        return f"{self.here}/spool"

    @property
    def backend(self) -> LocalBackend:
        """One that remembers nothing of earlier trials."""
        return LocalBackend(f"{self.index}/{self.repo}")

    def keep(self) -> None:
        """What is here now is what each trial finds."""
        shutil.copytree(self.here, f"{self.root}/template", symlinks=True)
        self._kept_unfinished = set(self.unfinished())

    def restart(self) -> None:
        """What runs next is like the first of any other trial."""
        self.runs = RUNS_BEFORE

    def restore(self) -> None:
        """Within the same directory, which may be a mount point."""
        self.clear()
        shutil.copytree(f"{self.root}/template", self.here, symlinks=True, dirs_exist_ok=True)

    def clear(self) -> None:
        """Nothing is here, for a trial that lays it out by itself."""
        self.restart()
        for entry in list(os.scandir(self.here)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    def drop(self, packages: Iterable[dict[str, Any]] | bytes, name: str) -> str:
        """A submission in the spool; the path that it has there."""
        return self.write(f"spool/{self.repo}/incoming/{name}", packages)

    def write(self, name: str, packages: Iterable[dict[str, Any]] | bytes) -> str:
        """A file below this directory: packages as JSON lines, or bytes as they are."""
        path = f"{self.here}/{name}"
        data = packages if isinstance(packages, bytes) else b"".join(json.dumps(one).encode() + b"\n" for one in packages)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def files(self) -> list[str]:
        """Every file, by its path from here."""
        return sorted(os.path.relpath(f"{top}/{name}", self.here) for top, _, names in os.walk(self.here) for name in names)

    def fingerprint(self) -> str:
        """The same for two trials that left the same files, to the byte, whenever they wrote them."""
        found = hashlib.sha256()
        for top, folders, names in os.walk(self.here):
            folders.sort()
            found.update(f"{top}\n".encode())
            for path in sorted(f"{top}/{name}" for name in names):
                with open(path, "rb") as file:
                    found.update(f"{path}\n{hashlib.sha256(file.read()).hexdigest()}\n".encode())
        return found.hexdigest()

    def unfinished(self) -> list[str]:
        """Temporaries, and claims of which nobody is the owner any more."""
        return [path for path in self.files() if _is_unfinished(path)]

    def left_behind(self) -> list[str]:
        """What is unfinished and was not so from the beginning."""
        return [path for path in self.unfinished() if path not in self._kept_unfinished]

    def forget(self) -> None:
        """Let what is unfinished be old, as it is days later."""
        for top, folders, names in os.walk(self.here, topdown=False):
            for name in (*names, *folders):
                path = f"{top}/{name}"
                if _is_unfinished(os.path.relpath(path, self.here)):
                    then = os.stat(path).st_mtime - FORGOTTEN_SECONDS
                    os.utime(path, (then, then))


def _is_unfinished(path: str) -> bool:
    parts = path.split("/")
    return (parts[0] == "index" and "tmp" in parts[:-1]) or parts[-1].startswith(".submit-") or "claimed" in parts[:-1]
