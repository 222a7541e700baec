"""`pkgindex tree dump`: a repository as a list that `tree load` takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import JSON, JSONL, REPOSITORY, Command
from pkgindex.cli.output import Output
from pkgindex.service.tree.graph import needs_in
from pkgindex.service.tree.listing import written


def run(call: Call, repository: str) -> int:
    needs = needs_in(call.settings, repository, call.output.tick)
    hits = ({"name": package, "depends": list(names)} for package, names in needs.items())
    call.output.hits(call.command, hits, lines, lambda: ())
    return FOUND


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    for hit in hits:
        yield output.safe(written(hit["name"], hit["depends"]))


COMMAND = Command(
    "tree dump",
    run,
    """Print a repository as lines 'name: dependency dependency'.

    It is read from the index, and no server is asked: what one has acknowledged is there. Names that the repository does
    not ship are left out, so that 'tree load' can take all of it.""",
    (REPOSITORY,),
    (JSON, JSONL),
    (
        ("tree dump build", "all packages of a tree, by name"),
        ("tree dump debian --jsonl", "a line of JSON each"),
    ),
)
