"""`pkgindex verify`: everything is read again, and each fault named with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import Call
from pkgindex.cli.declare import AT, JSON, JSONL, REPO, REPOSITORIES, Command
from pkgindex.cli.each import each
from pkgindex.cli.output import Output
from pkgindex.cli.wording import size
from pkgindex.errors import Corrupt
from pkgindex.packer.target import Target
from pkgindex.snapshot.verify import Verdict, verify

COUNTED = (("packages", "packages"), ("pairs", "paths"), ("edges", "relations"), ("shards", "shards"))


def run(call: Call, repositories: tuple[str, ...]) -> int:
    unsound: list[str] = []

    def act(target: Target) -> Iterator[dict[str, Any]]:
        verdict = verify(target.backend, target.repo, call.at, call.output.tick)
        call.output.settle()
        if not verdict.sound:
            unsound.append(verdict.repo)
        yield _hit(verdict)

    code = each(call, repositories, act, lines)
    return Corrupt.exit_code if unsound else code


def _hit(verdict: Verdict) -> dict[str, Any]:
    return {
        "repo": verdict.repo,
        "generation": verdict.generation,
        "sound": verdict.sound,
        "faults": [fault._asdict() for fault in verdict.faults],
        "unlisted": verdict.unlisted,
        "checked": verdict.checked._asdict(),
        "seconds": round(verdict.seconds, 3),
    }


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    for hit in hits:
        repo, checked, faults = hit["repo"], hit["checked"], len(hit["faults"]) + hit["unlisted"]
        for fault in hit["faults"]:
            yield (f"{repo}: {output.paint(fault['file'], 'bad')}: {output.safe(fault['problem'])}; "
                   f"{output.safe(fault['remedy'])}")
        if hit["unlisted"]:
            yield f"{repo}: and {hit['unlisted']:,} more faults"
        found = output.paint("sound", "good") if hit["sound"] else output.paint(f"{faults:,} faults", "bad")
        counts = ", ".join(f"{checked[field]:,} {name}" for field, name in COUNTED)
        yield (f"{repo}: generation {hit['generation']}, {found}; {counts}, {size(checked['bytes'])} read, "
               f"{hit['seconds']:.2f} s")


COMMAND = Command(
    "verify",
    run,
    """Read everything again, and name each fault.

    Checksums, both directions of every relation, shards against packages, counts. Each fault is named with its file
    and what to do. Nothing is written, and readers and writers go on. Exits with 3 when something is wrong.""",
    (REPOSITORIES,),
    (JSON, JSONL, REPO, AT),
    (
        ("verify", "all repositories"),
        ("verify --json debian", "one of them, for a monitor"),
    ),
)
