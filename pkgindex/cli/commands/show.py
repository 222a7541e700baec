"""`pkgindex show`: all that is known of a package, but for its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PACKAGE, PRINTING, Command
from pkgindex.cli.output import Output
from pkgindex.model.package import KINDS, Package, Release
from pkgindex.query.index import Index

# First what a person looks for; then the rest as it comes.
FIRST_FIELDS = ("summary", "section", "source", "homepage", "license", "maintainer", "size", "installed-size")


class ShowHit(NamedTuple):
    """A package in a repository. `releases` and `texts` are objects as in the JSON source; `paths` counts its files."""

    repo: str
    generation: int
    package: str
    releases: list[dict[str, Any]]
    texts: dict[str, dict[str, str]]
    paths: int


def run(call: Call, package: str) -> int:
    def question(index: Index) -> Iterator[ShowHit]:
        for repo, generation, found in index.package(package):
            yield _hit(repo, generation, found)

    return call.answer(question, lines, "", names=(package,))


def _hit(repo: str, generation: int, package: Package) -> ShowHit:
    paths = {path for listed in package.files.values() for path in listed}
    texts = {language: text._asdict() for language, text in package.texts.items()}
    return ShowHit(
        repo, generation, package.name, [_release(release) for release in package.releases.values()], texts, len(paths)
    )


def _release(release: Release) -> dict[str, Any]:
    from pkgindex.query.relating.relations import written

    relations = {kind: [written(relation) for relation in release.relations[kind]]
                 for kind in KINDS if release.relations.get(kind)}
    return {"version": release.version, "architecture": release.architecture, "fields": dict(release.fields),
            "relations": relations}


def lines(output: Output, hits: Iterable[ShowHit]) -> Iterator[str]:
    for number, hit in enumerate(hits):
        if number:
            yield ""
        for release in hit.releases or [{"version": "", "architecture": "", "fields": {}, "relations": {}}]:
            title = " ".join(part for part in (hit.package, release["version"], release["architecture"]) if part)
            yield f"{output.paint(title, 'name')}  {output.paint(f'({hit.repo}, generation {hit.generation})', 'faint')}"
            yield from _release_lines(output, release)
        yield from _text_lines(output, hit)
        if hit.paths:
            yield f"  {output.paint('files', 'match')}: {hit.paths:,}"


def _release_lines(output: Output, release: dict[str, Any]) -> Iterator[str]:
    fields = release["fields"]
    for field in [*[first for first in FIRST_FIELDS if first in fields], *sorted(fields.keys() - FIRST_FIELDS)]:
        yield f"  {output.paint(field, 'match')}: {_folded(output, fields[field])}"
    for kind, relations in release["relations"].items():
        yield f"  {output.paint(kind, 'match')}: {output.safe(', '.join(relations))}"


def _text_lines(output: Output, hit: ShowHit) -> Iterator[str]:
    for language, text in hit.texts.items():
        title = f"description ({language})" if language else "description"
        if text["summary"] and all(release["fields"].get("summary") != text["summary"] for release in hit.releases):
            yield f"  {output.paint('summary', 'match')}: {output.safe(text['summary'])}"
        if text["description"]:
            yield f"  {output.paint(title, 'match')}: {_folded(output, text['description'])}"


def _folded(output: Output, text: str) -> str:
    """A text of several lines, the further ones under the first."""
    return "\n    ".join(output.safe(line) for line in text.strip("\n").split("\n"))


COMMAND = Command(
    "show",
    run,
    """What is known of a package.

    Its releases, with all fields and relations, its texts, and how many files it has.""",
    (PACKAGE,),
    PRINTING,
    (
        ("show curl", "for a person"),
        ("show --json --at 41 curl", "as it was in generation 41"),
    ),
)
