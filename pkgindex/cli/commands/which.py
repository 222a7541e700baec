"""`pkgindex which`: which package has a command."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pkgindex.cli.call import FOUND, NOTHING, PARTLY, Call
from pkgindex.cli.declare import PRINTING, Argument, Command, Option
from pkgindex.cli.output import Output
from pkgindex.cli.which import NO_COMMAND, Found, handler_text, lines
from pkgindex.defaults import SYSTEM_CACHE
from pkgindex.errors import BadInput, PkgindexError
from pkgindex.query.commandlists import CommandLists

if TYPE_CHECKING:
    from pkgindex.format.commands import Commands, Row

NEAR_SHOWN = 5


def run(call: Call, command: str, handler: bool) -> int:
    lists = CommandLists(call.settings.index, (call.settings.cache, SYSTEM_CACHE), call.repos, call.at)
    if handler:
        return _handle(command, lists)
    if "/" in command or not command:
        raise BadInput(f"{command!r} is no command's name: of a path 'pkgindex owner PATH' says whose it is")
    found = Found(command, lists)
    exact = (found.exact or _led_to(command, found.lists))[: call.limit]
    hits = [_hit(row, of, 0) for row, of in exact]
    near = [_hit(row, of, steps) for steps, row, of in found.near]

    def shown(output: Output, hits: Iterable[Any]) -> Iterator[str]:
        yield from (line for _, line in zip(hits, lines(exact, len(found.lists) > 1, output.safe), strict=True))

    count = call.output.hits(call.command, hits, shown, lambda: lists.failures, lambda: {"near": near})
    for repo, error in lists.failures:
        call.output.complain(f"{error} (repository {repo!r} is missing from the answer)")
    if not count:
        call.output.say(_nothing(found))
    return PARTLY if lists.failures else FOUND if count else NOTHING


def _led_to(command: str, lists: list[Commands]) -> list[tuple[Row, Commands]]:
    """Who has the program that *command* is a link to on this host, as update-alternatives makes them: no package lists it."""
    path = os.path.realpath(shutil.which(command) or "")
    there = [(row, of) for of in lists for row in of.named(os.path.basename(path)) if row[3]]
    return [(row, of) for row, of in there if os.path.realpath(f"{row[2]}/{row[0]}") == path]


def _handle(command: str, lists: CommandLists) -> int:
    """Say what a shell would, with what is known besides; whatever is wrong with an index is not this shell's matter."""
    try:
        text = handler_text(Found(command, lists))
    except (PkgindexError, OSError):
        text = f"{command}: command not found\n"
    from pkgindex.cli.terminal import escaped

    sys.stderr.write("".join([f"{escaped(line)}\n" for line in text.split("\n")[:-1]]))
    return NO_COMMAND


def _hit(row: Row, of: Commands, steps: int) -> dict[str, Any]:
    name, package, directory, installed = row
    return {
        "repo": of.repo, "generation": of.generation, "package": package, "path": f"{directory}/{name}", "command": name,
        "installed": installed, "steps": steps,
    }


def _nothing(found: Found) -> str:
    names = list(dict.fromkeys(row[0] for _, row, _ in found.near))
    near = f"; near it: {', '.join(names[:NEAR_SHOWN])}" if names else ""
    return f"no package has a command {found.name!r}{near}"


COMMAND = Command(
    "which",
    run,
    """Which package has a command.

    What is installed comes first, then what the other repositories offer: files in the directories where a shell looks,
    and in the `bin` of environments; of a link that update-alternatives set on this host, what it leads to. Where no
    package has it, names that are one slip of the hand away are told, or two.

    `pkgindex-which` is the same command as a program that starts faster, for a shell that did not find one.""",
    (Argument("command", "COMMAND"),),
    (
        Option("handler", ("--handler",), "Say on stderr what a shell says, and how to install it; exit code 127."),
        *PRINTING,
    ),
    (
        ("which rg", "who ships it, installed first"),
        ("which --handler gti", "what the shell's handler says"),
    ),
)
