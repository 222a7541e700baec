"""The commands there are, in the order in which help lists them, and the modules that hold them.

A module is imported when its command is wanted. `sync dpkg` and `serve tree` are commands of two words.
"""

from __future__ import annotations

from pkgindex.cli.declare import Command

COMMANDS = (
    "owner",
    "path",
    "search",
    "show",
    "files",
    "deps",
    "rdeps",
    "why",
    "status",
    "history",
    "diff",
    "init",
    "submit",
    "pack",
    "watch",
    "serve tree",
    "sync dpkg",
    "merge",
    "gc",
    "verify",
    "completion",
)


def command(name: str) -> Command:
    """The declaration of one of `COMMANDS`."""
    # Not `importlib`, which every answer would pay a millisecond for.
    module = __import__(f"pkgindex.cli.commands.{name.replace(' ', '_')}", fromlist=["COMMAND"])
    found: Command = module.COMMAND
    return found
