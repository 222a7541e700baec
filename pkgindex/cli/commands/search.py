"""`pkgindex search`: packages that answer a question, best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pkgindex.cli.call import FOUND, NOTHING, PARTLY, Call
from pkgindex.cli.declare import PRINTING, Argument, Command, Option
from pkgindex.cli.output import Output
from pkgindex.cli.shapes import HIT_FIELDS
from pkgindex.errors import BadInput

if TYPE_CHECKING:
    from pkgindex.query.found import Found
    from pkgindex.query.index import Index

# The best stand first, so that a terminal must not be flooded; files and pipes get all.
TERMINAL_ANSWERS = 20


class Question:
    """One question: how it is asked, and what came of it."""

    def __init__(self, call: Call, text: str, options: dict[str, Any]) -> None:
        self.text = text
        self.found: Found | None = None
        self._output = call.output
        self._packages = options["packages"]
        # What matched is not looked for where nobody will read it.
        self._options = {**options, "packages": self._packages or not _shows_hits(call.output)}

    @property
    def cursor(self) -> str | None:
        return self.found.cursor if self.found is not None else None

    def ask(self, index: Index) -> Found:
        self.found = index.search(self.text, **self._options)
        return self.found

    def hits(self, index: Index) -> Iterable[Any]:
        """The answer, as the shape of the output wants it."""
        found, fields = self.ask(index), self._output.wanted.fields
        if self._output.shape not in ("json", "jsonl") and not fields:
            return found
        from pkgindex.cli import rows

        return rows.rows(index, found, fields) if fields else rows.objects(found, self._packages)

    def lines(self, output: Output, found: Iterable[Any]) -> Iterator[str]:
        from pkgindex.cli import answers

        return answers.lines(output, found, answers.spans(output, self.text, self._options["case"], self._options["pkg5"]))

    def nothing(self, index: Index) -> str:
        from pkgindex.cli.suggestions import of_search

        return of_search(index, self.text, self._options["pkg5"])


def run(call: Call, query: tuple[str, ...], explain: bool, **options: Any) -> int:
    if options["offset"] and options["cursor"]:
        raise BadInput("--offset and --cursor: give one of them")
    best_only = call.limit is None and not call.unlimited and (explain or _is_for_people(call))
    limit = TERMINAL_ANSWERS if best_only else call.limit
    question = Question(call, " ".join(query), {**options, "offset": options["offset"] or 0, "limit": limit})
    if explain:
        return _explain(call, question)
    # It is packages that the limit counts, and it was kept when the question was asked.
    code = call._replace(limit=None).answer(
        question.hits, question.lines, question.nothing, more=lambda: {"cursor": question.cursor}
    )
    if question.cursor and _is_for_people(call):
        best = f"the {TERMINAL_ANSWERS} best; " if best_only else ""
        call.output.say(f"{best}--cursor {question.cursor} goes on, --limit 0 prints all")
    return code


def _shows_hits(output: Output) -> bool:
    return output.shape in ("lines", "json", "jsonl") or any(field in HIT_FIELDS for field in output.wanted.fields)


def _is_for_people(call: Call) -> bool:
    return call.output.shape in ("lines", "columns") and call.output.terminal


def _explain(call: Call, question: Question) -> int:
    from pkgindex.cli import explanation

    with call.opened() as index:
        call.output.many_repositories = len(index.repositories()) > 1
        found = question.ask(index)
        best, told = list(found), found.explanation()
        call.report(index)
    if call.output.shape in ("json", "jsonl"):
        call.output.lines([explanation.document(call.command, told, best)])
    else:
        call.output.lines(explanation.lines(call.output, told, best))
    return PARTLY if index.failures else FOUND if best else NOTHING


COMMAND = Command(
    "search",
    run,
    """Which packages answer a question, best first.

    Words must all hold of a package: of its name, what it provides, its files' names, summary, description, and
    further attributes. `FIELD:VALUE` looks in one place, as in `depends:libssl*`; AND, OR, NOT and WITH (of one file,
    one relation) join, `"..."` is a phrase, `/.../` a regular expression, `<...>` makes packages of hits: docs/query.md
    tells it all. Prints each package with what matched. On a terminal the 20 best are printed unless --limit says
    otherwise, and at most five hits of each; --limit and --count count packages.""",
    (Argument("query", "QUERY...", many=True, completes="query"),),
    (
        Option("packages", ("-p", "--packages"), "Only the packages, not what of them matched."),
        Option("case", ("-I", "--case-sensitive"), "Upper and lower case differ."),
        Option("pkg5", ("--pkg5",), "Read QUERY by the rules of pkg(5)."),
        Option("explain", ("--explain",), "Print how QUERY was understood and answered, instead of the answer."),
        Option("offset", ("--offset",), "Leave out so many packages first.", "number", "N"),
        Option("cursor", ("--cursor",), "Go on where the page that named this cursor ended.", "text", "CURSOR"),
        *PRINTING,
    ),
    (
        ("search web server NOT section:httpd", "packages about both, but for a section"),
        ("search --format '{package} {version}' 'depends:libssl*'", "with a field of each"),
    ),
)
