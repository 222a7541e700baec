"""What others publish is heard of where the storage gives word of it; who is told nothing looks, and is told the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from pkgindex.config import Settings
from pkgindex.errors import StoreError
from pkgindex.packer.target import Target
from pkgindex.service.log import Log
from pkgindex.service.tree import hearing
from pkgindex.service.tree.server import Options, Server
from pkgindex.store.memory import MemoryBackend
from pkgindex.store.postgres import PostgresBackend
from service.tree.serving import REPO, Client, served, sound
from store.databases import Cluster


class Bell:
    """Words that a test gives."""

    def __init__(self) -> None:
        self._rung = threading.Semaphore(0)
        self.asked = 0

    def ring(self) -> None:
        self._rung.release()

    def __call__(self, seconds: float) -> bool:
        self.asked += 1
        return self._rung.acquire(timeout=seconds)


def heard_by(words: Callable[[float], bool], until: Callable[[int], bool]) -> int:
    """How often it is heard, listening until *until* is content with that."""

    async def listening() -> int:
        heard = 0
        enough = asyncio.Event()

        def hear() -> None:
            nonlocal heard
            heard += 1
            if until(heard):
                enough.set()

        task = asyncio.create_task(hearing.hear(words, hear))
        await asyncio.wait_for(enough.wait(), 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return heard

    return asyncio.run(listening())


def test_each_word_is_heard_and_nobody_listens_any_more_afterwards() -> None:
    bell = Bell()
    for _ in range(3):
        bell.ring()
    before = threading.active_count()
    assert heard_by(bell, lambda heard: heard == 3) == 3
    assert threading.active_count() == before


def test_a_storage_that_is_away_is_listened_to_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [StoreError("away"), StoreError("away")]

    def words(seconds: float) -> bool:
        if failures:
            raise failures.pop()
        return True

    monkeypatch.setattr(hearing, "RETRY_SECONDS", 0.01)
    assert heard_by(words, lambda heard: True) >= 1
    assert not failures


def test_a_server_that_has_word_reads_what_was_published_before_anybody_asks() -> None:
    backend, bell = MemoryBackend(), Bell()

    async def serving() -> None:
        server = Server(Target(backend, REPO, Settings()), None, Options(port=0), Log(lambda line: None), bell)
        ready = asyncio.Event()
        running = asyncio.create_task(server.run(lambda address: ready.set()))
        await ready.wait()
        generation = server.known.generation
        await asyncio.to_thread(other_indexes)
        assert server.known.generation == generation, "nobody has asked yet, and there was no word"
        bell.ring()
        while server.known.generation == generation:
            await asyncio.sleep(0.001)
        assert "a" in server.known.tree
        server.stop()
        await running

    def other_indexes() -> None:
        with served(backend) as port, Client(port) as client:
            assert client.ask("INDEX|a|") == "OK"

    asyncio.run(serving())
    assert sound(backend)


def test_a_database_gives_word_to_servers(database: Cluster) -> None:
    writer, reader = (PostgresBackend(database.address, "heard") for _ in range(2))
    linked = threading.Event()

    def words(seconds: float) -> bool:
        found = reader.wait(seconds)
        if not linked.is_set():
            # The first call is answered at once: from then on it listens.
            linked.set()
            writer.link("generations/0000000000000001", b"")
        return found

    assert heard_by(words, lambda heard: heard == 2) == 2
