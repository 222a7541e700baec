"""A host's package as a submission: in the form in which it comes back from JSON, with the digests that its page will have.

Invariant: what `described` says has, once packed, the `digests` of the package that it was made of.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pkgindex.format.digest import digest
from pkgindex.format.forward import releases_parts
from pkgindex.format.page import Entry
from pkgindex.model.package import Package, Relation, Release
from pkgindex.sources.hosts.database import HostPackage
from pkgindex.sources.relations import FIELDS

_KINDS = tuple(dict.fromkeys(FIELDS.values()))


class Digests(NamedTuple):
    """Of the releases, of each file list, of each text; the empty bytes where there is none, as for a page."""

    meta: bytes
    files: dict[str, bytes]
    texts: dict[str, bytes]

    def are_of(self, entry: Entry) -> bool:
        return self == (entry.meta, entry.files, entry.texts)


def digests(package: HostPackage) -> Digests:
    """Those of a package that is `as_packed`."""
    releases = {(release.version, release.architecture): release for release in package.releases}
    return Digests(
        digest(releases_parts(Package(package.name, releases))),
        {scope: digest(b"\n".join(paths)) for scope, paths in package.files.items()},
        {language: digest(list(text)) for language, text in package.texts.items()},
    )


def as_packed(package: HostPackage) -> HostPackage:
    """*package* without what JSON does not carry as it stands: fields by their names there, kinds in one order."""
    return package._replace(
        releases=[_release(release) for release in package.releases],
        files={scope: paths for scope, paths in package.files.items() if paths},
    )


def _release(release: Release) -> Release:
    fields = {name.lower().replace("_", "-"): value for name, value in release.fields.items()}
    related = {kind: release.relations[kind] for kind in _KINDS if release.relations.get(kind)}
    return release._replace(fields=fields, relations=related)


def described(package: HostPackage) -> dict[str, Any]:
    """*package* as a JSON object that says all there is of it, for `sources.jsonpackages`."""
    files = {scope: [_text(path) for path in paths] for scope, paths in package.files.items()}
    releases = []
    for release in package.releases:
        found: dict[str, Any] = {"version": release.version, "architecture": release.architecture}
        found["fields"] = dict(release.fields)
        found.update({kind: _relations(relations) for kind, relations in release.relations.items()})
        if release.architecture in files:  # one list for all releases of an architecture
            found["files"] = files.pop(release.architecture)
        releases.append(found)
    if "" in package.texts:
        summary, description = package.texts[""]
        # It stands in the release that it came from, whose summary it shares.
        mine = next((found for found in releases if found["fields"].get("summary", "") == summary), releases[-1])
        mine.update(description=description, **({"summary": summary} if summary else {}))
    return {"name": package.name, "releases": releases}


def _text(path: bytes) -> str:
    return path.replace(b"\0", b"\n").decode("utf-8", "surrogateescape")


def _relations(relations: tuple[Relation, ...]) -> list[list[list[str]]]:
    return [[list(alternative) for alternative in relation] for relation in relations]
