"""Work on several repositories, one after the other, of which each may fail alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pkgindex.cli.call import FOUND, PARTLY, Call
from pkgindex.cli.output import Lines
from pkgindex.errors import NotFound, PkgindexError
from pkgindex.store.apart import told_apart
from pkgindex.store.place import place_of

if TYPE_CHECKING:
    from pkgindex.packer.target import Target


def each(call: Call, repositories: Sequence[str], act: Callable[[Target], Iterable[Any]], lines: Lines) -> int:
    """Call *act* for every one of *repositories* (empty: all of the index), and print the hits it gives as they come.

    The exit code is that of the first failure when all failed.
    """
    wanted = _wanted(call, repositories)
    place = place_of(call.settings)
    failures: list[tuple[str, PkgindexError]] = []
    call.output.many_repositories = len(wanted) > 1

    def hits() -> Iterator[Any]:
        for repo in wanted:
            try:
                with told_apart(place.where(repo)):
                    yield from act(target(call, repo))
            except PkgindexError as error:
                failures.append((repo, error))

    call.output.hits(call.command, hits(), lines, lambda: failures)
    return code_of(call, failures, len(wanted))


def code_of(call: Call, failures: Sequence[tuple[str, PkgindexError]], asked: int) -> int:
    """Say what failed; the exit code of *asked* repositories of which some did."""
    for repo, error in failures:
        call.output.complain(str(error) if repo in str(error) else f"repository {repo!r}: {error}")
    if failures and len(failures) == asked:
        return failures[0][1].exit_code
    return PARTLY if failures else FOUND


def target(call: Call, repo: str) -> Target:
    """A repository of the index, to be written to."""
    from pkgindex.packer.target import Target

    return Target(place_of(call.settings).backend(repo), repo, call.settings, call.output.tick)


def _wanted(call: Call, repositories: Sequence[str]) -> list[str]:
    place = place_of(call.settings)
    there = place.repositories()
    wanted = list(dict.fromkeys((*repositories, *call.repos))) or there
    missing = [repo for repo in wanted if repo not in there]
    if missing:
        raise NotFound(f"no repository {missing[0]!r} in {place.name}: there is {', '.join(there)}")
    return wanted
