"""Whatever bytes come, and however they are cut: a whole connection gives the same answers, and hurts nobody."""

from __future__ import annotations

import asyncio
import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import tree_protocol
from pkgindex.config import Settings
from pkgindex.packer.target import Target
from pkgindex.service.log import Log
from pkgindex.service.tree.connection import Connection, Limits
from pkgindex.service.tree.desk import Desk
from pkgindex.service.tree.known import Known
from pkgindex.service.tree.turns import Turns
from pkgindex.service.tree.works import Works
from pkgindex.service.tree.writer import ThreadWriter
from pkgindex.store.memory import MemoryBackend
from service.tree.lines import LINES
from service.tree.plaintree import PlainTree
from service.tree.serving import REPO, Client, served
from service.tree.test_protocol import plainly

LINE_BYTES_MAX = 200


class Wire(asyncio.Transport):
    """The far end of a connection: keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.heard += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return

    def pause_reading(self) -> None:
        return

    resume_reading = pause_reading


class Talk:
    """Clients of one desk, without sockets: each says a stream in pieces, with the others in between."""

    def __init__(self) -> None:
        told: list[str] = []
        self._told = told
        target = Target(MemoryBackend(), REPO, Settings())
        self.works = Works(Known(target.backend), ThreadWriter(target, None), Turns(target, None), Log(told.append))
        self._desk = Desk(self.works, 64, 4096)
        self._limits = Limits(line_bytes_max=LINE_BYTES_MAX)

    async def say(self, *pieces: bytes) -> bytes:
        """What is answered to *pieces*, after the last of which the client says no more."""
        wire = Wire()
        connection = Connection(self._desk, self._limits, lambda gone: None)
        connection.connection_made(wire)
        for piece in pieces:
            connection.data_received(piece)
            assert len(connection._requests._rest) <= LINE_BYTES_MAX
            # Between some pieces there is time to publish, between others there is none.
            await asyncio.sleep(0)
        await self._desk.drain()
        assert not wire.closed, "a client that is still there is hung up on"
        connection.eof_received()
        assert wire.closed
        assert not self._told
        return bytes(wire.heard)


def said(*streams: list[bytes]) -> list[bytes]:
    """What each of *streams*, pieces of bytes, is answered by a desk, one after the other."""

    async def saying() -> list[bytes]:
        talk = Talk()
        desk = asyncio.create_task(talk._desk.run())
        try:
            return [await talk.say(*pieces) for pieces in streams]
        finally:
            desk.cancel()
            await asyncio.gather(desk, return_exceptions=True)
            talk.works.close()

    return asyncio.run(saying())


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places) if start < end]


def by_the_rules(tree: PlainTree, stream: bytes) -> bytes:
    lines = stream.split(b"\n")[:-1]
    return b"".join(tree.answer(plainly(line if len(line) <= LINE_BYTES_MAX else b"")) for line in lines)


_names = st.sampled_from([b"a", b"b", b"c", b"docbook2X"])
_requests = st.builds(lambda command, name, needs: command + b"|" + name + b"|" + b",".join(needs),
                      st.sampled_from([b"INDEX", b"INDEX", b"REMOVE", b"QUERY"]), _names, st.lists(_names, max_size=2))
_odd = st.one_of(st.sampled_from([line for line in LINES if len(line) < 1000]), st.binary(max_size=30),
                 st.just(b"QUERY|" + b"a" * 300 + b"|"))
streams = st.lists(st.one_of(_requests, _requests, _requests, _odd), max_size=12).map(b"\n".join)


@given(streams, st.lists(st.integers(min_value=0), max_size=12))
def test_every_way_of_cutting_the_stream_gets_the_same_answers(stream: bytes, cuts: list[int]) -> None:
    expected = by_the_rules(PlainTree(), stream)
    assert said(cut(stream, cuts)) == [expected]
    assert said([bytes([byte]) for byte in stream[:200]]) == [by_the_rules(PlainTree(), stream[:200])]


@given(st.lists(st.one_of(streams, st.binary(max_size=400)), min_size=1, max_size=4))
def test_any_bytes_are_answered_a_line_each_and_the_next_client_is_served(garbage: list[bytes]) -> None:
    tree = PlainTree()
    expected = [by_the_rules(tree, stream) for stream in (*garbage, b"QUERY|a|\n")]
    heard = said(*([stream] for stream in garbage), [b"QUERY|a|\n"])
    assert heard == expected
    assert [answers.count(b"\n") for answers in heard[:-1]] == [stream.count(b"\n") for stream in garbage]


@given(st.binary(max_size=400) | streams.map(lambda stream: b"\x03" + stream))
def test_what_the_fuzzer_tries_holds(data: bytes) -> None:
    tree_protocol.try_bytes(data)


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line[:30]))
def test_the_fuzzers_rules_are_the_rules(line: bytes) -> None:
    if len(line) <= tree_protocol.LINE_BYTES_MAX:
        assert tree_protocol.read(line) == tuple(plainly(line))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=10))
def test_over_a_socket_too(garbage: list[bytes]) -> None:
    stream = b"".join(garbage)
    with served(MemoryBackend()) as port:
        with Client(port) as client:
            for piece in garbage:
                client.send(piece)
            client.socket.shutdown(socket.SHUT_WR)
            assert client.rest() == b"ERROR\n" * stream.count(b"\n")
        with Client(port) as client:
            assert client.ask("QUERY|a|") == "FAIL"


@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_line_without_an_end_is_read_and_not_kept(count: int) -> None:
    piece = b"x" * (64 << 10)
    before = resident_bytes()
    with served(MemoryBackend()) as port, Client(port) as client:
        for _ in range(count):
            client.send(piece)
        client.send(b"\nQUERY|a|\n")
        assert client.answers(2) == ["ERROR", "FAIL"]
    assert resident_bytes() - before < 8 << 20


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096
