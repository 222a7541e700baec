"""`pkgindex doctor`: what a directory is good for, tried out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import JSON, JSONL, Argument, Command
from pkgindex.cli.output import Output
from pkgindex.config import scheme_of
from pkgindex.errors import BadInput, StoreError
from pkgindex.store.place import place_of
from pkgindex.store.probe.examining import examine

STYLES = {"good": "good", "note": "name", "bad": "bad"}


def run(call: Call, directories: tuple[str, ...]) -> int:
    if any(map(scheme_of, directories)):
        raise BadInput("doctor tries out directories, and this is an address")
    wanted = [(directory, "") for directory in directories] or [*_index(call), *_spool(call)]
    hits = [_hit(directory, use) for directory, use in wanted]
    call.output.hits(call.command, hits, lines, lambda: ())
    return FOUND if all(hit["fit"] for hit in hits) else StoreError.exit_code


def _index(call: Call) -> list[tuple[str, str]]:
    """An index in a database has no directory, and is named without its password."""
    if not scheme_of(call.settings.index):
        return [(call.settings.index, "index")]
    call.output.say(f"the index is in {place_of(call.settings).name}: there is no directory to try out")
    return []


def _spool(call: Call) -> list[tuple[str, str]]:
    """A host that only asks has none."""
    if os.path.isdir(call.settings.spool):
        return [(call.settings.spool, "spool")]
    call.output.say(f"{call.settings.spool} is no directory: this host has no spool, and needs none to ask")
    return []


def _hit(directory: str, use: str) -> dict[str, Any]:
    found = examine(directory)
    return {
        "directory": found.directory,
        "use": use or None,
        "file_system": found.file_system,
        "options": list(found.options),
        "remote": found.remote,
        "writable": found.writable,
        "fit": found.fit,
        "findings": [finding._asdict() for finding in found.findings],
        "expect": list(found.expect),
    }


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    for hit in hits:
        use = f" ({hit['use']})" if hit["use"] else ""
        yield f"{output.safe(hit['directory'])}{use}: {hit['file_system'] or 'an unknown file system'}"
        for finding in hit["findings"]:
            verdict = output.paint(f"{finding['verdict']:<5}", STYLES[finding["verdict"]])
            advice = f"; {finding['advice']}" if finding["advice"] else ""
            yield f"  {verdict} {finding['check']:<15} {output.safe(finding['says'] + advice)}"
        for sentence in hit["expect"] if hit["fit"] else ():
            yield f"  expect {sentence}"
        yield f"  {_verdict(hit)}"


def _verdict(hit: dict[str, Any]) -> str:
    if not hit["fit"]:
        return "an index must not lie here"
    return "an index and a spool may lie here" if hit["writable"] else "this host can ask here, and neither pack nor submit"


COMMAND = Command(
    "doctor",
    run,
    """Try out a directory: can an index or a spool lie there?

    Makes a folder, tries what pkgindex relies on (links, listings, renames, locks, flushes, names, the clock, events),
    with a second process that looks at it, and removes it again. Says what each trial found and what to do about it,
    and what may be expected of such a file system. Without DIR: the index and the spool that are set. On a share, run
    it on each host. Exits with 3 where an index must not lie.""",
    (Argument("directories", "[DIR]...", required=False, many=True, completes="directory"),),
    (JSON, JSONL),
    (
        ("doctor", "the index and the spool"),
        ("doctor --json /mnt/share", "a place where one is to be, with the numbers for a program"),
    ),
)
