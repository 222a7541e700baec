"""Repositories in the memory of one process, each with a journal in one directory."""

from __future__ import annotations

import os

from pkgindex.errors import BadInput, NoIndex
from pkgindex.format.journal import HEAD
from pkgindex.model.names import is_repository_name
from pkgindex.store.backend import Backend
from pkgindex.store.journal import JournaledBackend
from pkgindex.store.opened import Opened
from pkgindex.store.place import REMEDY, make_directory

SUFFIX = ".journal"
# For who holds a journal for as long as one answer takes.
OPEN_SECONDS_MAX = 1.0


class Journals:
    """The journals in *directory*. While one process has a repository, all others are `Busy`."""

    shared = False

    def __init__(self, directory: str) -> None:
        if not directory:
            raise BadInput("memory: names no directory for its journals: memory:/srv/trees, for one")
        self.name = f"memory:{directory}"
        self._directory = directory

    def repositories(self) -> list[str]:
        try:
            names = os.listdir(self._directory)
        except OSError as error:
            raise NoIndex(f"there is no index at {self.name} ({error.strerror}): {REMEDY}") from None
        found = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
        found = sorted(repo for repo in found if is_repository_name(repo) and self.has(repo))
        if not found:
            raise NoIndex(f"{self.name} has no journal that holds anything; {REMEDY}")
        return found

    def has(self, repo: str) -> bool:
        try:
            return os.path.getsize(self.where(repo)) > len(HEAD)
        except OSError:
            return False

    def backend(self, repo: str) -> Backend:
        return _open.get(os.path.abspath(self.where(repo)))

    def made(self, repo: str) -> Backend:
        make_directory(self._directory)
        return self.backend(repo)

    def lock(self, repo: str) -> None:
        """None: whoever has the journal is the only writer."""

    def words(self, repo: str) -> None:
        """There is nobody else to publish."""

    def where(self, repo: str) -> str:
        return os.path.join(self._directory, repo + SUFFIX)


_open = Opened(lambda path: JournaledBackend(path, wait_seconds=OPEN_SECONDS_MAX))
