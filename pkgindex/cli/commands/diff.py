"""`pkgindex diff`: which packages differ between two generations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PRINTING, REPOSITORY, Argument, Command
from pkgindex.cli.output import Output
from pkgindex.errors import BadInput, NotFound
from pkgindex.query.hits import DiffHit
from pkgindex.query.index import Index
from pkgindex.query.relating.differences import differences
from pkgindex.snapshot.reader import Reader

SIGNS = {"added": ("+", "good"), "changed": ("~", "match"), "removed": ("-", "bad")}


def run(call: Call, repository: str, generations: tuple[str, ...]) -> int:
    numbers = _numbers(generations)
    call = call._replace(repos=(*call.repos, repository))

    def question(index: Index) -> Iterator[DiffHit]:
        reader = index.reader(repository)
        before, after = numbers or _last_two(reader, call.at)
        yield from differences(reader.at(before), reader.at(after))

    return call.answer(question, lines, f"no package of {repository!r} differs")


def _numbers(generations: tuple[str, ...]) -> tuple[int, int] | None:
    """The two generations that were named, if any."""
    if not generations:
        return None
    if len(generations) != 2 or not all(text.isascii() and text.isdigit() for text in generations):
        raise BadInput("diff takes a repository and two numbers of generations, or none for the last two")
    return int(generations[0]), int(generations[1])


def _last_two(reader: Reader, newest: int | None) -> tuple[int, int]:
    numbers = [number for number in reader.numbers() if newest is None or number <= newest]
    if len(numbers) < 2:
        raise NotFound(f"fewer than two generations of {reader.repo!r} are retained: there is nothing to compare")
    return numbers[-2], numbers[-1]


def lines(output: Output, hits: Iterable[DiffHit]) -> Iterator[str]:
    for hit in hits:
        sign, style = SIGNS[hit.change]
        before, after = ", ".join(hit.versions_before), ", ".join(hit.versions)
        versions = f"{before} -> {after}" if before and after and before != after else after or before
        yield f"{output.paint(sign + hit.package, style)} {output.safe(versions)}".rstrip()


COMMAND = Command(
    "diff",
    run,
    """Which packages differ between two generations.

    Without numbers the newest generation is compared with the one before it; --at GEN takes that one for the newest.
    `+` was added, `~` changed, `-` removed.""",
    (REPOSITORY, Argument("generations", "[GEN GEN]", required=False, many=True)),
    PRINTING,
    (
        ("diff debian", "what the last publish changed"),
        ("diff debian 40 42 --jsonl", "from generation 40 to 42, for a program"),
    ),
)
