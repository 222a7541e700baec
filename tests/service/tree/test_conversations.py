"""What clients say and hear, over real sockets, however the repository is stored."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from packer.world import make
from pkgindex.format.manifest import PARTITIONS
from pkgindex.packer.publish import Head
from pkgindex.service.tree.connection import Limits
from pkgindex.store.backend import Backend
from pkgindex.store.journal import JournaledBackend
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend
from service.tree import serving
from service.tree.lines import BAD, LINES
from service.tree.plaintree import PlainTree
from service.tree.serving import REPO, Client, served, sound, together
from service.tree.test_protocol import plainly


def head(backend: Backend) -> int:
    return Head(backend, REPO).manifest.generation


KINDS = ("directory", "memory", "journal", "postgresql")
# Every kind and every partition are in the quick part, and all pairs of them in the long one.
WAYS = [
    pytest.param((kind, partition), id=f"{kind}-{partition}",
                 marks=() if kind == "directory" or partition == "package" else pytest.mark.slow)
    for kind in KINDS for partition in PARTITIONS
]


@pytest.fixture(params=WAYS)
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    monkeypatch.setattr("packer.world.REPO", REPO)
    kind, partition = request.param
    found = stored(kind, request, tmp_path)
    make(found, partition)
    yield found
    assert sound(found)


def stored(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """An empty repository, stored in the way that the test asks for."""
    if kind == "memory":
        return MemoryBackend()
    if kind == "journal":
        return JournaledBackend(str(tmp_path / "journal"))
    if kind == "postgresql":
        address = request.getfixturevalue("database").address
        from pkgindex.store.postgres import PostgresBackend

        return PostgresBackend(address, tmp_path.name)
    return LocalBackend(str(tmp_path))


@pytest.fixture
def memory() -> Iterator[MemoryBackend]:
    found = MemoryBackend()
    yield found
    assert not head(found) or sound(found)


STORY = [
    ("QUERY|a|", "FAIL"), ("INDEX|b|a", "FAIL"), ("INDEX|a|", "OK"), ("INDEX|b|a", "OK"), ("QUERY|b|", "OK"),
    ("REMOVE|a|", "FAIL"), ("INDEX|b|a,missing", "FAIL"), ("REMOVE|a|", "FAIL"), ("INDEX|b|", "OK"), ("REMOVE|a|", "OK"),
    ("QUERY|a|", "FAIL"), ("REMOVE|a|", "OK"), ("INDEX|c|c", "FAIL"), ("INDEX|c|", "OK"), ("INDEX|c|c", "OK"),
    ("INDEX|b|c,c,c", "OK"), ("REMOVE|c|", "FAIL"), ("INDEX|c|b", "OK"), ("REMOVE|b|", "FAIL"), ("INDEX|c|c", "OK"),
    ("REMOVE|b|", "OK"), ("REMOVE|c|", "OK"), ("index|a|", "ERROR"), ("INDEX|docbook2x|", "OK"), ("QUERY|docbook2X|", "FAIL"),
]


def test_the_story_line_by_line_and_all_at_once(backend: Backend) -> None:
    with served(backend) as port, Client(port) as client:
        assert [(line, client.ask(line)) for line, _ in STORY] == STORY
        assert client.ask("REMOVE|docbook2x|") == "OK"
        before = head(backend)
        client.send("".join(f"{line}\n" for line, _ in STORY).encode())
        assert client.answers(len(STORY)) == [answer for _, answer in STORY]
        assert head(backend) <= before + 2, "what comes together is published together"


def test_every_line_of_the_table_is_answered_as_the_rules_say(memory: MemoryBackend) -> None:
    tree = PlainTree()
    with served(memory) as port, Client(port) as client:
        client.send(b"".join(line + b"\n" for line in LINES))
        assert client.answers(len(LINES)) == [tree.answer(plainly(line)).decode().strip() for line in LINES]


@pytest.mark.parametrize("line", BAD[:20], ids=repr)
def test_an_error_ends_nothing(memory: MemoryBackend, line: bytes) -> None:
    with served(memory) as port, Client(port) as client:
        client.send(line + b"\nINDEX|a|\n" + line + b"\nQUERY|a|\n")
        assert client.answers(4) == ["ERROR", "OK", "ERROR", "OK"]


def test_a_byte_at_a_time_is_answered_the_same(memory: MemoryBackend) -> None:
    with served(memory) as port, Client(port) as client:
        for byte in b"INDEX|a|\nINDEX|b|a\nQUERY|b|\n":
            client.send(bytes([byte]))
        assert client.answers(3) == ["OK", "OK", "OK"]


def test_what_restarts_knows_all_that_was_answered(backend: Backend) -> None:
    with served(backend) as port, Client(port) as client:
        assert [client.ask(line) for line in ("INDEX|a|", "INDEX|b|a", "INDEX|c|", "REMOVE|c|")] == ["OK"] * 4
    with served(backend) as port, Client(port) as client:
        assert [client.ask(line) for line in ("QUERY|b|", "REMOVE|a|", "QUERY|c|")] == ["OK", "FAIL", "FAIL"]


def test_what_is_there_already_publishes_nothing(memory: MemoryBackend) -> None:
    with served(memory) as port, Client(port) as client:
        assert [client.ask(line) for line in ("INDEX|a|", "INDEX|b|", "INDEX|c|a,b")] == ["OK"] * 3
        before = memory.blobs()
        client.send(b"INDEX|c|b,a,b\nINDEX|a|\nREMOVE|none|\nINDEX|d|none\nREMOVE|a|\n")
        assert client.answers(5) == ["OK", "OK", "OK", "FAIL", "FAIL"]
        client.send(b"INDEX|d|\nREMOVE|d|\n")
        assert client.answers(2) == ["OK", "OK"]
    assert memory.blobs() == before, "nor does what is undone by the same group"


def test_a_last_line_without_an_end_is_never_applied_and_what_was_asked_is_answered(memory: MemoryBackend) -> None:
    with served(memory) as port:
        with Client(port) as client:
            client.send(b"INDEX|a|\nINDEX|b|a\nINDEX|c|")
            client.socket.shutdown(socket.SHUT_WR)
            assert client.rest() == b"OK\nOK\n"
        with Client(port) as client:
            assert [client.ask(f"QUERY|{name}|") for name in "abc"] == ["OK", "OK", "FAIL"]


def test_a_client_that_resets_costs_itself_only(memory: MemoryBackend) -> None:
    with served(memory) as port, Client(port) as witness:
        for number in range(20):
            client = Client(port)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.send(f"INDEX|p{number}|\nQUERY|p{number}|\nINDEX|half".encode())
            client.socket.close()
        assert witness.ask("INDEX|a|") == "OK"
        assert witness.ask("QUERY|half|") == "FAIL"


def test_who_does_not_read_its_answers_is_not_read_from_and_holds_up_nobody(memory: MemoryBackend) -> None:
    block = b"QUERY|nothing|\n" * 1000
    with served(memory, Limits(unread_bytes_max=4096)) as port, Client(port) as greedy, Client(port) as witness:
        greedy.socket.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 1 << 28:
                sent += greedy.socket.send(block[sent % len(block) :])
        assert witness.ask("INDEX|a|") == "OK"
        greedy.socket.settimeout(serving.SECONDS_MAX)
        # Read now, it goes on where it was left.
        finish = threading.Thread(target=greedy.send, args=[block[sent % len(block) :] + b"QUERY|a|\n"])
        finish.start()
        count = -(-sent // len(block)) * 1000 if sent % len(block) else sent // len(block) * 1000 + 1000
        heard = bytearray()
        while len(heard) < 5 * count + 3:
            heard += greedy.socket.recv(1 << 20)
        assert heard == b"FAIL\n" * count + b"OK\n"
        finish.join()


def test_who_is_idle_is_disconnected_and_who_is_not_stays(memory: MemoryBackend) -> None:
    with served(memory, Limits(idle_seconds=0.4)) as port, Client(port) as idle, Client(port) as busy:
        ended = threading.Event()
        watching = threading.Thread(target=lambda: (idle.rest(), ended.set()))
        watching.start()
        while not ended.is_set():
            assert busy.ask("QUERY|a|") == "FAIL"
        watching.join()
        assert busy.ask("QUERY|a|") == "FAIL"


def test_beyond_the_limit_clients_wait_until_there_is_room(memory: MemoryBackend) -> None:
    with served(memory, Limits(connections_max=2)) as port:
        first, second, third = Client(port), Client(port), Client(port)
        assert [client.ask("QUERY|a|") for client in (first, second)] == ["FAIL", "FAIL"]
        third.send(b"QUERY|a|\n")
        third.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            third.answers(1)
        third.socket.settimeout(serving.SECONDS_MAX)
        first.socket.close()
        assert third.answers(1) == ["FAIL"]
        for client in (second, third):
            client.socket.close()


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_all_who_connect_at_once_are_served(memory: MemoryBackend, count: int) -> None:
    with served(memory) as port:
        clients = [Client(port) for _ in range(count)]
        for number, client in enumerate(clients):
            client.send(f"INDEX|p{number}|\nQUERY|p{number}|\n".encode())
        assert [client.answers(2) for client in clients] == [["OK", "OK"]] * count
        for client in clients:
            client.socket.close()
    assert head(memory) < count / 2, "what many change at once is published together"


def test_many_clients_index_and_remove_a_tree_with_retries(backend: Backend) -> None:
    names = [f"p{number}" for number in range(60)]
    needs = {name: ",".join(names[max(0, number - 3) : number : 2]) for number, name in enumerate(names)}

    def until_ok(port: int, lines: list[str]) -> None:
        with Client(port) as client:
            while lines:
                lines = [line for line in lines if client.ask(line) != "OK"]

    with served(backend) as port:
        for command in ("INDEX", "REMOVE"):
            lines = [f"{command}|{name}|{needs[name] if command == 'INDEX' else ''}" for name in names]
            together([lambda own=lines[start::20]: until_ok(port, own) for start in range(20)])
            with Client(port) as client:
                answers = {client.ask(f"QUERY|{name}|") for name in names}
                assert answers == {"OK" if command == "INDEX" else "FAIL"}
    assert Head(backend, REPO).manifest.packages == 0


def test_what_one_server_has_acknowledged_the_other_knows(backend: Backend) -> None:
    with served(backend) as first, served(backend) as second, Client(first) as one, Client(second) as other:
        for number in range(30):
            assert one.ask(f"INDEX|p{number}|") == "OK"
            assert other.ask(f"INDEX|q{number}|p{number}") == "OK"
            assert one.ask(f"REMOVE|p{number}|") == "FAIL"
            assert other.ask(f"REMOVE|q{number}|") == "OK"
            assert [client.ask(f"QUERY|q{number}|") for client in (one, other)] == ["FAIL", "FAIL"]


def test_sigterm_ends_with_all_that_was_read_answered(memory: MemoryBackend) -> None:
    with served(memory) as port:
        client = Client(port)
        client.send(b"".join(b"INDEX|p%d|\n" % number for number in range(300)))
        assert client.answers(1) == ["OK"]
    answers = 1 + client.rest().count(b"OK\n")
    client.socket.close()
    with served(memory) as port, Client(port) as again:
        known = [again.ask(f"QUERY|p{number}|") for number in range(300)]
    assert known == ["OK"] * answers + ["FAIL"] * (300 - answers)
