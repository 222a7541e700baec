"""`pkgindex hooks install`: let package managers say that they changed something."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command, Option
from pkgindex.cli.output import Output
from pkgindex.errors import BadInput
from pkgindex.hooks import hookfile, install, units
from pkgindex.hooks.catalog import HOOKS, UNITS, Hook, hook
from pkgindex.hooks.install import Step
from pkgindex.hooks.place import Place, place_of

MANAGERS = Argument("managers", "MANAGER...", many=True, completes="hook")
ROOT = Option("root", ("--root",), "An image or a chroot, instead of this host.", "text", "DIR", completes="directory")
FORCE = Option("force", ("--force",), "Also what was changed by hand.")
DRY_RUN = Option("dry_run", ("--dry-run",), "Only print what would be done.")
# Where units of ours are, a watch runs.
WATCH = f"{UNITS}/pkgindex-watch.service"
HEARD = "a hook is heard by 'pkgindex watch': have one run, as 'pkgindex hooks install systemd' does"
WOULD = {install.WRITTEN: "would write", install.REPLACED: "would replace", install.REMOVED: "would remove",
         install.KEPT: "would keep"}
UNDONE = {
    hookfile.FOREIGN: "is not of pkgindex, and stays as it is: move it away first",
    install.KEPT: "was changed by hand, and stays as it is; --force does not spare it",
}


def run(call: Call, managers: tuple[str, ...], root: str | None, force: bool, dry_run: bool) -> int:
    place = place_of(call.settings, root, sys.argv[0])
    wanted = [hook(manager) for manager in managers]
    steps = [step for found in wanted for step in install.install(found, place, force, dry_run)]
    tell(call, steps, dry_run)
    if not dry_run:
        for found in wanted:
            _finish(call, found, place)
        if place.root == "/" and any(found.stamp for found in wanted) and not os.path.exists(WATCH):
            call.output.say(HEARD)
    return FOUND


def _finish(call: Call, found: Hook, place: Place) -> None:
    """What is done, or left to do, when the files are there."""
    if found.manager == "systemd":
        call.output.say(units.enable(place))
    if found.after:
        call.output.say(f"{found.manager}: {found.after}")


def tell(call: Call, steps: list[Step], dry_run: bool) -> None:
    """Print *steps*. Raises `BadInput` when something that was asked for is not done."""
    shown = steps if dry_run else [step._replace(text="") for step in steps]
    hits = [{**_hit(step), "dry-run": dry_run} for step in shown]
    call.output.hits(call.command, hits, lambda output, hits: _lines(output, shown, WOULD if dry_run else {}), lambda: ())
    undone = [f"{step.path} {UNDONE[step.action]}" for step in steps if step.action in UNDONE]
    if undone:
        raise BadInput("\n".join(undone))


def _hit(step: Step) -> dict[str, Any]:
    return {field: value for field, value in step._asdict().items() if field != "text" or value}


def _lines(output: Output, steps: Iterable[Step], words: Mapping[str, str]) -> Iterator[str]:
    for step in steps:
        yield f"{step.manager}: {words.get(step.action, step.action)} {output.paint(step.path, 'name')}"
        yield from (f"    {output.safe(line)}".rstrip() for line in step.text.splitlines())


COMMAND = Command(
    "hooks install",
    run,
    f"""Let package managers say that they changed something.

    For {', '.join(HOOKS)}. A hook leaves an empty file in the spool, and that is all; 'watch' reads the manager's
    database then. No manager is slowed or stopped by it, also when pkgindex, its spool or its disk is gone. Of systemd
    it writes units, of a shell what says which package has a command. What is there and not of pkgindex is never touched.""",
    (MANAGERS,),
    (ROOT, FORCE, DRY_RUN, JSON, JSONL),
    (
        ("hooks install apt systemd", "a Debian host that follows apt and dpkg"),
        ("hooks install pacman --dry-run", "what would be written, and where"),
        ("hooks install rpm --root /srv/image", "an image that is to run elsewhere"),
    ),
)
