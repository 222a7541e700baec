"""`pkgindex tree load`: a whole list of packages into a tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import FOUND, NOTHING, Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command, Option
from pkgindex.cli.output import Output
from pkgindex.cli.trees import PLACE, STDIN, conversation, listed
from pkgindex.errors import BadInput
from pkgindex.service.tree.graph import needs_in
from pkgindex.service.tree.loading import Load

REASONS = {
    "unfit": "cannot be named, or said in one line",
    "missing": "missing",
    "cyclic": "needs itself by way of",
    "waits": "waits for",
}


def run(call: Call, file: str | None, repo_from: str | None, cycles: bool, host: str | None, port: int | None) -> int:
    if (file is None) == (repo_from is None):
        raise BadInput("name one of them: a FILE ('-' is stdin), or --from REPO")
    needs = needs_in(call.settings, repo_from, call.output.tick) if repo_from is not None else listed(file or STDIN)
    with conversation(host, port) as server:
        loaded = Load(needs, server.ask, call.output.tick, cycles).run()
    hits = [left._asdict() for left in loaded.left]
    indexed = loaded.packages - len(hits)
    more = {"packages": loaded.packages, "indexed": indexed, "passes": loaded.passes}
    call.output.hits(call.command, hits, lines, lambda: (), lambda: more)
    call.output.say(
        f"{indexed:,} of {loaded.packages:,} packages are indexed, after {loaded.passes} "
        f"{'pass' if loaded.passes == 1 else 'passes'}"
    )
    return NOTHING if hits else FOUND


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Each package that was not indexed, and why."""
    for hit in hits:
        words = " ".join([REASONS[hit["reason"]], *hit["names"]])
        yield f"{output.paint(hit['package'], 'name')}: {output.safe(words)}"


COMMAND = Command(
    "tree load",
    run,
    """Load a list of packages into a tree.

    Lines of the list are 'name: dependency dependency', or JSON: {"name": "curl", "depends": ["libc6"]}. Dependencies are
    asked before those that need them, many at a time, and pass after pass until all are indexed or nothing moves any
    more. What stays impossible is printed with its reason (something is missing, or a circle of dependencies), and the
    exit code is 1. With --cycles those of a circle are indexed without each other at first, and then with. Of a
    repository, names that it does not ship are left out.""",
    (Argument("file", "[FILE]", required=False, completes="file"),),
    (
        Option("repo_from", ("--from",), "Not a file, but this repository.", "text", "REPO", completes="repository"),
        Option("cycles", ("--cycles",), "Index packages that depend on each other in two steps."),
        *PLACE, JSON, JSONL,
    ),
    (
        ("tree load packages.txt", "a file of lines"),
        ("tree load - --port 8081 < packages.jsonl", "from stdin, at another port"),
        ("tree load --from debian --cycles", "a repository of the index, with its circles"),
    ),
)
