"""Databases of package managers, written by hand as their formats say."""

from __future__ import annotations

from pkgindex.sources.hosts.database import Database, HostPackage


def packages(database: Database) -> list[HostPackage]:
    """All that *database* has. Raises where one cannot be read."""
    look = database.look()
    assert look.troubles == []
    return [sighting.read() for sighting in look.packages.values()]
