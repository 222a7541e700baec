"""`pkgindex pack`: pack what is in the spool now, and exit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import JSON, JSONL, REPOSITORIES, Command, Option
from pkgindex.cli.each import code_of, each
from pkgindex.cli.output import Output
from pkgindex.errors import Rejected, StoreError
from pkgindex.packer.target import Target
from pkgindex.service.packing import Outcome, line, pack_all, pack_repository
from pkgindex.spool.spool import Spool
from pkgindex.store.lock import WriterLock
from pkgindex.store.place import place_of


def run(call: Call, repositories: tuple[str, ...], rebuild: bool) -> int:
    if rebuild:
        return _rebuild(call, repositories)
    outcomes: list[Outcome] = []

    def told(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if call.output.shape == "lines":
            call.output.lines([line(outcome)])
        _explain(call, outcome)

    packed = pack_all(call.settings, repositories, call.output.tick, told)
    if call.output.shape != "lines":
        call.output.hits(call.command, map(_hit, outcomes), _lines, lambda: packed.failures)
    code = code_of(call, packed.failures, len(outcomes) + len(packed.failures))
    if any(outcome.stuck for outcome in outcomes):
        code = code or StoreError.exit_code
    return code or (Rejected.exit_code if any(outcome.rejected for outcome in outcomes) else FOUND)


def _rebuild(call: Call, repositories: tuple[str, ...]) -> int:
    """Make the repositories anew, then pack what waits for them in the spool."""
    from pkgindex.packer.rebuild import rebuild

    spool, place = Spool(call.settings.spool), place_of(call.settings)
    waiting = spool.repositories() if os.path.isdir(spool.root) else []

    def act(target: Target) -> Iterator[dict[str, Any]]:
        lock, what = place.lock(target.repo), f"repository {target.repo!r}"
        with WriterLock(lock, what, target.settings.lock_wait_seconds):
            outcomes = [Outcome(rebuild(target))]
        if target.repo in waiting:
            outcomes.append(pack_repository(call.settings, spool, target.repo, target.tell))
        for outcome in outcomes:
            _explain(call, outcome)
            if outcome.report.generation or outcome.rejected:
                yield _hit(outcome)

    return each(call, repositories, act, lambda output, hits: (hit["summary"] for hit in hits))


def _explain(call: Call, outcome: Outcome) -> None:
    """What the line only counts."""
    for fault in outcome.report.faults:
        call.output.say(fault)
    for refusal in outcome.report.refused:
        call.output.complain(str(refusal.error))
    for name in outcome.rejected:
        call.output.complain(f"rejected: {name}; the reason lies beside it, in {outcome.report.repo}/rejected/ of the spool")
    for unmoved in outcome.unmoved:
        call.output.complain(unmoved)


def _hit(outcome: Outcome) -> dict[str, Any]:
    report = outcome.report
    return {
        "summary": line(outcome),
        "repo": report.repo,
        "generation": report.generation,
        "added": report.change.added,
        "changed": report.change.changed,
        "removed": report.change.removed,
        "packed": [submission.filename for submission in report.packed],
        "rejected": list(outcome.rejected),
        "waiting": list(outcome.waiting),
        "faults": list(report.faults),
        "seconds": round(report.seconds, 3),
    }


def _lines(output: Output, hits: Iterable[Any]) -> Iterable[str]:
    """None: they were printed as each repository was packed."""
    return ()


COMMAND = Command(
    "pack",
    run,
    """Pack what lies in the spool now.

    Each repository becomes one new generation. Does not wait for the quiet period. What comes again unchanged makes
    no generation; what cannot be read is put aside with the reason. --rebuild makes repositories of the index anew
    from what can be read of them, for when `verify` says so.""",
    (REPOSITORIES,),
    (Option("rebuild", ("--rebuild",), "Make these repositories of the index anew."), JSON, JSONL),
    (
        ("pack", "all repositories of the spool"),
        ("pack --rebuild debian", "repair one"),
    ),
)
