"""What a writer is given: a repository, and what lies below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.store.backend import Backend


class Target(NamedTuple):
    """Where to write. *tell* hears what goes on, for a person who waits."""

    backend: Backend
    repo: str
    settings: Settings
    tell: Callable[[str], None] = lambda message: None
