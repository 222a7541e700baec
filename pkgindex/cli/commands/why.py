"""`pkgindex why`: the shortest chain of relations between two packages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from pkgindex.cli.call import Call, kinds
from pkgindex.cli.declare import KIND, PACKAGE, PRINTING, Command
from pkgindex.cli.output import Output
from pkgindex.query.hits import Edge


def run(call: Call, package: str, target: str, kind: tuple[str, ...]) -> int:
    wanted = kinds(kind)
    hint = "" if wanted else "; --kind depends,recommends,suggests looks further"
    return call.answer(
        lambda index: index.why(package, target, wanted), lines, f"no chain leads from {package!r} to {target!r}{hint}",
        names=(package, target),
    )


def lines(output: Output, hits: Iterable[Edge]) -> Iterator[str]:
    """The package, and a line for each step away from it."""
    for repo, edges in groupby(hits, lambda edge: edge.repo):
        for place, edge in enumerate(edges):
            if not place:
                yield output.where(repo) + output.paint(edge.via or edge.package, "name")
            constraint = f" ({edge.constraint})" if edge.constraint else ""
            alternatives = "" if "|" not in edge.relation else f"  of {edge.relation}"
            yield (f"  -> {output.paint(edge.kind, 'match')} {output.paint(edge.name, 'name')}{output.safe(constraint)}"
                   f"{output.paint(alternatives, 'faint')}")


COMMAND = Command(
    "why",
    run,
    """Why one package needs another.

    Prints the shortest chain of relations from PKG to TARGET. Follows what is needed to work, through virtual
    packages too, or the kinds that --kind names.""",
    (PACKAGE, PACKAGE._replace(field="target", metavar="TARGET")),
    (KIND, *PRINTING),
    (
        ("why curl zlib1g", "what brings zlib1g along with curl"),
        ("why --kind depends,recommends curl perl", "the same, with what is only recommended"),
    ),
)
