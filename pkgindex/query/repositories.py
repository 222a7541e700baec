"""The repositories of an index, each with its reader: which are asked, at which generation, and what becomes of failures.

Answers come repository by repository, in the order of their names. A repository that is damaged costs itself: the others
answer, and `failures` says which did not and why. What only slows an answer down stands in `recovered`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from pkgindex.errors import Gone, NotFound, NotRetained, StoreError
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.place import Place, place_at

T = TypeVar("T")


class Repositories:
    """The repositories *wanted* (empty: all) of the index at *place*, at generation *at* (None: the newest)."""

    def __init__(self, place: Place | str, wanted: Sequence[str] = (), at: int | None = None) -> None:
        self._place = place_at(place) if isinstance(place, str) else place
        self.failures: list[tuple[str, StoreError]] = []
        self.recovered: list[tuple[str, StoreError]] = []
        self._wanted = tuple(wanted)
        self._at = at
        self._pins: dict[str, int] = {}
        self._readers: dict[str, Reader] = {}
        self._pinned: dict[str, Snapshot] = {}
        self._vanished: dict[str, int] = {}

    def names(self) -> list[str]:
        """Those that are asked. Raises `NoIndex`, and `NotFound` for one that is not there."""
        found = self._place.repositories()
        missing = [repo for repo in (*self._wanted, *self._pins) if repo not in found]
        if missing:
            raise NotFound(f"no repository {missing[0]!r} in {self._place.name}: there is {', '.join(found)}")
        return sorted(self._pins) or list(self._wanted) or found

    def close(self) -> None:
        self._readers, self._pinned = {}, {}

    def pin(self, generations: Mapping[str, int]) -> None:
        """Ask these generations of these repositories, and no others, from now on; empty: as it was before."""
        self._pins = dict(generations)

    def reader(self, repo: str) -> Reader:
        if repo not in self._readers:
            self._readers[repo] = Reader(self._place.backend(repo), repo)
        return self._readers[repo]

    def snapshot(self, repo: str) -> Snapshot:
        """The generation of *repo* that is asked."""
        at = self._pins.get(repo, self._at)
        if at is None:
            return self.reader(repo).snapshot()
        known = self._pinned.get(repo)
        if known is None or known.generation != at:
            known = self._pinned[repo] = self.reader(repo).at(at)
        return known

    def each(self, question: Callable[[Snapshot], T]) -> Iterator[tuple[Snapshot, T]]:
        """Each repository's answer, with the snapshot it is from. Raises what failed when no repository answers.

        Of several repositories, those that do not retain the generation that is asked for are passed over.
        """
        self.failures, self.recovered, self._vanished = [], [], {}
        repositories = self.names()
        passed: list[NotFound] = []
        for repo in repositories:
            try:
                answer = self._ask(repo, question)
            except StoreError as error:
                self.failures.append((repo, error))
            except NotRetained as error:
                if self._pins:
                    raise
                passed.append(error)
            else:
                yield answer
        if self.failures and len(self.failures) + len(passed) == len(repositories):
            raise self.failures[0][1]
        if passed and len(passed) == len(repositories):
            raise passed[0]

    def to_the_end(self, repo: str, answers: Iterator[T]) -> Iterator[T]:
        """Answers that are read after `each` has gone on: what fails then costs the rest of this repository's."""
        try:
            yield from answers
        except StoreError as error:
            if len(self.names()) == 1:
                raise
            self.failures.append((repo, error))

    def recovers(self, snapshot: Snapshot, error: StoreError, given: int) -> bool:
        """Whether to answer without the file that *error* is about: it is damaged, or it is lost and not just retired.

        Lost is what is missing from the same generation again, after the generations were listed anew. Who was *given*
        answers already cannot be given others: to them it is lost.
        """
        again = self._vanished.get(snapshot.repo) == snapshot.generation or self._is_pinned(snapshot.repo)
        if isinstance(error, Gone) and not again and not given:
            self._vanished[snapshot.repo] = snapshot.generation
            return False
        self.recovered.append((snapshot.repo, error))
        return True

    @property
    def pinned(self) -> bool:
        """Whether a certain generation is asked, and not the newest."""
        return self._at is not None

    def _is_pinned(self, repo: str) -> bool:
        return self._at is not None or repo in self._pins

    def _ask(self, repo: str, question: Callable[[Snapshot], T]) -> tuple[Snapshot, T]:
        if self._is_pinned(repo):
            snapshot = self.snapshot(repo)
            return snapshot, question(snapshot)
        return self.reader(repo).ask(lambda snapshot: (snapshot, question(snapshot)))
