"""`pkgindex sync dpkg`: what is installed on this host, as a repository."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import JSON, JSONL, Command, Option
from pkgindex.service.sync import Synced, line, sync_dpkg

HOST = "host-dpkg"


def run(call: Call, root: str | None, into: str | None) -> int:
    synced = sync_dpkg(call.settings, root or "/", into or HOST, call.output.tick)
    call.output.settle()
    call.output.hits(call.command, [_hit(synced)], lambda output, hits: [line(synced)], _no_failures)
    return FOUND


def _hit(synced: Synced) -> dict[str, Any]:
    return {
        "repo": synced.repo,
        "generation": synced.outcome.report.generation if synced.outcome else 0,
        "packages": synced.packages,
        "added": list(synced.added),
        "changed": list(synced.changed),
        "removed": list(synced.removed),
        "seconds": round(synced.seconds, 3),
    }


def _no_failures() -> Iterable[tuple[str, Exception]]:
    return ()


COMMAND = Command(
    "sync dpkg",
    run,
    """Index what is installed on this host: packages, files and relations, as dpkg's database has them.

    Only what differs from what is indexed is packed, removals too; spool and index are made when they are missing.""",
    (),
    (
        Option("root", ("--root",), "Where the host's file system is, if not at /.", "text", "DIR", completes="directory"),
        Option("into", ("--repo",), f"The repository to bring it into ({HOST}).", "text", "REPO", completes="repository"),
        JSON,
        JSONL,
    ),
    (
        ("sync dpkg", "this host"),
        ("sync dpkg --root /srv/chroot --repo chroot", "a system below another directory"),
    ),
)
