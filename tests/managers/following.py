"""A root of a package manager, and an index that follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from managers.roots import Listed
from pkgindex.config import Settings
from pkgindex.model.package import Package
from pkgindex.model.paths import shown
from pkgindex.query.changes import ChangeHit, changes
from pkgindex.query.index import Index
from pkgindex.service.sync import Synced, sync
from pkgindex.sources.hosts import managers


class Follower:
    def __init__(self, manager: str, root: Any, place: Path) -> None:
        self.manager, self.root = manager, root
        self.settings = Settings(index=str(place / "index"), spool=str(place / "spool"), lock_wait_seconds=30.0)

    def sync(self) -> Synced:
        """Bring the index up; a second time there must be nothing left."""
        (database,) = managers.named(self.manager, str(self.root.root), self.settings)
        synced = sync(self.settings, database)
        assert synced.troubles == ()
        assert sync(self.settings, database).outcome is None
        return synced

    def packages(self) -> dict[str, Package]:
        with Index(self.settings.index) as index:
            return {name: found[0][2] for name in index.names() if (found := index.package(name))}

    def changes(self, *actions: str) -> list[ChangeHit]:
        with Index(self.settings.index) as index:
            return [change for change in changes(index, 0.0) if change.action in actions]

    def listed(self) -> Listed:
        """What the index says, as `listed` of a root says it."""
        return {
            name: (
                {release.version for release in package.releases.values()},
                {shown(path) for paths in package.files.values() for path in paths},
            )
            for name, package in self.packages().items()
        }
