"""`pkgindex path`: paths that hold a text, match a glob, or a regular expression."""

from __future__ import annotations

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PRINTING, Argument, Command, Option
from pkgindex.cli.output import Output
from pkgindex.errors import BadInput


def run(call: Call, pattern: str, glob: bool, regex: bool, ignore_case: bool) -> int:
    if glob and regex:
        raise BadInput("--glob and --regex: give one of them")
    mode = "glob" if glob else "regex" if regex else "substring"
    return call.answer(
        lambda index: index.paths(pattern, mode, ignore_case), Output.paths, _nothing(pattern, mode, ignore_case)
    )


def _nothing(pattern: str, mode: str, ignore_case: bool) -> str:
    if mode == "substring" and any(sign in pattern for sign in "*?["):
        return f"no path holds {pattern!r}; with --glob, '*' and '?' stand for other signs"
    return f"no path {'matches' if mode != 'substring' else 'holds'} {pattern!r}" + ("" if ignore_case else "; -i ignores case")


COMMAND = Command(
    "path",
    run,
    """Which paths hold a text, and who ships them.

    PATTERN is a part of a path. With --glob it is the whole path, where `*` and `?` stand for any signs; with --regex
    a regular expression that may match anywhere in it.""",
    (Argument("pattern", "PATTERN"),),
    (
        Option("glob", ("--glob",), "PATTERN is a glob over the whole path."),
        Option("regex", ("--regex",), "PATTERN is a regular expression."),
        Option("ignore_case", ("-i", "--ignore-case"), "Upper and lower case are the same."),
        *PRINTING,
    ),
    (
        ("path libcrypto", "every path that holds it"),
        ("path --glob '*/bin/*grep'", "every program that ends so"),
    ),
)
