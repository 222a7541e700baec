"""`pkgindex tree index`: a package, and what it depends on, into a tree."""

from __future__ import annotations

from pkgindex.cli.call import Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command
from pkgindex.cli.trees import PLACE, asked
from pkgindex.service.tree.protocol import Request


def run(call: Call, package: str, dependencies: tuple[str, ...], host: str | None, port: int | None) -> int:
    def failed(package: str) -> str:
        return f"{package}: not all that it depends on is indexed; 'pkgindex tree query' says which is"

    return asked(call, host, port, [Request("INDEX", package, dependencies)], failed)


COMMAND = Command(
    "tree index",
    run,
    """Index a package in a tree, with what it depends on.

    OK when all of that is indexed: what it depended on before is replaced. FAIL, and exit code 1, when something is not,
    and then nothing has changed.""",
    (Argument("package", "PKG"), Argument("dependencies", "[DEPENDENCY]...", required=False, many=True)),
    (*PLACE, JSON, JSONL),
    (
        ("tree index libc6", "a package that needs nothing"),
        ("tree index curl libc6 libcurl4 --port 8081", "one that needs two, at a server of that port"),
    ),
)
