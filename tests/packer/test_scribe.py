"""Files that another process makes are as if they were made here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkgindex.errors import Exists, StoreError
from pkgindex.packer.scribe import FILES_LEAST, Scribe
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

MANY = [(f"forward/{number:02x}/p{number}.1-aaaaaa", b"%d" % number) for number in range(FILES_LEAST)]


@pytest.fixture
def local(tmp_path: Path) -> LocalBackend:
    return LocalBackend(str(tmp_path))


@pytest.fixture
def scribe(local: LocalBackend) -> Iterator[Scribe]:
    found = Scribe(local)
    yield found
    found.close()


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_many_files_are_made_by_another_process_and_flushed_by_this_one(local: LocalBackend, scribe: Scribe) -> None:
    before = children()
    with local.helped():
        scribe.create(MANY)
        local.flush([name for name, _ in MANY])
    assert len(children() - before) >= 1
    assert [local.read(name) for name, _ in MANY] == [data for _, data in MANY]


def test_few_files_are_made_here(local: LocalBackend, scribe: Scribe) -> None:
    before = children()
    scribe.create(MANY[1:])
    assert children() == before
    local.flush([name for name, _ in MANY[1:]])


def test_what_cannot_be_made_is_told_as_it_would_be_here_and_the_next_can(local: LocalBackend, scribe: Scribe) -> None:
    with local.helped():
        scribe.create(MANY)
        with pytest.raises(Exists, match="a name is used once"):
            scribe.create(MANY)
        scribe.create([(f"{name}b", data) for name, data in MANY])
        local.flush([f"{name}b" for name, _ in MANY])


def test_a_helper_that_was_killed_is_told_and_started_anew(local: LocalBackend, scribe: Scribe) -> None:
    with local.helped():
        scribe.create(MANY)
        assert scribe._process is not None
        assert scribe._process.pid is not None
        os.kill(scribe._process.pid, signal.SIGKILL)
        scribe._process.join()
        with pytest.raises(StoreError, match="was killed"):
            scribe.create([(f"{name}b", data) for name, data in MANY])
        scribe.create([(f"{name}c", data) for name, data in MANY])
        local.flush([f"{name}c" for name, _ in MANY])


def test_where_blobs_are_no_files_nobody_helps() -> None:
    backend = MemoryBackend()
    before = children()
    Scribe(backend).create(MANY)
    assert children() == before
    assert backend.blobs() == dict(MANY)
