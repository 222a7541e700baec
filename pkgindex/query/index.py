"""An index: all its repositories, asked as one; `repositories` says how."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, repeat
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from pkgindex.errors import Corrupt, Gone, NotFound, StoreError
from pkgindex.model.package import Package
from pkgindex.model.paths import shown, stored
from pkgindex.query.hits import Edge, PathHit, RepositoryStatus
from pkgindex.query.repositories import Repositories
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from pkgindex.query.found import Found
    from pkgindex.snapshot.paths import Batch, Select
    from pkgindex.store.place import Place

T = TypeVar("T")


class Index:
    """The index at *place* (a directory, or another address), for reading; re-read when a new generation is there.

    *repos* names the repositories to ask (empty: all), *at* a retained generation. Not for several threads at once.
    """

    def __init__(self, place: Place | str, repos: Sequence[str] = (), at: int | None = None) -> None:
        self.asked = Repositories(place, repos, at)
        self.repositories()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.asked.close()

    def repositories(self) -> list[str]:
        """The names of the repositories asked. Raises `NoIndex`, and `NotFound` for one that is not there."""
        return self.asked.names()

    @property
    def failures(self) -> list[tuple[str, StoreError]]:
        """The repositories that are missing from the last answer, and why."""
        return self.asked.failures

    @property
    def recovered(self) -> list[tuple[str, StoreError]]:
        """Those that answered from their packages' own files, and which damage made them."""
        return self.asked.recovered

    def snapshot(self, repo: str) -> Snapshot:
        """The newest generation of *repo*, or the one that the index was opened at."""
        return self.asked.snapshot(repo)

    def reader(self, repo: str) -> Reader:
        """For what is about generations: history, other generations."""
        return self.asked.reader(repo)

    # Files

    def owner(self, *paths: str) -> list[PathHit]:
        """The packages that ship exactly these paths; a leading slash may be missing."""
        wanted = [stored(path) for path in paths]
        hits: list[PathHit] = []
        for snapshot, found in self.asked.each(lambda snapshot: self._owners(snapshot, wanted)):
            hits += [PathHit(snapshot.repo, snapshot.generation, package, shown(path)) for path, package in found]
        return hits

    def paths(self, pattern: str, mode: str = "substring", ignore_case: bool = False) -> Iterator[PathHit]:
        """All paths that match, in order; *mode* is `substring`, `glob` or `regex`. Raises `BadInput`."""
        from pkgindex.query import patterns

        narrow, may, select = getattr(patterns, mode)(pattern, ignore_case)
        for snapshot, batches in self.asked.each(lambda snapshot: _begun(self._matching(snapshot, narrow, may, select))):
            # Made in C: a common word has 400,000 hits.
            make = partial(tuple.__new__, PathHit)
            repo, generation = repeat(snapshot.repo), repeat(snapshot.generation)
            for listed, packages in self.asked.to_the_end(snapshot.repo, batches):
                yield from map(make, zip(repo, generation, packages, listed, strict=False))

    def files(self, package: str) -> list[PathHit]:
        """The files of a package. Raises `NotFound` when nobody ships it."""
        hits: list[PathHit] = []
        for repo, generation, found in self._packages(package):
            paths = {path for listed in found.files.values() for path in listed}
            hits += [PathHit(repo, generation, package, shown(path)) for path in sorted(paths)]
        return hits

    # Packages and words

    def package(self, name: str) -> list[tuple[str, int, Package]]:
        """(repository, generation, package) wherever it is shipped. Raises `NotFound`."""
        return list(self._packages(name))

    def search(self, question: str, *, limit: int | None = None, offset: int = 0, cursor: str | None = None,
               packages: bool = False, case: bool = False, pkg5: bool = False, untrusted: bool = False) -> Found:
        """The packages that *question* finds, best first, with what of each matched (nothing when *packages* are enough).

        *limit* and *offset* count packages; *cursor* is that of the page before. *case*: upper and lower case differ.
        *pkg5*: by pkg(5)'s rules. *untrusted*: a stranger asks, whose regular expressions need google-re2. The language
        is in docs/query.md. Raises `BadInput` with a caret below the fault, `NotRetained` for a page that is gone.
        """
        from pkgindex.query.asking import Request, ask

        return ask(self, Request(question, limit, offset, cursor, packages, case, pkg5, untrusted))

    def similar(self, name: str, most: int = 5) -> list[str]:
        """Names of packages that are spelled much like *name*, the nearest first."""
        from pkgindex.snapshot.similar import nearest, similar

        found = self.asked.each(lambda snapshot: similar(snapshot.text_shards, name, most))
        return nearest(name, {other for _, others in found for other in others})[:most]

    def names(self, beginning: str = "") -> Iterator[str]:
        """Packages whose names begin so, each once a repository."""
        for _, names in self.asked.each(lambda snapshot: _begun(snapshot.names(beginning))):
            yield from names

    # Relations

    def dependencies(self, package: str, kinds: Collection[str] = (), transitive: bool = False,
                     resolve: bool = False) -> list[Edge]:
        """What a package names. See `relations.dependencies`."""
        from pkgindex.query.relating import relations

        return self._relations(lambda snapshot: relations.dependencies(snapshot, package, kinds, transitive, resolve))

    def dependants(self, package: str, kinds: Collection[str] = (), transitive: bool = False, constraints: bool = False,
                   resolve: bool = False, limit: int | None = None) -> list[Edge]:
        """What names a package, at most *limit* in each repository. See `relations.dependants`."""
        from pkgindex.query.relating import relations

        return self._relations(
            lambda snapshot: relations.dependants(snapshot, package, kinds, transitive, constraints, resolve, limit)
        )

    def why(self, first: str, last: str, kinds: Collection[str] = ()) -> list[Edge]:
        """The shortest chain of relations from one package to another, in each repository that has both."""
        from pkgindex.query.relating import relations

        return self._relations(lambda snapshot: relations.why(snapshot, first, last, kinds))

    # The index itself

    def status(self) -> list[RepositoryStatus]:
        """How each repository stands."""
        found = []
        for snapshot, retained in self.asked.each(lambda snapshot: self.reader(snapshot.repo).numbers()):
            manifest = snapshot.manifest
            found.append(RepositoryStatus(
                manifest.repo, manifest.generation, manifest.packages, manifest.paths, len(manifest.shards),
                manifest.facts_bytes + sum(shard.size for shard in manifest.shards),
                round(max(0.0, time.time() - manifest.created), 1), len(snapshot.loose), tuple(retained),
                manifest.partition, manifest.ordering,
            ))
        return found

    # Details

    def _owners(self, snapshot: Snapshot, wanted: list[bytes]) -> list[tuple[bytes, str]]:
        try:
            return list(snapshot.owners(wanted))
        except (Corrupt, Gone) as error:
            if not self.asked.recovers(snapshot, error, 0):
                raise
            from pkgindex.query import recovery

            return recovery.owners(snapshot, wanted)

    def _matching(self, snapshot: Snapshot, narrow: str, may: Callable[[str], bool], select: Select) -> Iterator[Batch]:
        given = 0
        try:
            for batch in snapshot.matching(narrow, may, select):
                yield batch
                given += len(batch[0])
        except (Corrupt, Gone) as error:
            if not self.asked.recovers(snapshot, error, given):
                raise
            from pkgindex.query import recovery

            for paths, packages in recovery.matching(snapshot, select):
                yield paths[given:], packages[given:]

    def _packages(self, name: str) -> Iterator[tuple[str, int, Package]]:
        found = False
        for snapshot, package in self.asked.each(lambda snapshot: snapshot.package(name)):
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
        for _, found in self.asked.each(lambda snapshot: _or_missing(question, snapshot)):
            if isinstance(found, NotFound):
                missing.append(found)
            else:
                answered += 1
                edges += found
        if missing and not answered:
            raise missing[0]
        return edges


def _or_missing(question: Callable[[Snapshot], list[Edge]], snapshot: Snapshot) -> list[Edge] | NotFound:
    try:
        return question(snapshot)
    except NotFound as error:
        return error


def _begun(stream: Iterable[T]) -> Iterator[T]:
    """The stream, with its first item already read, so that a file that is gone is met where it can be asked again."""
    iterator = iter(stream)
    return chain(list(islice(iterator, 1)), iterator)
