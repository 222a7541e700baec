"""`pkgindex changes`: what was installed, upgraded and removed on the hosts that are indexed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PRINTING, REPOSITORIES, Command, Option
from pkgindex.cli.moments import WAYS, since
from pkgindex.cli.output import Output
from pkgindex.query.changes import ChangeHit, changes
from pkgindex.query.index import Index

SINCE = "7d"
STYLES = {"installed": "good", "upgraded": "match", "downgraded": "match", "removed": "bad"}


def run(
    call: Call, repositories: tuple[str, ...], since_text: str | None, installed: bool, upgraded: bool, removed: bool
) -> int:
    moment = since(since_text or SINCE, time.time(), generations=True)
    wanted = _actions(installed, upgraded, removed)
    call = call._replace(repos=(*call.repos, *repositories))

    def question(index: Index) -> Iterator[ChangeHit]:
        return (hit for hit in changes(index, moment.seconds, moment.generation) if hit.action in wanted)

    return call.answer(question, lines, _nothing(since_text or SINCE))


def _actions(installed: bool, upgraded: bool, removed: bool) -> set[str]:
    chosen = {"installed"} if installed else set()
    chosen |= {"upgraded", "downgraded"} if upgraded else set()
    chosen |= {"removed"} if removed else set()
    return chosen or set(STYLES)


def _nothing(since_text: str) -> str:
    return (f"nothing that changed since {since_text} is known; 'pkgindex sync' tells what it finds changed, from its second "
            "look at a host on")


def lines(output: Output, hits: Iterable[ChangeHit]) -> Iterator[str]:
    for hit in hits:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(hit.at))
        versions = " -> ".join(output.safe(version) for version in (hit.before, hit.after) if version)
        yield (f"{when}  {output.paint(f'{hit.action:<10}', STYLES[hit.action])}  {output.where(hit.repo)}"
               f"{output.paint(hit.package, 'name')} {versions}").rstrip()


COMMAND = Command(
    "changes",
    run,
    """What was installed, upgraded and removed, the newest first.

    'pkgindex sync' tells what it finds changed on a host, and when, as far as the package manager knows; else when it was
    found. It stays known when generations are retired, for as long as the setting keep_changes_seconds says. With --json a
    removal shows the last that was known of the package.""",
    (REPOSITORIES,),
    (
        Option("since_text", ("--since",), f"Since when ({SINCE}): {WAYS}, or a generation's number.", "text", "WHEN"),
        Option("installed", ("--installed",), "Only what was installed."),
        Option("upgraded", ("--upgraded",), "Only upgrades and downgrades."),
        Option("removed", ("--removed",), "Only removals."),
        *PRINTING,
    ),
    (
        ("changes", "of the last seven days, on all hosts"),
        ("changes --since 2026-11-01 --removed host-dpkg", "what is gone since then, and which versions these were"),
    ),
)
