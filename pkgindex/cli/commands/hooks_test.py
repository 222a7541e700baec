"""`pkgindex hooks test`: fire a hook once, and see what comes of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pkgindex.cli.call import FOUND, NOTHING, Call
from pkgindex.cli.commands.hooks_install import ROOT
from pkgindex.cli.declare import JSON, JSONL, Argument, Command, Option
from pkgindex.hooks.catalog import hook
from pkgindex.hooks.firing import Fired, fire
from pkgindex.hooks.place import place_of
from pkgindex.hooks.visible import HERE, NOBODY, WATCH, Visible, awaited

WAIT_SECONDS = 5
# What a shell and chroot say of a program that is not there.
NO_PROGRAM = 127
WHY = "is the disk of the spool full or read-only?"
BY = {
    WATCH: "{seconds:.3f} s later a watch had indexed what the manager's database says",
    HERE: "no watch did so, and it was done from here, which took {seconds:.2f} s: {said}",
    NOBODY: "no watch did anything within {seconds:.0f} s; the stamp is left for one",
}


def run(call: Call, manager: str, root: str | None, wait: int | None) -> int:
    place, wanted = place_of(call.settings, root, sys.argv[0]), hook(manager)
    fired = fire(wanted, place)
    seen = awaited(call.settings, place, wanted.stamp, WAIT_SECONDS if wait is None else wait) if fired.dropped else None
    hit = {
        "manager": manager, "hook_seconds": round(fired.seconds, 4), "code": fired.code, "printed": fired.printed,
        "dropped": fired.dropped, "by": seen.by if seen else "", "seconds": round(seen.seconds, 4) if seen else None,
    }
    call.output.hits(call.command, [hit], lambda output, hits: _lines(manager, fired, seen), lambda: ())
    return NOTHING if fired.code or not fired.dropped or (seen and seen.by == NOBODY) else FOUND


def _lines(manager: str, fired: Fired, seen: Visible | None) -> Iterator[str]:
    ended = f"ended with {fired.code}" if fired.code else "ended well"
    yield f"{manager}: the hook {ended} after {fired.seconds * 1000:.1f} ms" + (
        f", and printed {fired.printed!a}" if fired.printed else "")
    if seen is None:
        missing = fired.code == NO_PROGRAM
        yield f"no stamp was dropped: {'its program, or what runs that, is not there' if missing else WHY}"
    else:
        yield BY[seen.by].format(**seen._asdict())


COMMAND = Command(
    "hooks test",
    run,
    f"""Fire a hook once, as its manager would.

    Says how long the hook took, whether a stamp was dropped, and how much later a running 'watch' had read the database
    and indexed it. When none did within {WAIT_SECONDS} seconds (--wait), what a watch would have done is done here. The manager
    itself is not run, and nothing is installed or removed. The exit code is 1 when the hook does not work.""",
    (Argument("manager", "MANAGER", completes="hook"),),
    (ROOT, Option("wait", ("--wait",), "Seconds to wait for a watch.", "number", "SECONDS"), JSON, JSONL),
    (
        ("hooks test dpkg", "this host, where a watch is running"),
        ("hooks test apt --wait 0", "without one: it is synced from here"),
    ),
)
