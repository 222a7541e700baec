"""The answers of a search for programs: what `--jsonl`, `--format` and `--columns` make of them.

A row is a hit where its field or its value is asked for, and a package otherwise. What a hit does not say, such as a
version, is read from the package itself, and only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from pkgindex.cli.shapes import HIT_FIELDS

if TYPE_CHECKING:
    from pkgindex.model.package import Package
    from pkgindex.query.hits import Answer
    from pkgindex.query.index import Index

PACKAGE_FIELDS = ("repo", "generation", "package", "score", "summary")
# A field that nobody documents and none of so many packages has is a slip.
LOOKED_AT = 64


def objects(answers: Iterable[Answer], packages: bool) -> Iterator[Any]:
    """The hits, as `--json` has them: of *packages*, or where nothing of a package matched, the package itself."""
    for answer in answers:
        if packages or not answer.hits:
            yield _package(answer)
        else:
            yield from answer.hits


def rows(index: Index, answers: Iterable[Answer], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The *fields* of each hit or package. Raises `BadInput` for one that there is nowhere."""
    further = [field for field in fields if field not in PACKAGE_FIELDS and field not in HIT_FIELDS]
    each_hit = any(field in HIT_FIELDS for field in fields)
    described = _described(index, answers, further)
    first = list(islice(described, LOOKED_AT))
    _require(further, [found for _, found in first])
    for answer, found in chain(first, described):
        common = {**_package(answer), **{field: found.get(field, "") for field in further}}
        if each_hit:
            yield from ({**common, "field": field, "value": value} for field, value in _hits(answer))
        else:
            yield common


def _package(answer: Answer) -> dict[str, Any]:
    return dict(zip(PACKAGE_FIELDS, answer, strict=False))


def _hits(answer: Answer) -> list[tuple[str, str]]:
    return [(hit.field, hit.value) for hit in answer.hits] or [("package", answer.package)]


def _described(index: Index, answers: Iterable[Answer], fields: Sequence[str]) -> Iterator[tuple[Answer, dict[str, str]]]:
    """Each answer with what its package has of *fields*, in the generation that the answer is of."""
    from functools import cache

    snapshot = cache(lambda repo, generation: index.reader(repo).at(generation))
    for answer in answers:
        package = snapshot(answer.repo, answer.generation).package(answer.package) if fields else None
        yield answer, _values(package, fields) if package is not None else {}


def _values(package: Package, fields: Sequence[str]) -> dict[str, str]:
    """The values of *fields*, several with commas between them; relations as they are written."""
    from pkgindex.model.package import KINDS
    from pkgindex.model.thing import things
    from pkgindex.query.relating.relations import written

    found: dict[str, dict[str, None]] = {}
    for release in package.releases.values():
        for kind in KINDS:
            found.setdefault(kind, {}).update(dict.fromkeys(map(written, release.relations.get(kind, ()))))
    for thing in things(package, files=any(field in ("file", "basename", "dir") for field in fields)):
        for field, value in thing.values:
            if field not in KINDS:
                found.setdefault(field, {})[value] = None
    return {field: ", ".join(found[field]) for field in fields if found.get(field)}


def _require(fields: Sequence[str], found: Sequence[dict[str, str]]) -> None:
    from pkgindex.query.language.fields import FIELDS

    for field in fields:
        if found and field not in FIELDS and not any(field in values for values in found):
            from pkgindex.cli.templates import unknown

            raise unknown(field, dict.fromkeys((*PACKAGE_FIELDS, *HIT_FIELDS, *FIELDS)))
