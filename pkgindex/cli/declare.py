"""What a command takes: one declaration, from which the click command is made and by which the quick door parses.

Plain values: a command module costs its own import and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

# More are more than anything that is counted here, and more than Python's own counters take.
DIGITS_MAX = 15


class Option(NamedTuple):
    """`kind` is `flag`, `text`, `number` (a whole one, from *least* up, of `DIGITS_MAX` at most) or `choice`.

    *many*: may be given again.

    *completes* says what a shell offers: see `completion.KINDS`.
    """

    field: str
    names: tuple[str, ...]
    help: str
    kind: str = "flag"
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    least: int = 0
    many: bool = False
    completes: str = ""

    @property
    def absent(self) -> Any:
        """Its value when it is not given."""
        if self.kind == "flag":
            return False
        return () if self.many else None


class Argument(NamedTuple):
    """A word that stands for itself; *many* takes all that are left, which must come last."""

    field: str
    metavar: str
    required: bool = True
    many: bool = False
    completes: str = ""


class Command(NamedTuple):
    """*run* is called with a `Call` and the fields of *arguments* and *options*, and returns the exit code.

    *examples* are pairs: what stands after `pkgindex`, and what it is for.
    """

    name: str
    run: Callable[..., int]
    help: str
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()

    @property
    def reads(self) -> bool:
        """It answers from the index, and does nothing else."""
        return LIMIT in self.options


COLORS = ("auto", "always", "never")

# Before or after the name of the command.
EVERYWHERE = (
    Option("index", ("--index",), "The index: a directory, or an address.", "text", "PLACE", completes="directory"),
    Option("spool", ("--spool",), "The spool directory.", "text", "DIR", completes="directory"),
    Option("color", ("--color",), "Colours: auto means on a terminal.", "choice", choices=COLORS),
    Option("quiet", ("--quiet", "-q"), "No words on stderr but errors."),
)

JSON = Option("json", ("--json",), "One JSON document.")
JSONL = Option("jsonl", ("--jsonl",), "One JSON object a line, and nothing else.")
REPO = Option(
    "repo", ("--repo",), "Ask only this repository; may be given again.", "text", "REPO", many=True, completes="repository"
)
LIMIT = Option("limit", ("--limit",), "At most so many; 0: all.", "number", "N")
AT = Option("at", ("--at",), "Ask this generation, if it is still retained.", "number", "GEN", least=1)

FORMAT = Option(
    "format", ("--format",), "Each hit as this has it: '{package} {path}'; \\n and \\t are understood.", "text", "TEMPLATE"
)
COLUMNS = Option("columns", ("-o", "--columns"), "A table of these fields, with commas between them.", "text", "FIELDS")
NO_HEADER = Option("no_header", ("-H", "--no-header"), "No heads over the columns.")
NULL = Option("null", ("-0", "--null"), "End each line with NUL, and escape nothing.")
COUNT = Option("count", ("--count",), "Only how many there are.")
NO_PAGER = Option("no_pager", ("--no-pager",), "Long answers are not paged on a terminal.")

# Every command that answers takes these.
PRINTING = (JSON, JSONL, FORMAT, COLUMNS, NO_HEADER, NULL, COUNT, REPO, LIMIT, AT, NO_PAGER)

KIND = Option(
    "kind", ("--kind",), "Only relations of this kind (depends, recommends ...); several with commas, or given again.",
    "text", "KIND", many=True, completes="kind",
)
RESOLVE = Option("resolve", ("--resolve",), "Go through virtual packages: who provides a name, and what provides it.")
TRANSITIVE = Option("transitive", ("--transitive",), "And theirs, to the end; without --kind only what is needed to work.")

PACKAGE = Argument("package", "PKG", completes="package")
REPOSITORY = Argument("repository", "REPO", completes="repository")
REPOSITORIES = Argument("repositories", "[REPO]...", required=False, many=True, completes="repository")
