"""Who is answered, and when: disks that fill up, changes that another server makes meanwhile, answers ahead of the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count

import pytest

from packer.world import drop
from pkgindex.config import Settings
from pkgindex.errors import Exists, Gone, NoSpace, StoreError
from pkgindex.packer.pack import pack
from pkgindex.packer.publish import Head
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target
from pkgindex.service.tree import desk
from pkgindex.service.tree.committing import ATTEMPTS_MAX, UNSETTLED_TIMES, Committer
from pkgindex.service.tree.known import Done, Known
from pkgindex.service.tree.protocol import FAIL, OK, Request
from pkgindex.store.memory import MemoryBackend
from service.tree.serving import REPO, Client, served, sound
from store.crash import CrashBackend


def target(backend: MemoryBackend, **settings: object) -> Target:
    return Target(backend, REPO, Settings()._replace(**settings))


class Gate(MemoryBackend):
    """Publishing waits while it is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.waits = threading.Event(), threading.Event()
        self.open.set()

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if not self.open.is_set():
            self.waits.set()
        assert self.open.wait(30)
        super().link(name, data, ready)


class Full(MemoryBackend):
    full = False

    def create(self, name: str, data: bytes) -> None:
        if self.full:
            raise NoSpace("no space left: make room")
        super().create(name, data)

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if self.full:
            raise NoSpace("no space left: make room")
        super().link(name, data, ready)


def test_while_a_change_is_published_others_are_answered_and_the_same_client_waits() -> None:
    backend = Gate()
    with served(backend) as port, Client(port) as slow, Client(port) as quick:
        assert quick.ask("INDEX|a|") == "OK"
        backend.open.clear()
        slow.send(b"INDEX|b|a\nQUERY|a|\nQUERY|b|\nINDEX|c|missing\n")
        assert backend.waits.wait(30)
        at_once = {"QUERY|a|": "OK", "QUERY|b|": "FAIL", "INDEX|c|missing": "FAIL", "INDEX|a|": "OK"}
        assert {line: quick.ask(line) for line in at_once} == at_once
        slow.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            slow.answers(1)
        slow.socket.settimeout(30)
        slow.send(b"INDEX|d|b\nQUERY|d|\n")
        backend.open.set()
        assert slow.answers(6) == ["OK", "OK", "OK", "FAIL", "OK", "OK"]
    assert sound(backend)


def test_a_full_disk_ends_the_connections_of_those_who_change_and_of_nobody_else() -> None:
    backend = Full()
    log: list[str] = []
    with served(backend, log=log) as port, Client(port) as reader:
        with Client(port) as writer:
            assert writer.ask("INDEX|a|") == "OK"
            backend.full = True
            with pytest.raises((EOFError, ConnectionError)):
                writer.ask("INDEX|b|a")
        assert [reader.ask(f"QUERY|{name}|") for name in "ab"] == ["OK", "FAIL"]
        backend.full = False
        with Client(port) as writer:
            assert writer.ask("INDEX|b|a") == "OK"
    assert log == ["no space left: make room"]
    assert sound(backend)


def test_what_others_pack_and_retire_is_heard_of_before_the_next_answer(tmp_path: object) -> None:
    backend = MemoryBackend()
    place = target(backend, keep_generations=1, grace_seconds=0)
    with served(backend) as port, Client(port) as client:
        for number in range(5):
            pack(place, [drop(tmp_path, [{"name": f"p{number}", "version": "1", "depends": ["virtual"]}])])
            retire(backend, REPO, place.settings)
            assert client.ask(f"QUERY|p{number}|") == "OK"
            assert client.ask(f"INDEX|q{number}|p{number}") == "OK"
        assert client.ask("QUERY|virtual|") == "FAIL"
        assert client.ask("INDEX|virtual|") == "OK"
        assert client.ask("REMOVE|virtual|") == "FAIL"
    assert sound(backend)


def test_much_that_is_loose_is_folded_and_settled_when_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "QUIET_SECONDS", 0.02)
    backend = MemoryBackend()
    with served(backend, loose_packages_max=3) as port, Client(port) as client:
        assert {client.ask(f"INDEX|p{number}|") for number in range(3 * UNSETTLED_TIMES + 1)} == {"OK"}
        while not Head(backend, REPO).manifest.shards or Head(backend, REPO).manifest.unsettled:
            assert client.ask("QUERY|p0|") == "OK"
    assert Head(backend, REPO).manifest.loose == {}
    assert sound(backend)


def test_what_is_folded_and_not_much_more_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "QUIET_SECONDS", 0.02)
    backend = MemoryBackend()
    with served(backend, loose_packages_max=3) as port, Client(port) as client:
        assert {client.ask(f"INDEX|p{number}|") for number in range(5)} == {"OK"}
        while not Head(backend, REPO).manifest.shards:
            assert client.ask("QUERY|p0|") == "OK"
    assert Head(backend, REPO).manifest.unsettled
    assert sound(backend)


def test_much_that_is_loose_is_folded_also_when_it_is_never_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "QUIET_SECONDS", 0.02)
    backend = MemoryBackend()
    with served(backend, loose_packages_max=3, tree_loose_packages_max=5) as port, Client(port) as client:
        number = first = 0
        # Deltas are dropped twice, so that what was committed meanwhile came to its end too.
        while not 1 < first < Head(backend, REPO).manifest.first_delta:
            first = first if first > 1 else Head(backend, REPO).manifest.first_delta
            assert client.ask(f"INDEX|p{number}|") == "OK"
            number += 1
        assert Head(backend, REPO).manifest.shards
    assert sound(backend)


