"""`pkgindex hooks status`: which hooks there are, and whether they do anything."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from pkgindex.cli.call import FOUND, NOTHING, Call
from pkgindex.cli.commands.hooks_install import ROOT
from pkgindex.cli.declare import JSON, JSONL, Argument, Command
from pkgindex.cli.output import Output
from pkgindex.hooks.catalog import HOOKS, hook
from pkgindex.hooks.hookfile import ABSENT
from pkgindex.hooks.place import place_of
from pkgindex.hooks.status import HookStatus, status


def run(call: Call, managers: tuple[str, ...], root: str | None) -> int:
    place = place_of(call.settings, root, sys.argv[0])
    wanted = [hook(manager) for manager in managers or HOOKS]
    found = [status(one, place, call.settings) for one in wanted]
    # Of those that nobody asked about, what is neither here nor could be is left out.
    shown = [one for one in found if managers or one.program or one.state != ABSENT]
    call.output.hits(call.command, shown, _lines, lambda: ())
    return FOUND if any(one.state != ABSENT for one in shown) else NOTHING


def _lines(output: Output, hits: Iterable[HookStatus]) -> Iterator[str]:
    for one in hits:
        words = [STATES.get(one.state, one.state), *_more(one)]
        yield f"{output.paint(one.manager, 'name')}: {', '.join(words)}"


STATES = {
    ABSENT: "no hook", "partly": "a part of its hook is missing", "older": "its hook is of another pkgindex, or another spool",
    "changed": "its hook was changed by hand", "foreign": "a file that is not of pkgindex stands in the place of its hook",
}


def _more(one: HookStatus) -> Iterator[str]:
    if not one.program:
        yield "its program is not here"
    if one.stamp_seconds is not None:
        yield f"a stamp waits since {one.stamp_seconds:.0f} s"
    if one.synced_seconds is not None:
        yield f"{one.repo} changed {one.synced_seconds:.0f} s ago"


COMMAND = Command(
    "hooks status",
    run,
    """Say which hooks there are.

    For each manager that is here, or that has one: whether its hook is installed and as this pkgindex would write it,
    whether a stamp waits for somebody to read the database, and when the manager's repository last changed. The exit
    code is 1 when there is no hook at all.""",
    (Argument("managers", "[MANAGER]...", required=False, many=True, completes="hook"),),
    (ROOT, JSON, JSONL),
    (
        ("hooks status", "this host"),
        ("hooks status --root /srv/image apt", "one of them, in an image"),
    ),
)
