"""Packages are built once for all roots."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from hooks.managed import Managed

Make = Callable[..., Managed]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[type[Managed]], Path]:
    @cache
    def built(kind: type[Managed]) -> Path:
        folder = tmp_path_factory.mktemp(f"packages-{kind.hook}")
        kind.build(folder)
        return folder

    return built


@pytest.fixture
def make(tmp_path: Path, packages: Callable[[type[Managed]], Path]) -> Make:
    """A root below the test's directory, with a hook unless it is told otherwise."""

    def root(kind: type[Managed], name: str = "hooked", hooked: bool = True) -> Managed:
        return kind(tmp_path / name, packages(kind), hooked)

    return root
