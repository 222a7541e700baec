"""`pkgindex tree remove`: packages out of a tree."""

from __future__ import annotations

from pkgindex.cli.call import Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command
from pkgindex.cli.trees import PLACE, asked
from pkgindex.service.tree.protocol import Request


def run(call: Call, packages: tuple[str, ...], host: str | None, port: int | None) -> int:
    def failed(package: str) -> str:
        return f"{package}: others depend on it; remove those before"

    return asked(call, host, port, [Request("REMOVE", package) for package in packages], failed)


COMMAND = Command(
    "tree remove",
    run,
    """Remove packages from a tree, in the order given.

    OK when it is gone, or was never there; FAIL, and exit code 1, while others depend on it.""",
    (Argument("packages", "PKG...", many=True),),
    (*PLACE, JSON, JSONL),
    (
        ("tree remove curl", "one package"),
        ("tree remove curl libcurl4 --jsonl", "two, the one that needs the other before it"),
    ),
)
