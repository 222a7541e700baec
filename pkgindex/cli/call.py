"""One call of the program: the settings that hold, and how its answer is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pkgindex import config
from pkgindex.cli.declare import EVERYWHERE, PRINTING, Command
from pkgindex.cli.output import Output
from pkgindex.cli.shapes import wanted
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
        from pkgindex.store.place import place_of

        return Index(place_of(self.settings), self.repos, self.at)

    def answer(
        self,
        question: Callable[[Index], Iterable[Any]],
        lines: Callable[[Output, Iterable[Any]], Iterable[str]],
        nothing: str | Callable[[Index], str],
        names: tuple[str, ...] = (),
        more: Callable[[], Mapping[str, Any]] = dict,
    ) -> int:
        """Ask, print the hits as wanted (*lines* is for people), and give the exit code.

        *nothing* is said when there is no hit: what was not found, and what to try. *names* are those of packages that
        were asked about, for when nobody ships them. *more* is what a JSON document says besides.
        """
        with self.opened() as index:
            self.output.many_repositories = len(index.repositories()) > 1
            hits = self._limited(self._asked(index, question, names))
            count = self.output.hits(self.command, hits, lines, lambda: index.failures, more)
            partly = bool(index.failures)
            self.report(index)
            if not count and not self.output.said:
                self.output.say(nothing if isinstance(nothing, str) else nothing(index))
            return PARTLY if partly else FOUND if count else NOTHING

    def report(self, index: Index) -> None:
        """Say which repositories are missing from an answer, and which answered in spite of damage."""
        for repo, error in index.failures:
            self.output.complain(f"{error} (repository {repo!r} is missing from the answer)")
        for repo, error in index.recovered:
            self.output.complain(f"{error} (repository {repo!r} answered all the same, from its packages one by one)")

    def _asked(self, index: Index, question: Callable[[Index], Iterable[Any]], names: tuple[str, ...]) -> Iterator[Any]:
        """The hits; none when it turns out that what was asked about is not there, which is then said."""
        try:
            yield from question(index)
        except NotFound as error:
            from pkgindex.cli.suggestions import did_you_mean

            self.output.say(f"{error}{did_you_mean(index, [name for name in names if repr(name) in str(error)])}")

    def _limited(self, hits: Iterator[Any]) -> Iterator[Any]:
        from itertools import islice

        return islice(hits, self.limit)


def perform(command: Command, values: dict[str, Any]) -> int:
    """Run *command* with what either door parsed; the exit code."""
    settings = config.load(index=values.get("index"), spool=values.get("spool"))
    output = Output(wanted(values), values.get("color") or "auto", bool(values.get("quiet")))
    if command.reads and output.terminal and not output.wanted.null and not values.get("no_pager"):
        output.page(settings.pager)
    call = Call(
        command.name,
        settings,
        output,
        tuple(dict.fromkeys(values.get("repo") or ())),
        values.get("limit") or None,
        values.get("limit") == 0,
        values.get("at"),
    )
    try:
        return command.run(call, **{field: value for field, value in values.items() if field not in _COMMON})
    finally:
        output.close()


def kinds(given: Iterable[str]) -> tuple[str, ...]:
    """The kinds of relation that `--kind` names. Raises `BadInput` naming those there are.

    >>> kinds(["depends,recommends", "breaks"])
    ('depends', 'recommends', 'breaks')
    """
    from pkgindex.cli.wording import describe
    from pkgindex.model.package import KINDS

    found = tuple(dict.fromkeys(kind.strip().lower() for words in given for kind in words.split(",") if kind.strip()))
    for kind in found:
        if kind not in KINDS:
            raise BadInput(f"--kind {kind!r}: there is no such kind of relation; there are {describe(KINDS)}")
    return found
