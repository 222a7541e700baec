"""`pkgindex history`: the generations that are retained, and what each changed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PRINTING, REPOSITORY, Command
from pkgindex.cli.output import Output
from pkgindex.cli.wording import describe
from pkgindex.format.manifest import Manifest
from pkgindex.query.index import Index

NAMES_SHOWN = 6


def run(call: Call, repository: str) -> int:
    call = call._replace(repos=(*call.repos, repository))

    def question(index: Index) -> Iterator[dict[str, Any]]:
        for manifest in reversed(index.reader(repository).history()):
            if call.at is None or manifest.generation <= call.at:
                yield _hit(manifest)

    return call.answer(question, lines, f"no generation of {repository!r} is retained")


def _hit(manifest: Manifest) -> dict[str, Any]:
    change = manifest.change
    return {
        "repo": manifest.repo,
        "generation": manifest.generation,
        "created": manifest.created,
        "action": change.action,
        "added": change.added,
        "changed": change.changed,
        "removed": change.removed,
        "names": list(change.names),
        "packages": manifest.packages,
        "paths": manifest.paths,
        "writer": manifest.writer,
        "submissions": [packed._asdict() for packed in manifest.submissions],
    }


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    for hit in hits:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(hit["created"]))
        counts = f"+{hit['added']:,} ~{hit['changed']:,} -{hit['removed']:,}"
        total = hit["added"] + hit["changed"] + hit["removed"]
        names = describe(hit["names"][:NAMES_SHOWN]) + (" ..." if total > NAMES_SHOWN else "")
        yield (f"{output.paint(str(hit['generation']), 'name')}  {when}  {hit['action']}  {counts}"
               f"  {output.safe(names)}").rstrip()


COMMAND = Command(
    "history",
    run,
    """What the generations of a repository changed.

    A line for each that is retained, the newest first: when it was published, by what, and what changed. `+` counts
    added packages, `~` changed, `-` removed ones. --at GEN begins with that generation.""",
    (REPOSITORY,),
    PRINTING,
    (
        ("history debian", "a line for each generation"),
        ("history --jsonl --limit 1 debian", "the newest, with the submissions it packed"),
    ),
)