def test_a_name_that_is_taken_by_no_other_writer_is_said_to_be() -> None:
    class Taken(MemoryBackend):
        taken = False

        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            if self.taken:
                raise Exists(f"{name} is there already")
            super().link(name, data, ready)

    backend = Taken()
    log: list[str] = []
    with served(backend, log=log) as port:
        with Client(port) as writer:
            assert writer.ask("INDEX|a|") == "OK"
            backend.taken = True
            with pytest.raises((EOFError, ConnectionError)):
                writer.ask("INDEX|b|a")
        backend.taken = False
        with Client(port) as writer:
            assert writer.ask("INDEX|b|a") == "OK"
    [line] = log
    assert "generation 2 cannot be published although no other writer has done it" in line
    assert "0000000000000002 is there already" in line
    assert sound(backend)


def test_a_group_that_is_too_large_becomes_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "GROUP_REQUESTS_MAX", 7)
    backend = MemoryBackend()
    with served(backend) as port, Client(port) as client:
        client.send(b"".join(b"INDEX|p%d|\nQUERY|p%d|\n" % (number, number) for number in range(50)))
        assert client.answers(100) == ["OK"] * 100


class Raced(MemoryBackend):
    """Somebody else commits before each of the next *races* links, or takes away what was to be read (*gone*)."""

    races, gone = 0, False

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if self.races:
            races, self.races = self.races - 1, 0
            if self.gone:
                self.races = races
                raise Gone("it was retired")
            other = Committer(target(self))
            other.commit([Request("INDEX", f"other{other.refresh().generation}")])
            self.races = races
        super().link(name, data, ready)


def test_who_is_overtaken_judges_again() -> None:
    backend = MemoryBackend()
    first, second = Committer(target(backend)), Committer(target(backend))
    second.commit([Request("INDEX", "a")])
    first.commit([Request("INDEX", "b", ("a",))])
    assert second.commit([Request("REMOVE", "a"), Request("REMOVE", "b"), Request("REMOVE", "a")]).answers == (FAIL, OK, OK)


class Unflushed(CrashBackend):
    """Who links is killed before the name is durable."""

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        MemoryBackend.link(self, name, data, ready)


@pytest.mark.parametrize("hear", [
    lambda committer: committer.refresh(),
    lambda committer: committer.commit([Request("INDEX", "a")]),
], ids=["heard of", "asked for again"])  # fmt: skip
def test_what_a_killed_server_published_is_durable_before_anybody_is_told_of_it(hear: Callable[[Committer], Done]) -> None:
    backend = Unflushed({})
    Committer(target(backend)).commit([Request("INDEX", "a")])
    assert backend.durable == {}
    committer = Committer(target(backend))
    hear(committer)
    assert committer.tree.answer(Request("QUERY", "a")) == OK
    assert backend.durable == backend.blobs() != {}


@pytest.mark.parametrize("gone", [False, True])
def test_who_is_overtaken_again_and_again_pauses_and_in_the_end_gives_up(gone: bool) -> None:
    backend, pauses = Raced(), []
    committer = Committer(target(backend), pause=pauses.append)
    backend.races, backend.gone = 5, gone
    assert committer.commit([Request("INDEX", "a")]).answers == (OK,)
    assert len(pauses) == 5
    backend.races = ATTEMPTS_MAX
    with pytest.raises(StoreError, match="100 times another writer was first"):
        committer.commit([Request("INDEX", "b")])


def test_what_was_heard_by_a_commit_that_failed_is_not_lost() -> None:
    backend = Full()
    first, second = Committer(target(backend)), Committer(target(backend))
    first.commit([Request("INDEX", "a")])
    backend.full = True
    with pytest.raises(NoSpace):
        second.commit([Request("INDEX", "b")])
    known = Known(backend)
    assert not known.fresh()
    known.settle(second.refresh())
    assert known.fresh()
    assert known.tree.needs("a") == ()


def in_the_end(is_so: Callable[[], bool]) -> None:
    for _ in count():
        if is_so():
            return


def test_with_an_interval_answers_do_not_wait_and_the_end_publishes_all() -> None:
    backend = Gate()
    backend.open.clear()
    with served(backend, interval_seconds=0.01) as port, Client(port) as client:
        assert [client.ask(line) for line in ("INDEX|a|", "INDEX|b|a", "QUERY|b|", "REMOVE|a|")] == ["OK", "OK", "OK", "FAIL"]
        assert backend.waits.wait(30)
        assert client.ask("INDEX|c|b") == "OK"
        backend.open.set()
        in_the_end(lambda: Head(backend, REPO).manifest.packages == 3)
        assert client.ask("INDEX|d|c") == "OK"
    assert Head(backend, REPO).manifest.packages == 4
    assert sound(backend)


def test_with_an_interval_other_servers_are_heard_of_and_contradictions_are_told() -> None:
    backend = MemoryBackend()
    log: list[str] = []
    with served(backend) as prompt, Client(prompt) as other:
        assert other.ask("INDEX|a|") == "OK"
        with served(backend, interval_seconds=1.5, log=log) as port, Client(port) as client:
            assert client.ask("INDEX|b|a") == "OK"
            assert other.ask("REMOVE|a|") == "OK"
            in_the_end(lambda: client.ask("QUERY|a|") == "FAIL")
            assert client.ask("QUERY|b|") == "FAIL"
    assert len(log) == 1
    assert "1 acknowledged changes contradict what another server has published" in log[0]
    assert sound(backend)
