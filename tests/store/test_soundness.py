"""A shard is compared with its checksum by who opens it first on a host; and again when its file is another one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import checksum
from pkgindex.store import soundness
from pkgindex.store.local import LocalBackend

NAME = "shards/paths-1.2-abcdef.sqlite"
CONTENT = bytes(range(256)) * 8192


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def nobody_has_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    another_process(monkeypatch)


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "_found", set())


@pytest.fixture
def backend(tmp_path: Path, cache: Path) -> LocalBackend:
    (tmp_path / "repo").mkdir()
    backend = LocalBackend(str(tmp_path / "repo"), cache=str(cache))
    backend.create(NAME, CONTENT)
    return backend


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that a file is read whole."""
    found: list[int] = []
    really = soundness._checksum

    def counted(handle: int) -> str:
        found.append(handle)
        return really(handle)

    monkeypatch.setattr(soundness, "_checksum", counted)
    return found


def test_a_shard_is_read_whole_by_the_first_process_alone(
    backend: LocalBackend, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        backend.local_file(NAME, checksum(CONTENT))
    another_process(monkeypatch)
    assert backend.local_file(NAME, checksum(CONTENT)) == f"{backend.root}/{NAME}"
    assert len(reads) == 1


def test_without_a_cache_each_process_looks_once(
    backend: LocalBackend, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = LocalBackend(backend.root)
    for _ in range(2):
        another_process(monkeypatch)
        alone.local_file(NAME, checksum(CONTENT))
        alone.local_file(NAME, checksum(CONTENT))
    assert len(reads) == 2


def test_what_was_written_to_or_replaced_after_that_is_looked_at_again(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(backend.root, NAME)
    backend.local_file(NAME, checksum(CONTENT))
    then = path.stat()
    with open(path, "r+b") as file:
        file.seek(100_000)
        file.write(b"x")
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(Corrupt, match=f"{NAME}: its checksum is not that.*--rebuild"):
            backend.local_file(NAME, checksum(CONTENT))
        another_process(monkeypatch)
    path.with_name("new").write_bytes(CONTENT)
    path.with_name("new").rename(path)
    assert backend.local_file(NAME, checksum(CONTENT))


def test_who_opens_many_shards_remembers_some(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "VERDICTS_MAX", 3)
    for number in range(2, 10):
        name = NAME.replace("1.2", f"{number}.2")
        backend.create(name, CONTENT)
        backend.local_file(name, checksum(CONTENT))
        assert 0 < len(soundness._found) <= 3


def test_a_verdict_is_of_the_checksum_that_it_was_compared_with(backend: LocalBackend) -> None:
    backend.local_file(NAME, checksum(CONTENT))
    with pytest.raises(Corrupt):
        backend.local_file(NAME, checksum(b"another manifest's"))


def test_what_lies_in_a_folder_that_others_may_write_to_is_not_believed(
    backend: LocalBackend, cache: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.local_file(NAME, checksum(CONTENT))
    (cache / "sound").chmod(0o777)
    another_process(monkeypatch)
    backend.local_file(NAME, checksum(CONTENT))
    assert len(reads) == 2


def test_where_nothing_can_be_kept_it_is_looked_at_all_the_same(backend: LocalBackend, cache: Path) -> None:
    cache.write_text("no directory")
    assert backend.local_file(NAME, checksum(CONTENT))
    with pytest.raises(Corrupt):
        backend.local_file(NAME, checksum(b"other"))


def test_there_are_never_more_than_so_many_verdicts(
    backend: LocalBackend, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "VERDICTS_MAX", 3)
    for number in range(10):
        name = NAME.replace("paths-1", f"paths-{number + 2}")
        backend.create(name, CONTENT)
        backend.local_file(name, checksum(CONTENT))
        assert 1 <= len(os.listdir(cache / "sound")) <= 3


def test_what_is_too_large_to_be_read_for_a_question_is_left_to_verify(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "CHECKED_BYTES_MAX", len(CONTENT) - 1)
    assert backend.local_file(NAME, "00000000")


def test_without_a_checksum_it_is_taken_as_it_is(backend: LocalBackend, reads: list[int]) -> None:
    assert backend.local_file(NAME)
    assert reads == []
