"""A trial of real servers, of which some are wrong."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkgindex.errors import BadInput, NoServer
from pkgindex.service.tree.protocol import Malformed, Request, Requests
from pkgindex.service.tree.trial.querying import query
from pkgindex.service.tree.trial.synthetic import synthetic
from pkgindex.service.tree.trial.trial import MALFORMED, Plan, Report, Trial
from pkgindex.store.memory import MemoryBackend
from service.tree.plaintree import PlainTree
from service.tree.serving import SECONDS_MAX, Client, served

NEEDS = synthetic(60, 1)


def run(*ports: int, **plan: object) -> Report:
    servers = tuple(("127.0.0.1", port) for port in ports)
    return Trial(NEEDS, Plan(servers)._replace(**{"clients": 7, **plan})).run()


@pytest.mark.parametrize("pipeline", [1, 5])
def test_a_server_is_tried_and_left_empty(pipeline: int) -> None:
    with served(MemoryBackend()) as port:
        report = run(port, pipeline=pipeline, malformed=0.3)
        with Client(port) as client:
            assert {client.ask(f"QUERY|{name}|") for name in NEEDS} == {"FAIL"}
    assert report.wrong == ()
    clear, index, there, remove, gone = report.phases
    assert [phase.phase for phase in report.phases] == ["clear", "index", "there", "remove", "gone"]
    assert clear.ok == index.ok == there.ok == remove.ok == gone.fail == len(NEEDS)
    assert (there.fail, gone.ok) == (0, 0)
    for phase in report.phases:
        assert phase.requests == phase.ok + phase.fail + phase.error and phase.error > 0 == phase.wrong
        # Both are rounded, seconds to milliseconds.
        assert 0 < phase.p50_milliseconds <= phase.p99_milliseconds <= 1000 * phase.seconds + 1


def test_two_servers_of_one_repository_are_tried() -> None:
    backend = MemoryBackend()
    with served(backend) as first, served(backend) as second:
        assert run(first, second).wrong == ()


def test_what_lies_there_before_is_cleared() -> None:
    with served(MemoryBackend()) as port, Client(port) as client:
        assert [client.ask(f"INDEX|{name}|") for name in list(NEEDS)[:5]] == ["OK"] * 5
        assert run(port).wrong == ()


def test_packages_that_others_keep_are_named() -> None:
    kept = next(iter(NEEDS))
    with served(MemoryBackend()) as port, Client(port) as client:
        assert [client.ask(f"INDEX|{kept}|"), client.ask(f"INDEX|other|{kept}")] == ["OK", "OK"]
        with pytest.raises(BadInput, match=f"1 packages, as '{kept}', stay FAIL"):
            run(port)


def test_where_nobody_listens_there_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoServer, match="serve tree"):
        run(port)


@pytest.mark.parametrize("line", MALFORMED, ids=repr)
def test_every_malformed_line_is_one(line: bytes) -> None:
    assert isinstance(Requests().receive(line)[0], Malformed)


Answer = Callable[[Request | Malformed], bytes]


@contextmanager
def answering(answer: Answer, hangs_up: bool = False) -> Iterator[int]:
    """The port of a server that gives these answers, from a thread; one that *hangs_up* does so after the first."""

    class Serving(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.requests = transport, Requests()

        def data_received(self, data: bytes) -> None:
            for request in self.requests.receive(data):
                self.transport.write(answer(request))
                if hangs_up:
                    self.transport.close()

    loop, port = asyncio.new_event_loop(), Queue[int]()

    async def serve() -> None:
        server = await loop.create_server(Serving, "127.0.0.1", 0, backlog=1024)
        port.put(server.sockets[0].getsockname()[1])
        async with server:
            await ended.wait()

    ended = asyncio.Event()
    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield port.get(timeout=SECONDS_MAX)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(SECONDS_MAX)
        loop.close()


def tried_with(answer: Answer) -> Report:
    """A trial of a server that gives these answers."""
    with answering(answer) as port:
        return run(port, clients=3, malformed=0.2)


def test_a_plain_server_is_right_and_many_come_too_early() -> None:
    report = tried_with(PlainTree().answer)
    assert report.wrong == ()
    assert report.phases[1].passes > 2 and report.phases[1].fail > len(NEEDS)


def forgetful(tree: PlainTree) -> Answer:
    """Some package is acknowledged and not indexed."""
    lost = max(NEEDS, key=lambda name: name not in {need for needs in NEEDS.values() for need in needs})

    def answer(request: Request | Malformed) -> bytes:
        if isinstance(request, Request) and (request.command, request.package) == ("INDEX", lost):
            return b"OK\n"
        return tree.answer(request)

    return answer


def careless(tree: PlainTree) -> Answer:
    """Packages are removed though others depend on them."""

    def answer(request: Request | Malformed) -> bytes:
        if isinstance(request, Request) and request.command == "REMOVE":
            tree.lists.pop(request.package, None)
            return b"OK\n"
        return tree.answer(request)

    return answer


def lenient(tree: PlainTree) -> Answer:
    """What is malformed is fine."""
    return lambda request: b"OK\n" if isinstance(request, Malformed) else tree.answer(request)


def early(tree: PlainTree) -> Answer:
    """Packages are indexed though dependencies are missing."""

    def answer(request: Request | Malformed) -> bytes:
        if isinstance(request, Request) and request.command == "INDEX":
            tree.lists[request.package] = set(request.dependencies)
            return b"OK\n"
        return tree.answer(request)

    return answer


@pytest.mark.parametrize("wrong", [forgetful, careless, lenient, early])
def test_a_server_that_is_wrong_is_caught(wrong: Callable[[PlainTree], Answer]) -> None:
    report = tried_with(wrong(PlainTree()))
    assert report.wrong and sum(phase.wrong for phase in report.phases) >= len(report.wrong)


@pytest.mark.parametrize("said", [b"", b"HELLO\n", b"OK\nOK\nOK\n"])
@pytest.mark.parametrize("trial", [lambda plan: Trial({"a": ()}, plan).run(), lambda plan: query(["a"], plan, 0.1)])
def test_what_is_no_tree_server_is_named(said: bytes, trial: Callable[[Plan], Report]) -> None:
    with answering(lambda request: said, hangs_up=True) as port, pytest.raises(NoServer):
        trial(Plan((("127.0.0.1", port),), clients=1))


# Questions alone


@pytest.fixture
def half_there() -> Iterator[tuple[int, int]]:
    """A port where half of the packages are indexed, and how many these are."""
    tree = PlainTree()
    there = [name for name in NEEDS if tree.answer(Request("INDEX", name, NEEDS[name])) == b"OK\n"][::2]
    tree.lists = {name: set() for name in there}
    with answering(tree.answer) as port:
        yield port, len(there)


@given(clients=st.integers(1, 70), pipeline=st.integers(1, 70))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everything_is_asked_again_and_again_and_answered_as_at_first(
    half_there: tuple[int, int], clients: int, pipeline: int
) -> None:
    port, there = half_there
    report = query(NEEDS, Plan((("127.0.0.1", port),), clients, pipeline=pipeline), 0.02)
    learned, asked = report.phases
    assert report.wrong == () and (learned.ok, learned.fail) == (there, len(NEEDS) - there)
    assert asked.passes >= 1 and asked.requests == asked.ok + asked.fail >= len(NEEDS)
    assert asked.ok >= there and asked.fail >= len(NEEDS) - there


@pytest.mark.parametrize("wrong", [b"OK\n", b"FAIL\n", b"ERROR\n"])
def test_an_answer_that_differs_from_the_first_is_wrong(wrong: bytes) -> None:
    first, odd = (b"FAIL\n" if wrong == b"OK\n" else b"OK\n"), max(NEEDS)
    asked: Counter[str] = Counter()

    def answer(request: Request | Malformed) -> bytes:
        assert isinstance(request, Request)
        asked[request.package] += 1
        return wrong if request.package == odd and asked[odd] > 1 else first

    with answering(answer) as port:
        report = query(NEEDS, Plan((("127.0.0.1", port),), 3, pipeline=8), 0.01)
    assert report.phases[0].wrong == 0 < report.phases[1].wrong
    assert set(report.wrong) == {f"QUERY|{odd}|: {wrong.decode().strip()}"}


def test_a_server_that_takes_lines_for_malformed_is_wrong_from_the_first() -> None:
    with answering(lambda request: b"ERROR\n") as port:
        report = query(NEEDS, Plan((("127.0.0.1", port),), 3), 0.01)
    assert report.phases[0].wrong == len(NEEDS)


# What does not fit into the buffers at once


def test_more_than_the_buffers_hold_is_sent_when_there_is_room() -> None:
    names = [f"{'long' * 60}-{number}" for number in range(30_000)]
    with answering(lambda request: b"OK\n") as port:
        report = query(names, Plan((("127.0.0.1", port),), clients=1, pipeline=len(names)), 0.01)
    assert report.wrong == () and report.phases[0].ok == len(names)


def test_a_thousand_clients_are_tried() -> None:
    needs = synthetic(1500, 2)
    with answering(PlainTree().answer) as port:
        report = Trial(needs, Plan((("127.0.0.1", port),), clients=1000)).run()
    assert report.wrong == () and report.phases[-1].fail == len(needs)
