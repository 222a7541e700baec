"""The shapes in which an answer leaves: lines for people, JSON for programs, and what a template or columns make of hits.

    lines    for people, and for grep
    jsonl    an object a line: the fields of the hit
    json     {"schema": 1, "command": "owner", "hits": [{...}, ...], "failures": [{"repo": ..., "reason": ...}]}
    count    how many hits there are
    format   each hit as a template has it
    columns  a table of some fields
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from pkgindex.errors import BadInput

if TYPE_CHECKING:
    from pkgindex.cli.output import Output

SCHEMA = 1
FIRST_LINES = 64
PIECE_LINES = 4096
# What a hit of a search says beyond its package.
HIT_FIELDS = ("field", "value")


class Wanted(NamedTuple):
    """The *shape* of an answer; *json* says that a count is to be JSON, *null* that each line ends with a NUL."""

    shape: str = "lines"
    template: str = ""
    columns: tuple[str, ...] = ()
    header: bool = True
    json: bool = False
    null: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that a template or columns ask for."""
        if self.shape == "format":
            from pkgindex.cli.templates import parse

            return parse(self.template).fields
        return self.columns


def wanted(values: Mapping[str, Any]) -> Wanted:
    """What the options of `PRINTING` say. Raises `BadInput` where they contradict each other."""
    template, names, null = values.get("format"), values.get("columns"), bool(values.get("null"))
    json = "json" if values.get("json") else "jsonl" if values.get("jsonl") else ""
    _only_one(("--json", values.get("json")), ("--jsonl", values.get("jsonl")), ("--format", template is not None),
              ("--columns", names is not None))
    _only_one(("--count", values.get("count")), ("--format", template is not None), ("--columns", names is not None))
    _only_one(("--null", null), (f"--{json}", json))
    if values.get("count"):
        return Wanted("count", json=bool(json), null=null)
    if template is not None:
        return Wanted("format", template, null=null)
    if names is not None:
        return Wanted("columns", columns=_columns(names), header=not values.get("no_header"), null=null)
    return Wanted(json or "lines", null=null)


def _only_one(*given: tuple[str, Any]) -> None:
    names = [name for name, there in given if there]
    if len(names) > 1:
        raise BadInput(f"{' and '.join(names)}: give one of them")


def _columns(names: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in names.split(",") if name.strip())
    if not found:
        raise BadInput(f"--columns {names!r}: name the fields, with commas between them")
    return found


class Counted:
    """The hits, counted as they go by; a piece at a time, because one by one costs as much as printing them."""

    def __init__(self, hits: Iterable[Any]) -> None:
        self._hits = iter(hits)
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        size = FIRST_LINES
        while piece := list(islice(self._hits, size)):
            self.count += len(piece)
            yield from piece
            size = PIECE_LINES


def record(hit: Any) -> dict[str, Any]:
    """The object that stands for a hit in JSON."""
    return hit if isinstance(hit, dict) else dict(zip(hit._fields, hit, strict=True))


def objects(hits: Iterable[Any]) -> Iterator[str]:
    """Each hit as JSON. `path` answers may be long, so theirs is written by hand, at a fifth of the time."""
    from json.encoder import JSONEncoder
    from json.encoder import encode_basestring_ascii as quoted

    encode = JSONEncoder(check_circular=False).encode
    for hit in hits:
        if len(hit) == 4 and hit.__class__.__name__ == "PathHit":
            repo, generation, package, path = hit
            yield (f'{{"repo": "{repo}", "generation": {generation}, "package": {quoted(package)}, '
                   f'"path": {quoted(path)}}}')
        else:
            yield encode(record(hit))


def counts(hits: Counted, json: bool) -> Iterator[str]:
    """The number alone, when all hits have gone by."""
    for _ in hits:
        pass
    yield f'{{"count": {hits.count}}}' if json else str(hits.count)


def formatted(output: Output, hits: Iterable[Any]) -> Iterator[str]:
    """Each hit as the template has it."""
    from pkgindex.cli.templates import parse

    template = parse(output.wanted.template)
    for hit in hits:
        yield template.filled(record(hit), output.safe)


def tabled(output: Output, hits: Iterable[Any]) -> Iterator[str]:
    """The columns that are wanted."""
    from pkgindex.cli.tables import columns

    return columns(output, output.wanted.columns, output.wanted.header, map(record, hits))


def head(command: str) -> str:
    """What stands before the hits of a document."""
    import json

    return f'{{"schema": {SCHEMA}, "command": {json.dumps(command)}, "hits": ['


def tail(failures: Iterable[tuple[str, Exception]], more: Mapping[str, Any]) -> str:
    """What stands after them."""
    import json

    failed = [{"repo": repo, "reason": str(error)} for repo, error in failures]
    rest = "".join(f", {json.dumps(field)}: {json.dumps(found)}" for field, found in more.items())
    return f'\n], "failures": {json.dumps(failed)}{rest}}}\n'
