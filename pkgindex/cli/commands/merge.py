"""`pkgindex merge`: few shards instead of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pkgindex.cli.call import Call
from pkgindex.cli.declare import JSON, JSONL, REPOSITORIES, Command, Option
from pkgindex.cli.each import each
from pkgindex.cli.output import Output
from pkgindex.cli.wording import size
from pkgindex.packer.merge import Merged, merge
from pkgindex.packer.target import Target


def run(call: Call, repositories: tuple[str, ...], force: bool) -> int:
    def act(target: Target) -> Iterator[Merged]:
        if merged := merge(target, force):
            yield merged
        else:
            call.output.say(f"{target.repo}: nothing to merge" + ("" if force else "; --force merges all the same"))

    return each(call, repositories, act, lines)


def lines(output: Output, hits: Iterable[Merged]) -> Iterator[str]:
    for merged in hits:
        yield (f"{merged.repo}: generation {merged.generation}, {merged.parts} shards merged, {size(merged.before_bytes)} "
               f"became {size(merged.after_bytes)}, {merged.seconds:.2f} s")


COMMAND = Command(
    "merge",
    run,
    """Merge shards into fewer.

    Those that are too many, or of which too much is dead, as `watch` does by itself. Readers and writers go on
    meanwhile. With --force all shards become one of each kind.""",
    (REPOSITORIES,),
    (Option("force", ("--force",), "Merge all shards, even if they are few."), JSON, JSONL),
    (
        ("merge", "all repositories, where it is worth while"),
        ("merge --force debian", "one of them, whatever it takes"),
    ),
)
