"""One call of the program: the settings that hold, and how its answer is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pkgindex import config
from pkgindex.cli.declare import EVERYWHERE, PRINTING, Command
from pkgindex.cli.output import Output, describe
from pkgindex.config import Settings
from pkgindex.errors import BadInput, NotFound

if TYPE_CHECKING:
    from pkgindex.query.index import Index

FOUND, NOTHING, PARTLY = 0, 1, 5

_COMMON = tuple(option.field for option in EVERYWHERE + PRINTING)


class Call(NamedTuple):
    """`repos` are those of `--repo` (empty: all); `limit` is None where there is none, `unlimited` when that was asked for."""

    command: str
    settings: Settings
    output: Output
    repos: tuple[str, ...] = ()
    limit: int | None = None
    unlimited: bool = False
    at: int | None = None

    def opened(self) -> Index:
        """The index, opened for reading. Raises `NoIndex`, and `NotFound` for a repository that is not there."""
        from pkgindex.query.index import Index

        return Index(self.settings.index, self.repos, self.at)

    def answer(
        self,
        question: Callable[[Index], Iterable[Any]],
        lines: Callable[[Output, Iterable[Any]], Iterable[str]],
        nothing: str,
    ) -> int:
        """Ask, print the hits as wanted (*lines* is for people), and give the exit code.

        *nothing* is said when there is no hit: what was not found, and what to try.
        """
        with self.opened() as index:
            self.output.many_repositories = len(index.repositories()) > 1
            hits = self._limited(self._asked(index, question))
            count = self.output.hits(self.command, hits, lines, lambda: index.failures)
            for repo, error in index.failures:
                self.output.complain(f"{error} (repository {repo!r} is missing from the answer)")
            if not count and not self.output.said:
                self.output.say(nothing)
            return PARTLY if index.failures else FOUND if count else NOTHING

    def _asked(self, index: Index, question: Callable[[Index], Iterable[Any]]) -> Iterator[Any]:
        """The hits; none when it turns out that what was asked about is not there, which is then said."""
        try:
            yield from question(index)
        except NotFound as error:
            self.output.say(str(error))

    def _limited(self, hits: Iterator[Any]) -> Iterator[Any]:
        from itertools import islice

        return islice(hits, self.limit)


def perform(command: Command, values: dict[str, Any]) -> int:
    """Run *command* with what either door parsed; the exit code."""
    settings = config.load(index=values.get("index"), spool=values.get("spool"))
    if values.get("json") and values.get("jsonl"):
        raise BadInput("--json and --jsonl: give one of them")
    shape = "json" if values.get("json") else "jsonl" if values.get("jsonl") else "lines"
    call = Call(
        command.name,
        settings,
        Output(shape, values.get("color") or "auto", bool(values.get("quiet"))),
        tuple(dict.fromkeys(values.get("repo") or ())),
        values.get("limit") or None,
        values.get("limit") == 0,
        values.get("at"),
    )
    try:
        return command.run(call, **{field: value for field, value in values.items() if field not in _COMMON})
    finally:
        call.output.settle()


def kinds(given: Iterable[str]) -> tuple[str, ...]:
    """The kinds of relation that `--kind` names. Raises `BadInput` naming those there are.

    >>> kinds(["depends,recommends", "breaks"])
    ('depends', 'recommends', 'breaks')
    """
    from pkgindex.model.package import KINDS

    found = tuple(dict.fromkeys(kind.strip().lower() for words in given for kind in words.split(",") if kind.strip()))
    for kind in found:
        if kind not in KINDS:
            raise BadInput(f"--kind {kind!r}: there is no such kind of relation; there are {describe(KINDS)}")
    return found
