"""Places: where the repositories of an index stand, made from what the setting `index` says.

    DIRECTORY               a folder a repository; any number of hosts
    postgresql://...        rows of a table of a database; any number of hosts
    memory:DIRECTORY        in the memory of one process, with a journal a repository in the directory

Invariants:

* Whoever needs a repository gets its backend and its lock here, and knows nothing of how either is kept.
* What a place is called in messages never shows a password.
* What only databases or journals need is imported when one is named.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pkgindex.config import Settings, scheme_of
from pkgindex.errors import BadInput, NoIndex, NoSpace, StoreError
from pkgindex.format.numbering import DIRECTORY
from pkgindex.model.names import is_repository_name
from pkgindex.store.faults import FULL_DISK
from pkgindex.store.local import LocalBackend

if TYPE_CHECKING:
    from pkgindex.store.backend import Backend
    from pkgindex.store.copies import Copies

LOCK = "writer.lock"
REMEDY = "make one with 'pkgindex init REPO', or name another by --index"


class Place(Protocol):
    """Where repositories stand; `name` is how messages call it."""

    name: str

    @property
    def shared(self) -> bool:
        """Whether several processes may use it at a time."""

    def repositories(self) -> list[str]:
        """Those that have a generation, in order. Raises `NoIndex` when there is none."""

    def has(self, repo: str) -> bool:
        """Whether *repo* may have a generation; at little cost."""

    def backend(self, repo: str) -> Backend:
        """That of *repo*, which is there."""

    def made(self, repo: str) -> Backend:
        """That of *repo*, to be written to. Raises `StoreError` when its place cannot be made."""

    def lock(self, repo: str) -> str | None:
        """The file of the writers' lock; None where they have none."""

    def words(self, repo: str) -> Callable[[float], bool] | None:
        """What waits so many seconds for word of a publish in *repo*, and says whether there was; None where nobody tells."""

    def where(self, repo: str) -> str:
        """*repo*, as messages name it."""


def place_of(settings: Settings) -> Place:
    """The place that *settings* name."""
    return place_at(settings.index, settings.cache, settings.cache_bytes_max)


def place_at(address: str, cache: str = "", cache_bytes_max: int = 0) -> Place:
    """The place at *address*; *cache* is a directory for copies of shards that lie in no file, and for which shards were found
    to be sound (empty: nothing is kept).

    Raises `BadInput` for an address that nobody knows, without saying it: there may be a password in it.
    """
    scheme = scheme_of(address)
    if not scheme and "password=" not in address:
        return Directory(address, cache)
    if scheme == "memory":
        from pkgindex.store.journalplace import Journals

        return Journals(address.partition(":")[2])
    if scheme in ("postgres", "postgresql"):
        from pkgindex.store.postgresplace import Rows

        return Rows(address.strip(), _copies(cache, cache_bytes_max))
    raise BadInput("the index is a directory, memory:DIRECTORY or postgresql://USER@HOST/DATABASE, and this is none of them; "
                   "a directory that is called so is named with ./ before it")


def _copies(directory: str, bytes_max: int) -> Copies | None:
    from pkgindex.store.copies import Copies

    return Copies(os.path.join(directory, "shards"), bytes_max) if directory else None


class Directory:
    """The directory *path*, with a folder for each repository; *cache* is this host's (empty: none)."""

    shared = True

    def __init__(self, path: str, cache: str = "") -> None:
        self.name = path
        self._cache = cache

    def repositories(self) -> list[str]:
        try:
            names = os.listdir(self.name)
        except FileNotFoundError:
            raise NoIndex(f"there is no index at {self.name}: {REMEDY}") from None
        except (NotADirectoryError, PermissionError) as error:
            raise NoIndex(f"{self.name} cannot be read as an index: {error.strerror}") from None
        found = sorted(name for name in names if is_repository_name(name) and self.has(name))
        if not found:
            closed = sorted(name for name in names if is_repository_name(name) and self._is_closed(name))
            if closed:
                raise NoIndex(f"{self.where(closed[0])} may not be read: give this user read permission on the index")
            what = "is empty" if not names else "is a directory, but no index: no folder in it has generations"
            raise NoIndex(f"{self.name} {what}; {REMEDY}")
        return found

    def has(self, repo: str) -> bool:
        try:
            return stat.S_ISDIR(os.stat(f"{self.name}/{repo}/{DIRECTORY}").st_mode)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return False
        except OSError:  # it may be there; who reads it is told what is wrong
            return True

    def _is_closed(self, name: str) -> bool:
        """Whether this user may not look into the folder *name*."""
        path = self.where(name)
        return os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK)

    def backend(self, repo: str) -> Backend:
        return LocalBackend(self.where(repo), cache=self._cache)

    def made(self, repo: str) -> Backend:
        # Once it holds a generation, whoever published that has seen to it.
        if not self.has(repo):
            make_directory(self.where(repo))
        return self.backend(repo)

    def lock(self, repo: str) -> str | None:
        return os.path.join(self.where(repo), LOCK)

    def words(self, repo: str) -> None:
        """A directory tells nobody, on a share least of all."""

    def where(self, repo: str) -> str:
        return os.path.join(self.name, repo)


def make_directory(path: str) -> None:
    """Make *path*, and what it lies in, where it is missing; durable, also what another process made and did not flush."""
    from pkgindex.store.flushing import flush_above

    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        if error.errno in FULL_DISK:
            raise NoSpace(
                f"{path!a}: {error.strerror}: make room there or raise the quota, or choose another place with --index"
            ) from error
        raise StoreError(
            f"{path!a}: {error.strerror}: the index cannot be made there; choose another place with --index, "
            "or run as a user who may write there"
        ) from error
    flush_above(os.path.abspath(path))
