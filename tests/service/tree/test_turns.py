"""Whose turn it is to write."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pkgindex.config import Settings
from pkgindex.errors import Busy
from pkgindex.packer.target import Target
from pkgindex.service.tree.turns import SOON_SECONDS, Turns, lock_or_own
from pkgindex.store.lock import WriterLock
from pkgindex.store.memory import MemoryBackend
from service.tree.serving import REPO


def test_who_waits_in_vain_for_the_lock_goes_on_without_and_waits_longer_the_next_time(tmp_path: Path) -> None:
    told: list[str] = []
    turns = Turns(Target(MemoryBackend(), REPO, Settings(lock_wait_seconds=0.01), told.append), f"{tmp_path}/writer.lock")
    with WriterLock(f"{tmp_path}/writer.lock", "it") as held:
        for expected in (0.02, 0.04):
            with turns.one():
                assert turns._patience_seconds == expected
        with pytest.raises(Busy), turns.soon():
            pass
        giving_back = threading.Timer(SOON_SECONDS / 10, held.__exit__, (None, None, None))
        giving_back.start()
        with turns.soon():
            giving_back.join()
    assert len(told) == 2
    assert "publishing without it" in told[0]
    with turns.one():
        assert turns._patience_seconds == 0.01


def test_where_a_place_has_no_lock_a_server_has_one_of_its_own(tmp_path: Path) -> None:
    with lock_or_own("the place's") as lock:
        assert lock == "the place's"
    target = Target(MemoryBackend(), REPO, Settings())
    with lock_or_own(None) as lock, Turns(target, lock).soon(), pytest.raises(Busy), Turns(target, lock).soon():
        pass
    assert not os.path.exists(os.path.dirname(lock))
