"""`pkgindex gc`: retire old generations and the files that only they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pkgindex.cli.call import Call
from pkgindex.cli.declare import JSON, JSONL, REPOSITORIES, Command
from pkgindex.cli.each import each
from pkgindex.cli.output import Output
from pkgindex.cli.wording import describe, size
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target


class GcHit(NamedTuple):
    """What went of a repository."""

    repo: str
    generations: tuple[int, ...]
    files: int
    bytes: int


def run(call: Call, repositories: tuple[str, ...]) -> int:
    def act(target: Target) -> Iterator[GcHit]:
        yield GcHit(target.repo, *retire(target.backend, target.repo, target.settings))

    return each(call, repositories, act, lines)


def lines(output: Output, hits: Iterable[GcHit]) -> Iterator[str]:
    for hit in hits:
        retired = f"generations {describe(map(str, hit.generations))}" if hit.generations else "no generation"
        yield f"{hit.repo}: retired {retired}; removed {hit.files:,} files, {size(hit.bytes)}"


COMMAND = Command(
    "gc",
    run,
    """Retire old generations and their files.

    Those beyond the ones that are kept, and the files that only they needed. The settings keep_generations and
    grace_seconds say what is kept; `watch` does this by itself.""",
    (REPOSITORIES,),
    (JSON, JSONL),
    (
        ("gc", "all repositories"),
        ("gc --json debian", "one of them, with the numbers for a program"),
    ),
)
