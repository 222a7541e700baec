"""Repositories in one table of a database."""

from __future__ import annotations

from collections.abc import Callable

from pkgindex.errors import NoIndex
from pkgindex.model.names import is_repository_name
from pkgindex.store.backend import Backend
from pkgindex.store.copies import Copies
from pkgindex.store.database import Database
from pkgindex.store.opened import Opened
from pkgindex.store.place import REMEDY
from pkgindex.store.postgres import TABLE, PostgresBackend

_GENERATIONS = "name >= 'generations/' AND name < 'generations0'"
# From one name to the next greater: DISTINCT would go through every row of all repositories.
_REPOSITORIES = f"""
    WITH RECURSIVE found (repository) AS (
        SELECT min(repository) FROM {TABLE}
        UNION ALL
        SELECT (SELECT min(repository) FROM {TABLE} WHERE repository > found.repository)
        FROM found WHERE found.repository IS NOT NULL)
    SELECT repository FROM found
    WHERE EXISTS (SELECT FROM {TABLE} AS blobs WHERE blobs.repository = found.repository AND {_GENERATIONS})
"""
_HAS = f"SELECT 1 FROM {TABLE} WHERE repository = %(repository)s AND {_GENERATIONS} LIMIT 1"


class Rows:
    """The database at *address*; of shards *copies* are kept."""

    shared = True

    def __init__(self, address: str, copies: Copies | None) -> None:
        self._database = _open.get(address)
        self._copies = copies
        self.name = self._database.name

    def repositories(self) -> list[str]:
        found = sorted(repo for (repo,) in self._database.rows(_REPOSITORIES, {}) if is_repository_name(repo))
        if not found:
            raise NoIndex(f"there is no index in {self.name}: {REMEDY}")
        return found

    def has(self, repo: str) -> bool:
        return bool(self._database.rows(_HAS, {"repository": repo}))

    def backend(self, repo: str) -> PostgresBackend:
        return PostgresBackend(self._database, repo, self._copies)

    def made(self, repo: str) -> Backend:
        return self.backend(repo)

    def lock(self, repo: str) -> None:
        """None: of two that publish at once one does its work again."""

    def words(self, repo: str) -> Callable[[float], bool]:
        return self.backend(repo).wait

    def where(self, repo: str) -> str:
        return f"repository {repo!r} of {self.name}"


_open = Opened(Database)
