"""The commands there are, in the order in which help lists them, and the modules that hold them.

A module is imported when its command is wanted. Some commands have two words, as `serve tree`.
"""

from __future__ import annotations

from pkgindex.cli.declare import Command

COMMANDS = (
    "owner",
    "which",
    "path",
    "search",
    "show",
    "files",
    "manual",
    "deps",
    "rdeps",
    "why",
    "status",
    "changes",
    "history",
    "diff",
    "init",
    "preview",
    "submit",
    "pack",
    "watch",
    "serve tree",
    "tree index",
    "tree remove",
    "tree query",
    "tree load",
    "tree dump",
    "bench tree",
    "sync",
    "hooks install",
    "hooks remove",
    "hooks status",
    "hooks test",
    "merge",
    "gc",
    "verify",
    "doctor",
    "completion",
)

# What the first word of two is for.
GROUPS = {
    "hooks": "Let package managers say that they changed something.",
    "serve": "Serve a repository to clients.",
    "tree": "Talk to a server of 'serve tree'.",
    "bench": "Try how much a server can do.",
}


def command(name: str) -> Command:
    """The declaration of one of `COMMANDS`."""
    # Not `importlib`, which every answer would pay a millisecond for.
    module = __import__(f"pkgindex.cli.commands.{name.replace(' ', '_')}", fromlist=["COMMAND"])
    found: Command = module.COMMAND
    return found
