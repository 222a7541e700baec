"""An index: all its repositories, asked as one.

Answers come repository by repository, in the order of their names. A repository that is damaged costs itself: the others
answer, and `failures` says which did not and why.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, repeat
from types import TracebackType
from typing import TypeVar

from pkgindex.errors import NoIndex, NotFound, NotRetained, StoreError
from pkgindex.model.names import is_repository_name
from pkgindex.model.package import Package
from pkgindex.query.hits import Edge, PathHit, RepositoryStatus, SearchHit
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend

T = TypeVar("T")


class Index:
    """The index in the directory *path*, for reading; re-read when a new generation is there.

    *repos* names the repositories to ask (empty: all), *at* a retained generation. Not for several threads at once.
    """

    def __init__(self, path: str, repos: Sequence[str] = (), at: int | None = None) -> None:
        self.path = path
        self.failures: list[tuple[str, StoreError]] = []
        self._at = at
        self._repos = tuple(repos)
        self._readers: dict[str, Reader] = {}
        self._pinned: dict[str, Snapshot] = {}
        self.repositories()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._readers, self._pinned = {}, {}

    def repositories(self) -> list[str]:
        """The names of the repositories asked. Raises `NoIndex`, and `NotFound` for one that is not there."""
        found = repositories_in(self.path)
        missing = [repo for repo in self._repos if repo not in found]
        if missing:
            raise NotFound(f"no repository {missing[0]!r} in {self.path}: there is {', '.join(found)}")
        return list(self._repos) or found

    def snapshot(self, repo: str) -> Snapshot:
        """The newest generation of *repo*, or the one that the index was opened at."""
        if self._at is None:
            return self._reader(repo).snapshot()
        if repo not in self._pinned:
            self._pinned[repo] = self._reader(repo).at(self._at)
        return self._pinned[repo]

    def reader(self, repo: str) -> Reader:
        """For what is about generations: history, other generations."""
        return self._reader(repo)

    # Files

    def owner(self, *paths: str) -> list[PathHit]:
        """The packages that ship exactly these paths; a leading slash may be missing."""
        wanted = [_stored(path) for path in paths]
        hits: list[PathHit] = []
        for snapshot, found in self._each(lambda snapshot: list(snapshot.owners(wanted))):
            hits += [PathHit(snapshot.repo, snapshot.generation, package, _shown(path)) for path, package in found]
        return hits

    def paths(self, pattern: str, mode: str = "substring", ignore_case: bool = False) -> Iterator[PathHit]:
        """All paths that match, in order; *mode* is `substring`, `glob` or `regex`. Raises `BadInput`."""
        from pkgindex.query import patterns

        narrow, may, select = getattr(patterns, mode)(pattern, ignore_case)
        for snapshot, batches in self._each(lambda snapshot: _begun(snapshot.matching(narrow, may, select))):
            # Made in C: a common word has 400,000 hits.
            make = partial(tuple.__new__, PathHit)
            repo, generation = repeat(snapshot.repo), repeat(snapshot.generation)
            try:
                for listed, packages in batches:
                    yield from map(make, zip(repo, generation, packages, listed, strict=False))
            except StoreError as error:
                if len(self.repositories()) == 1:
                    raise
                self.failures.append((snapshot.repo, error))

    def files(self, package: str) -> list[PathHit]:
        """The files of a package. Raises `NotFound` when nobody ships it."""
        hits: list[PathHit] = []
        for repo, generation, found in self._packages(package):
            paths = {path for listed in found.files.values() for path in listed}
            hits += [PathHit(repo, generation, package, _shown(path)) for path in sorted(paths)]
        return hits

    # Packages and words

    def package(self, name: str) -> list[tuple[str, int, Package]]:
        """(repository, generation, package) wherever it is shipped. Raises `NotFound`."""
        return list(self._packages(name))

    def search(self, *words: str, limit: int | None = None) -> list[SearchHit]:
        """The packages that hold all the words in name, summary, keywords or description, best first."""
        from pkgindex.format import terms

        asked = terms.words(" ".join(words))
        exact = "-".join(words).lower()
        hits: list[SearchHit] = []
        for snapshot, found in self._each(lambda snapshot: snapshot.search(asked, exact, limit)):
            hits += [SearchHit(snapshot.repo, snapshot.generation, *hit) for hit in found]
        hits.sort(key=lambda hit: (-hit.score, hit.package, hit.repo))
        return hits[:limit]

    def names(self, beginning: str = "") -> Iterator[str]:
        """Packages whose names begin so, each once a repository."""
        for _, names in self._each(lambda snapshot: _begun(snapshot.names(beginning))):
            yield from names

    # Relations

    def dependencies(self, package: str, kinds: Collection[str] = (), transitive: bool = False,
                     resolve: bool = False) -> list[Edge]:
        """What a package names. See `relations.dependencies`."""
        from pkgindex.query import relations

        return self._relations(lambda snapshot: relations.dependencies(snapshot, package, kinds, transitive, resolve))

    def dependants(self, package: str, kinds: Collection[str] = (), transitive: bool = False, constraints: bool = False,
                   resolve: bool = False, limit: int | None = None) -> list[Edge]:
        """What names a package, at most *limit* in each repository. See `relations.dependants`."""
        from pkgindex.query import relations

        return self._relations(
            lambda snapshot: relations.dependants(snapshot, package, kinds, transitive, constraints, resolve, limit)
        )

    def why(self, first: str, last: str, kinds: Collection[str] = ()) -> list[Edge]:
        """The shortest chain of relations from one package to another, in each repository that has both."""
        from pkgindex.query import relations

        return self._relations(lambda snapshot: relations.why(snapshot, first, last, kinds))

    # The index itself

    def status(self) -> list[RepositoryStatus]:
        """How each repository stands."""
        found = []
        for snapshot, retained in self._each(lambda snapshot: self._reader(snapshot.repo).numbers()):
            manifest = snapshot.manifest
            found.append(RepositoryStatus(
                manifest.repo, manifest.generation, manifest.packages, manifest.paths, len(manifest.shards),
                manifest.facts_bytes + sum(shard.size for shard in manifest.shards),
                round(max(0.0, time.time() - manifest.created), 1), len(manifest.loose), tuple(retained),
                manifest.partition, manifest.ordering,
            ))
        return found

    # Details

    def _reader(self, repo: str) -> Reader:
        if repo not in self._readers:
            self._readers[repo] = Reader(LocalBackend(os.path.join(self.path, repo)), repo)
        return self._readers[repo]

    def _each(self, question: Callable[[Snapshot], T]) -> Iterator[tuple[Snapshot, T]]:
        """Each repository's answer, with the snapshot it is from. Raises what failed when no repository answers.

        Of several repositories, those that do not retain the generation that is asked for are passed over.
        """
        self.failures = []
        repositories = self.repositories()
        passed: list[NotFound] = []
        for repo in repositories:
            try:
                answer = self._ask(repo, question)
            except StoreError as error:
                self.failures.append((repo, error))
            except NotRetained as error:
                passed.append(error)
            else:
                yield answer
        if self.failures and len(self.failures) + len(passed) == len(repositories):
            raise self.failures[0][1]
        if passed and len(passed) == len(repositories):
            raise passed[0]

    def _ask(self, repo: str, question: Callable[[Snapshot], T]) -> tuple[Snapshot, T]:
        if self._at is not None:
            snapshot = self.snapshot(repo)
            return snapshot, question(snapshot)
        return self._reader(repo).ask(lambda snapshot: (snapshot, question(snapshot)))

    def _packages(self, name: str) -> Iterator[tuple[str, int, Package]]:
        found = False
        for snapshot, package in self._each(lambda snapshot: snapshot.package(name)):
            if package is not None:
                found = True
                yield snapshot.repo, snapshot.generation, package
        if not found:
            raise NotFound(f"no package {name!r} in {', '.join(self.repositories())}")

    def _relations(self, question: Callable[[Snapshot], list[Edge]]) -> list[Edge]:
        """The edges of all repositories that know the names; `NotFound` when none does."""
        edges: list[Edge] = []
        missing: list[NotFound] = []
        answered = 0
        for _, found in self._each(lambda snapshot: _or_missing(question, snapshot)):
            if isinstance(found, NotFound):
                missing.append(found)
            else:
                answered += 1
                edges += found
        if missing and not answered:
            raise missing[0]
        return edges


def repositories_in(path: str) -> list[str]:
    """The repositories of the index in the directory *path*. Raises `NoIndex` when it is none."""
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        raise NoIndex(f"there is no index at {path}: make one with 'pkgindex init REPO', or name another by --index") from None
    except (NotADirectoryError, PermissionError) as error:
        raise NoIndex(f"{path} cannot be read as an index: {error.strerror}") from None
    found = sorted(name for name in names if is_repository_name(name) and os.path.isdir(f"{path}/{name}/generations"))
    if not found:
        what = "is empty" if not names else "is a directory, but no index: no folder in it has generations"
        raise NoIndex(f"{path} {what}; make one with 'pkgindex init REPO', or name another by --index")
    return found


def _or_missing(question: Callable[[Snapshot], list[Edge]], snapshot: Snapshot) -> list[Edge] | NotFound:
    try:
        return question(snapshot)
    except NotFound as error:
        return error


def _begun(stream: Iterable[T]) -> Iterator[T]:
    """The stream, with its first item already read, so that a file that is gone is met where it can be asked again."""
    iterator = iter(stream)
    return chain(list(islice(iterator, 1)), iterator)


def _stored(path: str) -> bytes:
    """A path as pairs hold it."""
    absolute = path if path.startswith("/") else f"/{path}"
    return absolute.encode("utf-8", "surrogateescape").replace(b"\n", b"\0")


def _shown(path: bytes) -> str:
    return path.replace(b"\0", b"\n").decode("utf-8", "surrogateescape")
