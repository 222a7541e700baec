"""How a search was understood and answered, for people (100 columns are enough) and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pkgindex.cli.shapes import SCHEMA

if TYPE_CHECKING:
    from pkgindex.cli.output import Output
    from pkgindex.query.found import Explanation, PartExplanation, RepositoryExplanation
    from pkgindex.query.hits import Answer
    from pkgindex.query.ranking import Reason

PART_COLUMNS = 30
HOW_COLUMNS = 42
HEADS = ("PART", "NARROWED BY", "PACKAGES", "SECONDS")


def lines(output: Output, explanation: Explanation, answers: Iterable[Answer]) -> Iterator[str]:
    """The question as it was read, what each part cost in each repository, and how each score came about."""
    yield f"{output.paint('question', 'match')}  {output.safe(explanation.tree)}"
    for repository in explanation.repositories:
        yield ""
        yield from _repository_lines(output, repository)
    for place, answer in enumerate(answers):
        if not place:
            yield ""
            yield output.paint("scores", "match")
        yield from _score_lines(output, answer, explanation.scores.get((answer.repo, answer.package), []))


def _repository_lines(output: Output, repository: RepositoryExplanation) -> Iterator[str]:
    yield (f"{output.paint(repository.repo, 'name')}, generation {repository.generation}: {repository.candidates:,} "
           f"candidates, {repository.judged:,} judged by their own files, {repository.seconds:.4f} s")
    if repository.recovered:
        yield f"  {output.paint('each package was judged', 'bad')}: {output.safe(repository.recovered)}"
    if repository.parts:
        yield output.paint(_columns(*HEADS), "faint")
        yield from (_columns(*map(output.safe, _cells(part))) for part in repository.parts)


def _cells(part: PartExplanation) -> tuple[str, str, str, str]:
    packages = "any" if part.packages is None else f"{part.packages:,}"
    return _cut(part.text, PART_COLUMNS), _cut(part.how, HOW_COLUMNS), packages, f"{part.seconds:.4f}"


def _columns(part: str, how: str, packages: str, seconds: str) -> str:
    return f"  {part:<{PART_COLUMNS}}  {how:<{HOW_COLUMNS}}  {packages:>9}  {seconds:>8}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most - 3]}..."


def _score_lines(output: Output, answer: Answer, reasons: Iterable[Reason]) -> Iterator[str]:
    yield f"{answer.score:>10.3f}  {output.paint(output.where(answer.repo) + answer.package, 'name')}"
    for reason in reasons:
        yield f"  {reason.worth:>12.3f}  {output.safe(_cut(reason.term, PART_COLUMNS))}: {output.safe(reason.why)}"


def document(command: str, explanation: Explanation, answers: Iterable[Answer]) -> str:
    """The same for a program."""
    import json

    return json.dumps({"schema": SCHEMA, "command": command, "explanation": {
        "question": explanation.tree,
        "repositories": [
            {**repository._asdict(), "parts": [part._asdict() for part in repository.parts]}
            for repository in explanation.repositories
        ],
        "scores": [_score(explanation, answer) for answer in answers],
    }})


def _score(explanation: Explanation, answer: Answer) -> dict[str, Any]:
    reasons = explanation.scores.get((answer.repo, answer.package), [])
    return {"repo": answer.repo, "package": answer.package, "score": answer.score,
            "reasons": [reason._asdict() for reason in reasons]}
