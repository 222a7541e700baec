"""Who answers to a name besides the package that is called so."""

from __future__ import annotations

from collections.abc import Iterator

from pkgindex.format.reverse import BIT
from pkgindex.model.package import Alternative
from pkgindex.snapshot.snapshot import Snapshot


def providers(snapshot: Snapshot, name: str) -> list[str]:
    """The packages that provide *name*, in order."""
    provides = BIT["provides"]
    return [package for package, mask in zip(*snapshot.dependants(name), strict=True) if mask & provides]


def provided_by(snapshot: Snapshot, name: str) -> set[str]:
    """The names that the package *name* provides."""
    return {alternative.name for relation in snapshot.relations(name, "provides") for alternative in relation}


def satisfying(snapshot: Snapshot, wanted: Alternative) -> Iterator[str]:
    """The packages that provide what *wanted* asks for, in order.

    One that does not say which version it provides satisfies no restriction.
    """
    for name in providers(snapshot, wanted.name):
        if not wanted.operator or _provides(snapshot, name, wanted):
            yield name


def _provides(snapshot: Snapshot, name: str, wanted: Alternative) -> bool:
    from pkgindex.model.versions.orderings import ordering_of, satisfies

    package, default = snapshot.package(name, files=False), snapshot.manifest.ordering
    return package is not None and any(
        alternative.name == wanted.name and alternative.version
        and satisfies(alternative.version, wanted.operator, wanted.version, ordering_of(release, default))
        for release in package.releases.values()
        for relation in release.relations.get("provides", ())
        for alternative in relation
    )
