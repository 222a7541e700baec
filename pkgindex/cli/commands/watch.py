"""`pkgindex watch`: pack what arrives in the spool, for ever."""

from __future__ import annotations

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import Command, Option
from pkgindex.service.log import to_stderr
from pkgindex.service.watch import watch


def run(call: Call, poll: bool, sync_every: int | None) -> int:
    def say(line: str) -> None:
        call.output.settle()
        to_stderr(line)

    settings = call.settings._replace(polling=True) if poll else call.settings
    if sync_every is not None:
        settings = settings._replace(sync_seconds=float(sync_every))
    watch(settings, say, call.output.tick)
    return FOUND


COMMAND = Command(
    "watch",
    run,
    """Pack what arrives in the spool, for ever.

    Each publish is a line on stderr. A repository is packed when nothing has arrived for a while (quiet_seconds), or
    when it was never quiet for long enough (wait_seconds_max). What package managers have installed here is synced
    when a hook says so, when an environment that the settings name has changed, and with --sync-every all of it as
    soon as it changes, and every so often. Ctrl-C and SIGTERM let the present step end; the
    second one does not. Knows systemd's notify.""",
    (),
    (
        Option("poll", ("--poll",), "List the spool again and again, even where the system reports changes."),
        Option("sync_every", ("--sync-every",), "Sync all managers of this host so often (sync_seconds).", "number", "SECONDS"),
    ),
    (
        ("watch", "in a terminal, or under systemd with Type=notify"),
        ("watch --sync-every 3600", "a host or container that indexes itself"),
        ("--spool /mnt/share/spool watch --poll", "a spool that other hosts write to"),
    ),
)
