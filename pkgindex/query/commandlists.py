"""The commands of an index, repository by repository: from the lists that this host keeps, and made where one is missing.

A list that is kept costs a listing of the generations and one read. To make one takes 0.4 s for a distribution of 63,000
packages, and little for a host; it is kept for the next question. The index itself is never written to.
"""

from __future__ import annotations

import os

from pkgindex.errors import StoreError
from pkgindex.format import commands
from pkgindex.format.numbering import DIRECTORY, number_of
from pkgindex.model.names import is_repository_name
from pkgindex.store.kept import Kept, publish_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgindex.format.commands import Commands

KIND = "commands"


class CommandLists:
    """The lists of the repositories *repos* (empty: all) of *index*, at the newest generation or the one that *at* says.

    *caches* are directories: the first is written to, all are read. What cannot be read stands in `failures`, when the
    others have been given. Raises as `Index` does.
    """

    def __init__(self, index: str, caches: Sequence[str] = (), repos: Sequence[str] = (), at: int | None = None) -> None:
        self.failures: list[tuple[str, StoreError]] = []
        self._index = index
        self._repos = repos
        self._at = at
        self._kept = Kept(caches, KIND, index)

    def __iter__(self) -> Iterator[Commands]:
        heads = self._heads() if self._at is None else {}
        missing = []
        for repo, generation in heads.items():
            found = self._read(repo, generation)
            if found is None:
                missing.append(repo)
            else:
                yield found
        if not heads:
            yield from self._made(self._repos)
        elif missing:
            try:
                yield from self._made(missing)
            except StoreError as error:
                if len(missing) == len(heads):
                    raise
                self.failures = self.failures or [(missing[0], error)]

    def _heads(self) -> dict[str, int]:
        """The newest generation of each repository, by the listing alone; empty when that does not tell."""
        found = {}
        try:
            repos = self._repos or sorted(filter(is_repository_name, os.listdir(self._index)))
            for repo in repos:
                try:
                    numbers = map(number_of, os.listdir(f"{self._index}/{repo}/{DIRECTORY}"))
                except (FileNotFoundError, NotADirectoryError):
                    if self._repos:
                        return {}
                    continue
                found[repo] = max((number for number in numbers if number), default=0)
        except OSError:  # whatever is wrong, the index says it better
            return {}
        return found

    def _read(self, repo: str, generation: int) -> Commands | None:
        try:
            data = self._kept.read(repo, publish_of(self._index, repo, generation))
        except OSError:
            return None
        return None if data is None else commands.decode(data, repo, generation)

    def _made(self, repos: Sequence[str]) -> Iterator[Commands]:
        from pkgindex.query.commands import listed
        from pkgindex.query.index import Index

        with Index(self._index, repos, self._at) as index:
            try:
                for snapshot, data in index.asked.each(listed):
                    if self._at is None:
                        self._keep(snapshot.repo, snapshot.generation, data)
                    made = commands.decode(data, snapshot.repo, snapshot.generation)
                    assert made is not None
                    yield made
            finally:
                self.failures = index.failures

    def _keep(self, repo: str, generation: int, data: bytes) -> None:
        try:
            publish = publish_of(self._index, repo, generation)
        except OSError:  # retired meanwhile, or no directory at all
            return
        self._kept.keep(repo, publish, data)
