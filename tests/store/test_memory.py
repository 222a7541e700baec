from __future__ import annotations

import pytest

from pkgindex.errors import NoSpace
from pkgindex.store.memory import MemoryBackend
from store.contract import BackendContract, makers


class TestMemoryBackend(BackendContract):
    @pytest.fixture
    def backend(self) -> MemoryBackend:
        return MemoryBackend()


def test_age_is_told_by_the_clock_it_was_given() -> None:
    now = 100.0
    backend = MemoryBackend({"old": b""}, clock=lambda: now)
    now = 130.0
    backend.create("new", b"")
    now = 131.5
    assert (backend.age_seconds("old"), backend.age_seconds("new")) == (31.5, 1.5)


@pytest.mark.parametrize("how", ["create", "link", "adopt"])
def test_a_full_backend_says_so_and_keeps_what_it_has(how: str) -> None:
    backend = MemoryBackend({"old": b"12345678"}, capacity_bytes=10)
    with pytest.raises(NoSpace, match="new"):
        makers(backend)[how]("new", b"123")
    assert backend.blobs() == {"old": b"12345678"}
    backend.remove("old")
    makers(backend)[how]("new", b"123")
    assert backend.free_bytes() == 7
