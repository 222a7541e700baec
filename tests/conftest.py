"""How much hypothesis tries (`dev.py test` is quick, `dev.py test --all` is thorough), and one database for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from store.databases import PSYCOPG_MISSING, Cluster, cluster

# No deadline: a test that shares two cores with all others is slow now and then, and nothing is wrong with it.
settings.register_profile("quick", deadline=None, print_blob=True)
settings.register_profile("all", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def database() -> Iterator[Cluster]:
    """A PostgreSQL that runs, for those who do not stop it."""
    pytest.importorskip("psycopg", reason=PSYCOPG_MISSING)
    with cluster() as found:
        yield found
