"""`pkgindex search`: packages that are about something, best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PRINTING, Argument, Command
from pkgindex.cli.output import Output
from pkgindex.query.hits import SearchHit

# The best stand first, so that a terminal must not be flooded; files and pipes get all.
TERMINAL_HITS = 20
NAME_COLUMNS_MAX = 32


def run(call: Call, words: tuple[str, ...]) -> int:
    asked = " ".join(words)
    flooding = call.limit is None and not call.unlimited and call.output.shape == "lines" and call.output.terminal
    limit = TERMINAL_HITS if flooding else call.limit
    code = call.answer(
        lambda index: index.search(*words, limit=limit), lines,
        f"no package is about {asked!r}: all words must be there; try fewer, or 'pkgindex path {words[0]}'",
    )
    if flooding and code != 1:
        call.output.say(f"the {TERMINAL_HITS} best at most; --limit 0 prints all")
    return code


def lines(output: Output, hits: Iterable[SearchHit]) -> Iterator[str]:
    """`name - summary`, the summaries one below the other unless a name is very long."""
    found = list(hits)
    names = [output.safe(output.where(hit.repo) + hit.package) for hit in found]
    width = min(NAME_COLUMNS_MAX, max(map(len, names), default=0))
    for name, hit in zip(names, found, strict=True):
        padding = " " * (width - len(name))
        yield f"{output.paint(name, 'name')}{padding} - {output.safe(hit.summary)}"


COMMAND = Command(
    "search",
    run,
    """Which packages are about something, best first.

    All words must occur in a package's name, summary, keywords or description; the rarer a word and the more
    prominent its place, the better. On a terminal the 20 best are printed unless --limit says otherwise.""",
    (Argument("words", "WORD...", many=True),),
    PRINTING,
    (
        ("search web server", "packages about both"),
        ("search --limit 5 --jsonl pdf text", "the five best, for a program"),
    ),
)
