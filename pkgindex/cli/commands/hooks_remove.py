"""`pkgindex hooks remove`: take hooks away, with the directories that were made for them."""

from __future__ import annotations

import sys

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.commands.hooks_install import DRY_RUN, FORCE, MANAGERS, ROOT, tell
from pkgindex.cli.declare import JSON, JSONL, Command
from pkgindex.hooks import install
from pkgindex.hooks.catalog import hook
from pkgindex.hooks.place import place_of


def run(call: Call, managers: tuple[str, ...], root: str | None, force: bool, dry_run: bool) -> int:
    place = place_of(call.settings, root, sys.argv[0])
    wanted = [hook(manager) for manager in managers]
    steps = [step for found in wanted for step in install.remove(found, place, force, dry_run)]
    tell(call, [step._replace(text="") for step in steps], dry_run)
    return FOUND


COMMAND = Command(
    "hooks remove",
    run,
    """Take hooks away.

    Every file of theirs, the directories that were made for these, and with the last hook the directory of stamps. What
    was changed by hand stays unless --force is given, and files of others stay always.""",
    (MANAGERS,),
    (ROOT, FORCE, DRY_RUN, JSON, JSONL),
    (
        ("hooks remove apt systemd", "this host"),
        ("hooks remove pacman --root /srv/image", "an image"),
    ),
)
