"""Copies of shards: fetched once, whole or not at all, and a help that may be missing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from packer.world import REPO, drop, make, packed
from pkgindex.errors import Gone
from pkgindex.packer.publish import Head
from pkgindex.store.copies import Copies
from pkgindex.store.postgres import PIECE_BYTES, PostgresBackend
from pkgindex.store.shards import ShardFile
from store.databases import Cluster
from store.durable import Disk, watched

CONTENT = b"a shard"


def sum_of(content: bytes) -> str:
    return f"{crc32(content):08x}"


def fetching(content: bytes, fetched: list[int]) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        fetched.append(len(content))
        yield from (content[:3], content[3:])

    return pieces


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(str(tmp_path / "cache"), 100)


def test_a_shard_is_fetched_once_and_a_copy_is_what_it_is(copies: Copies, tmp_path: Path) -> None:
    fetched: list[int] = []
    for _ in range(3):
        path = copies.file("shards/text-1.2-abc.sqlite", sum_of(CONTENT), fetching(CONTENT, fetched))
        assert path is not None and Path(path).read_bytes() == CONTENT
    assert fetched == [len(CONTENT)]
    assert os.listdir(tmp_path / "cache") == [f"text-1.2-abc.sqlite.{sum_of(CONTENT)}"]
    assert os.stat(tmp_path / "cache").st_mode & 0o777 == 0o700


def test_a_copy_is_whole_after_a_power_cut_too(copies: Copies, tmp_path: Path) -> None:
    with watched(Disk(tmp_path)) as flushed:
        assert copies.file("shards/one", sum_of(CONTENT), fetching(CONTENT, [])) is not None
    assert len(flushed) == 1


def test_what_has_another_checksum_is_no_copy(copies: Copies, tmp_path: Path) -> None:
    assert copies.file("shards/one", sum_of(b"other"), fetching(CONTENT, [])) is None
    assert os.listdir(tmp_path / "cache") == []


def test_what_breaks_off_leaves_nothing(copies: Copies, tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise Gone("it was retired")

    with pytest.raises(Gone):
        copies.file("shards/one", sum_of(CONTENT), breaking)
    assert os.listdir(tmp_path / "cache") == []


def test_those_that_were_used_least_lately_go(copies: Copies, tmp_path: Path) -> None:
    def keep(name: str, size: int) -> None:
        assert copies.file(name, sum_of(b"x" * size), fetching(b"x" * size, [])) is not None

    def kept() -> set[str]:
        return {name.partition(".")[0] for name in os.listdir(tmp_path / "cache")}

    for number, name in enumerate(("a", "b", "c")):
        keep(name, 30)
        file = next((tmp_path / "cache").glob(f"{name}.*"))
        os.utime(file, (number, number))
    keep("a", 30)  # used again
    keep("d", 40)
    assert kept() == {"a", "c", "d"}
    keep("large", 1000)
    assert kept() == {"large"}, "the newest stays, or nothing could be kept of what is larger than all that may be"


def test_a_directory_that_another_may_write_to_is_not_believed(copies: Copies, tmp_path: Path) -> None:
    assert copies.file("one", sum_of(CONTENT), fetching(CONTENT, [])) is not None
    os.chmod(tmp_path / "cache", 0o777)
    assert copies.file("one", sum_of(CONTENT), fetching(CONTENT, [])) is None


def test_where_none_can_be_kept_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert Copies(str(tmp_path / "file/cache"), 100).file("one", sum_of(CONTENT), fetching(CONTENT, [])) is None


def test_many_that_fetch_one_shard_at_once_all_get_it(copies: Copies) -> None:
    start, found = threading.Barrier(6), []

    def fetch() -> None:
        start.wait()
        found.append(copies.file("one", sum_of(CONTENT), fetching(CONTENT, [])))

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1 and Path(found[0]).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES + 5])
def test_a_copy_out_of_a_database_is_whole_whatever_its_size(database: Cluster, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    backend = PostgresBackend(database.address, tmp_path.name, Copies(str(tmp_path / "cache"), 100))
    backend.create("shards/one", content)
    path = backend.local_file("shards/one", sum_of(content))
    assert path is not None and Path(path).read_bytes() == content
    assert backend.local_file("shards/one") is None and backend.local_file("generations") is None
    with pytest.raises(Gone):
        backend.local_file("shards/other", sum_of(content))


def test_a_shard_of_a_database_is_opened_as_a_file(database: Cluster, tmp_path: Path) -> None:
    backend = PostgresBackend(database.address, tmp_path.name, Copies(str(tmp_path / "cache"), 1 << 20))
    make(backend, "package")
    packed(backend, drop(tmp_path, [{"name": "moon", "version": "1", "files": ["/sky/moon"]}]), loose_packages_max=0)
    shards = Head(backend, REPO).manifest.shards
    assert {shard.kind for shard in shards} == {"text", "paths"}
    for shard in shards:
        for found in (backend, PostgresBackend(database.address, tmp_path.name)):
            file = ShardFile(found, shard)
            assert file.row("SELECT value FROM facts WHERE key = 'stamp'") == (shard.stamp,)
            file.close()
    assert len(os.listdir(tmp_path / "cache")) == len(shards)
