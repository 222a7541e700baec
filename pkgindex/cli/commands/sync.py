"""`pkgindex sync`: what package managers have installed on this host, a repository each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import PARTLY, Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command, Option
from pkgindex.cli.each import code_of
from pkgindex.cli.output import Output
from pkgindex.errors import BadInput, PkgindexError
from pkgindex.service.sync import Synced, line, preview, sync
from pkgindex.sources.hosts import managers
from pkgindex.sources.hosts.database import Database


def run(call: Call, manager: str | None, root: str | None, into: str | None, every: bool, dry_run: bool) -> int:
    databases = _databases(call, manager, root or "/", every)
    if into and len(databases) > 1:
        raise BadInput(f"--repo {into}: {manager or '--all'} has {len(databases)} databases here, and each has its repository")
    failures: list[tuple[str, PkgindexError]] = []
    unreadable: list[str] = []
    act = preview if dry_run else sync

    def hits() -> Iterator[dict[str, Any]]:
        for database in databases:
            try:
                synced = act(call.settings, database, into or "", call.output.tick)
            except PkgindexError as error:
                failures.append((into or database.repo, error))
                continue
            unreadable.extend(synced.troubles)
            yield _hit(synced, dry_run)

    call.output.hits(call.command, hits(), _lines, lambda: failures)
    for trouble in unreadable:
        call.output.complain(f"{trouble} (what is indexed of it stays as it is)")
    return code_of(call, failures, len(databases)) or (PARTLY if unreadable else 0)


def _databases(call: Call, manager: str | None, root: str, every: bool) -> list[Database]:
    if every is bool(manager):
        raise BadInput(f"which manager? one of {', '.join(managers.MANAGERS)}; or --all of those that are found here")
    if manager:
        return managers.named(manager, root, call.settings)
    return managers.found_all(root, call.settings)


def _lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    for hit in hits:
        output.settle()
        yield hit["summary"]
        if hit["dry-run"]:
            for what in ("added", "changed", "removed"):
                yield from (f"{what} {output.safe(name)}" for name in hit[what])


def _hit(synced: Synced, dry_run: bool) -> dict[str, Any]:
    return {
        "summary": line(synced),
        "repo": synced.repo,
        "manager": synced.manager,
        "dry-run": dry_run,
        "generation": synced.outcome.report.generation if synced.outcome else 0,
        "packages": synced.packages,
        "added": list(synced.added),
        "changed": list(synced.changed),
        "removed": list(synced.removed),
        "unreadable": list(synced.troubles),
        "seconds": round(synced.seconds, 3),
    }


COMMAND = Command(
    "sync",
    run,
    """Index what is installed on this host: packages, files and relations, as a package manager's own database has them.

    MANAGER is dpkg (apt), rpm (dnf, zypper), pacman, apk, pip (uv), npm or conda. Each database becomes a repository:
    host-dpkg, and one for each environment of pip, npm and conda, as host-pip-srv-app-venv; which there are say the
    settings. Only what differs from what is indexed is packed, removals too; when nothing changed, nothing is
    written. Spool and index are made when they are missing. A manager that is at work is waited for
    (lock_wait_seconds), and so is who packs what an earlier sync submitted. A record that cannot be read is named,
    and what is indexed of it stays; the exit code is 5 then.""",
    (Argument("manager", "[MANAGER]", required=False, completes="manager"),),
    (
        Option("every", ("--all",), "Every manager that is found on this host."),
        Option("root", ("--root",), "Where the host's file system is, if not at /.", "text", "DIR", completes="directory"),
        Option("into", ("--repo",), "The repository to bring it into, if not its own.", "text", "REPO", completes="repository"),
        Option("dry_run", ("--dry-run", "-n"), "Say what would be submitted, and submit nothing."),
        JSON,
        JSONL,
    ),
    (
        ("sync --all", "all that is installed here"),
        ("sync dpkg --root /srv/chroot --repo chroot", "a system below another directory"),
        ("sync pip --root /srv/app/venv", "one virtual environment"),
    ),
)
