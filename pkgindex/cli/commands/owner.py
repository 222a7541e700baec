"""`pkgindex owner`: which package ships a path."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PRINTING, Argument, Command
from pkgindex.cli.output import Output
from pkgindex.cli.wording import describe
from pkgindex.query.hits import PathHit
from pkgindex.query.index import Index

STDIN = "-"
# As many are asked at a time: one look at each block for all of them, and bounded memory however many come.
PATHS_AT_ONCE = 20_000
MISSING_NAMED_MAX = 5


def run(call: Call, paths: tuple[str, ...]) -> int:
    missing: list[str] = []

    def question(index: Index) -> Iterator[PathHit]:
        wanted = (path.rstrip("/") or "/" for path in _given(paths))
        while some := list(islice(wanted, PATHS_AT_ONCE)):
            found = index.owner(*some)
            shipped = {hit.path for hit in found}
            missing.extend(path for path in some if path not in shipped and f"/{path}" not in shipped)
            yield from found

    code = call.answer(question, Output.paths, "")
    if missing and call.limit is None:
        call.output.say(_none_of(missing))
    return code


def _given(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if path == STDIN:
            lines = (line.rstrip(b"\n") for line in sys.stdin.buffer)
            yield from (line.decode("utf-8", "surrogateescape") for line in lines if line)
        else:
            yield path


def _none_of(missing: list[str]) -> str:
    return f"no package ships {describe(missing, MISSING_NAMED_MAX)}; 'pkgindex path PATTERN' finds parts of paths"


COMMAND = Command(
    "owner",
    run,
    """Which package ships this path.

    PATH is the whole path, with or without the slash it begins with. `-` reads paths from stdin, one a line: many in
    one call cost little more than one. Prints `package: path`.""",
    (Argument("paths", "PATH...", many=True, completes="file"),),
    PRINTING,
    (
        ("owner /usr/bin/python3", "the package of a program"),
        ("owner --jsonl - < paths.txt", "of many paths at once"),
    ),
)
