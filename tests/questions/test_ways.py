"""Every way of the harness holds the packages of the fixture, and those that are to be damaged are."""

from __future__ import annotations

from pathlib import Path

import pytest

from packer.world import plain
from pkgindex.query.index import Index
from pkgindex.snapshot.verify import verify
from pkgindex.store.local import LocalBackend
from questions.fixture import FILES, packages
from questions.ways import WAYS, Way, built


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_way_holds_the_same_packages(way: Way, tmp_path: Path) -> None:
    path = built(way, str(tmp_path))
    with Index(path) as index:
        for repo in FILES:
            snapshot = index.snapshot(repo)
            shipped = [name for name, entry in snapshot.entries() if entry.shipped]
            found = {name: plain(package) for name in shipped if (package := snapshot.package(name)) is not None}
            assert found == {name: plain(package) for name, package in packages(repo).items()}
            assert verify(LocalBackend(f"{path}/{repo}"), repo).sound == way.sound
