"""`pkgindex tree query`: whether packages are in a tree."""

from __future__ import annotations

from pkgindex.cli.call import Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command
from pkgindex.cli.trees import PLACE, asked
from pkgindex.service.tree.protocol import Request


def run(call: Call, packages: tuple[str, ...], host: str | None, port: int | None) -> int:
    return asked(call, host, port, [Request("QUERY", package) for package in packages], lambda package: "")


COMMAND = Command(
    "tree query",
    run,
    """Ask whether packages are indexed in a tree.

    OK when it is; FAIL, and exit code 1, when one is not.""",
    (Argument("packages", "PKG...", many=True),),
    (*PLACE, JSON, JSONL),
    (
        ("tree query curl", "at the server of this host"),
        ("tree query curl libc6 --host build7 --json", "for a program, at another"),
    ),
)
