"""The answers of a search for people: a line for each package, and below it what matched that the line does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkgindex.cli.output import Output
    from pkgindex.query.hits import Answer, Hit

NAME_COLUMNS_MAX = 32
# On a terminal: a package may have thousands of files that match.
TERMINAL_HITS = 5
# The width of names is that of so many answers, so that nobody waits for the last one.
WIDTH_ANSWERS = 1000

Spans = Callable[[str, str], list[tuple[int, int]]]
"""Where in the value of a field the question matches: (field, value) -> places."""


def lines(output: Output, answers: Iterable[Answer], spans: Spans) -> Iterator[str]:
    """`name - summary`, the summaries one below the other unless a name is very long, then the further hits."""
    iterator = iter(answers)
    first = list(islice(iterator, WIDTH_ANSWERS))
    width = min(NAME_COLUMNS_MAX, max((len(_name(output, answer)) for answer in first), default=0))
    for answer in chain(first, iterator):
        yield _title(output, answer, width, spans)
        yield from _further(output, answer, spans)


def _name(output: Output, answer: Answer) -> str:
    return output.safe(output.where(answer.repo) + answer.package)


def _title(output: Output, answer: Answer, width: int, spans: Spans) -> str:
    padding = " " * (width - len(_name(output, answer)))
    where = output.paint(output.where(answer.repo), "name")
    name = output.marked(answer.package, spans("name", answer.package), "name")
    return f"{where}{name}{padding} - {output.marked(answer.summary, spans('summary', answer.summary))}"


def _further(output: Output, answer: Answer, spans: Spans) -> Iterator[str]:
    hits = [hit for hit in answer.hits if not _is_in_title(hit, answer)]
    most = TERMINAL_HITS if output.terminal else len(hits)
    for hit in hits[:most]:
        yield f"  {output.paint(hit.field, 'match')}: {output.marked(hit.value, spans(hit.field, hit.value))}"
    if len(hits) > most:
        yield f"  {output.paint(f'... and {len(hits) - most:,} more (--jsonl prints all)', 'faint')}"


def _is_in_title(hit: Hit, answer: Answer) -> bool:
    return hit.field in ("name", "package") or (hit.field == "summary" and hit.value == answer.summary)


def spans(output: Output, question: str, case: bool, pkg5: bool) -> Spans:
    """Where *question* matches in a value; nowhere where no colours would show it."""
    if not output.colored:
        return _nowhere
    from pkgindex.query.language import parser
    from pkgindex.query.language import pkg5 as other
    from pkgindex.query.marking import spans as marked

    query = other.parse(question) if pkg5 else parser.parse(question)
    return lambda field, value: marked(query, field, value, case)


def _nowhere(field: str, value: str) -> list[tuple[int, int]]:
    return []
