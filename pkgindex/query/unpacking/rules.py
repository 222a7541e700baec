"""What relations mean to dpkg when it unpacks a package: deb-control(5), and Debian Policy 7.4 to 7.6."""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.model.package import Alternative, Release
from pkgindex.model.versions.orderings import satisfies


def wanted(release: Release, kind: str) -> Iterator[Alternative]:
    """All that *release* names in relations of *kind*."""
    for relation in release.relations.get(kind, ()):
        yield from relation


def replaces(release: Release, package: str, version: str) -> bool:
    """Whether files of *release* may stand where those of *version* of *package* do. What is provided does not count."""
    return any(
        named.name == package and satisfies(version, named.operator, named.version) for named in wanted(release, "replaces")
    )


def answers(package: str, release: Release, named: Alternative) -> bool:
    """Whether *release* of *package* is what a relation names, or provides it.

    What is provided without a version satisfies no restriction.
    """
    if package == named.name:
        return satisfies(release.version, named.operator, named.version)
    return any(
        provided.name == named.name
        and (not named.operator or (provided.version != "" and satisfies(provided.version, named.operator, named.version)))
        for provided in wanted(release, "provides")
    )
