"""`pkgindex rdeps`: what needs a package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from pkgindex.cli.call import Call, kinds
from pkgindex.cli.commands.deps import tree_lines
from pkgindex.cli.declare import KIND, PACKAGE, PRINTING, RESOLVE, TRANSITIVE, Command
from pkgindex.cli.output import Output
from pkgindex.cli.wording import describe
from pkgindex.model.package import KINDS
from pkgindex.query.hits import Edge


def run(call: Call, package: str, kind: tuple[str, ...], transitive: bool, resolve: bool) -> int:
    wanted = kinds(kind)
    # For people names are enough; constraints stand in each dependant's own file.
    constraints = call.output.shape not in ("lines", "count")
    return call.answer(
        lambda index: index.dependants(package, wanted, transitive, constraints, resolve, call.limit),
        tree_lines if transitive else lines,
        f"nothing names {package!r}" + (f" as {describe(wanted)}" if wanted else ""),
        names=(package,),
    )


def lines(output: Output, hits: Iterable[Edge]) -> Iterator[str]:
    """Kinds, and below each who names the package so."""
    # Sorting is stable: within a kind the order of names stays.
    edges = sorted(hits, key=lambda edge: (edge.repo, _ORDER[edge.kind]))
    for (repo, kind), found in groupby(edges, lambda edge: (edge.repo, edge.kind)):
        yield output.paint(output.where(repo) + kind, "match")
        for edge in found:
            through = output.paint(f"  through {edge.via}", "faint") if edge.via not in ("", edge.package) else ""
            yield f"  {output.safe(edge.name)}{through}"


_ORDER = {kind: place for place, kind in enumerate(KINDS)}

COMMAND = Command(
    "rdeps",
    run,
    """What needs a package.

    Also what names it with a qualifier (`python3:any`), as an alternative, or provides it. PKG may be a virtual
    package, or one that nobody ships.""",
    (PACKAGE,),
    (TRANSITIVE, KIND, RESOLVE, *PRINTING),
    (
        ("rdeps --kind depends zlib1g", "what depends upon it"),
        ("rdeps mail-transport-agent", "who names a virtual package, and who provides it"),
    ),
)
