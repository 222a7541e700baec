"""A trial of real servers, of which some are wrong."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from pkgindex.errors import BadInput, NoServer
from pkgindex.service.tree.protocol import Malformed, Request, Requests
from pkgindex.service.tree.trial.synthetic import synthetic
from pkgindex.service.tree.trial.trial import MALFORMED, Plan, Report, Trial
from pkgindex.store.memory import MemoryBackend
from service.tree.plaintree import PlainTree
from service.tree.serving import Client, served

NEEDS = synthetic(60, 1)


def run(*ports: int, **plan: object) -> Report:
    servers = tuple(("127.0.0.1", port) for port in ports)
    return asyncio.run(Trial(NEEDS, Plan(servers)._replace(**{"clients": 7, **plan})).run())


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
        assert 0 < phase.p50_milliseconds <= phase.p99_milliseconds <= 1000 * phase.seconds


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


async def tried_with(answer: Answer) -> Report:
    """A trial of a server that gives these answers."""

    class Serving(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.requests = transport, Requests()

        def data_received(self, data: bytes) -> None:
            for request in self.requests.receive(data):
                self.transport.write(answer(request))

    server = await asyncio.get_running_loop().create_server(Serving, "127.0.0.1", 0)
    async with server:
        plan = Plan((server.sockets[0].getsockname()[:2],), clients=3, malformed=0.2)
        return await Trial(NEEDS, plan).run()


def test_a_plain_server_is_right_and_many_come_too_early() -> None:
    report = asyncio.run(tried_with(PlainTree().answer))
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
    report = asyncio.run(tried_with(wrong(PlainTree())))
    assert report.wrong and sum(phase.wrong for phase in report.phases) >= len(report.wrong)


@pytest.mark.parametrize("said", [b"", b"HELLO\n", b"OK\nOK\nOK\n"])
def test_what_is_no_tree_server_is_named(said: bytes) -> None:
    async def tried() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(said)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            plan = Plan((server.sockets[0].getsockname()[:2],), clients=1)
            await Trial({"a": ()}, plan).run()

    with pytest.raises(NoServer):
        asyncio.run(tried())
