"""`pkgindex deps`: what a package needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from pkgindex.cli.call import Call, kinds
from pkgindex.cli.declare import KIND, PACKAGE, PRINTING, RESOLVE, TRANSITIVE, Command
from pkgindex.cli.output import Output
from pkgindex.cli.wording import describe
from pkgindex.query.hits import Edge


def run(call: Call, package: str, kind: tuple[str, ...], transitive: bool, resolve: bool) -> int:
    wanted = kinds(kind)
    return call.answer(
        lambda index: index.dependencies(package, wanted, transitive, resolve),
        tree_lines if transitive else lines,
        f"{package!r} names no other package" + (f" as {describe(wanted)}" if wanted else ""),
        names=(package,),
    )


def lines(output: Output, hits: Iterable[Edge]) -> Iterator[str]:
    """Kinds, and below each its relations, every one once however many alternatives it has."""
    for (repo, kind), edges in groupby(hits, lambda edge: (edge.repo, edge.kind)):
        yield output.paint(output.where(repo) + kind, "match")
        for relation, alternatives in groupby(edges, lambda edge: edge.relation):
            yield f"  {output.safe(relation)}{_remarks(output, list(alternatives))}"


def _remarks(output: Output, alternatives: list[Edge]) -> str:
    remarks = []
    for edge in alternatives:
        if edge.provided_by:
            remarks.append(f"{edge.name} is provided by {describe(edge.provided_by)}")
        elif not edge.shipped:
            remarks.append(f"{edge.name} is not shipped")
    return f"  {output.paint('; '.join(remarks), 'faint')}" if remarks else ""


def tree_lines(output: Output, hits: Iterable[Edge]) -> Iterator[str]:
    """One name a line, with how many steps away it is and through whom."""
    for edge in hits:
        through = f"  {edge.depth}. by {edge.kind} of {edge.via or edge.package}"
        name = output.paint(edge.name, "name")
        constraint = f" ({edge.constraint})" if edge.constraint else ""
        missing = "" if edge.shipped else ", not shipped"
        yield f"{output.where(edge.repo)}{name}{output.safe(constraint)}{output.paint(through + missing, 'faint')}"


COMMAND = Command(
    "deps",
    run,
    """What a package needs.

    Every relation that its releases name, with versions and alternatives. A qualifier (`python3:any`) is no part of a
    name.""",
    (PACKAGE,),
    (TRANSITIVE, KIND, RESOLVE, *PRINTING),
    (
        ("deps --kind depends,recommends curl", "what it depends upon and recommends"),
        ("deps --transitive --jsonl curl", "all that it needs, with theirs"),
    ),
)
