"""What a client writes is read as it was meant; answers are read however they are cut."""

from __future__ import annotations

import re
import socket
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkgindex.errors import BadInput, NoServer
from pkgindex.service.tree.client import Answers, encode
from pkgindex.service.tree.conversation import WINDOW_REQUESTS, Conversation
from pkgindex.service.tree.protocol import LINE_BYTES_MAX, Request, Requests
from pkgindex.store.memory import MemoryBackend
from service.tree.lines import GOOD
from service.tree.serving import served

texts = st.text("ab|,\n\r =:\udc80\x00é.", max_size=4)


@settings(deadline=None)
@given(st.builds(Request, st.sampled_from(["INDEX", "REMOVE", "QUERY"]), texts, st.lists(texts, max_size=3).map(tuple)))
def test_a_request_is_encoded_as_one_line_that_means_it_or_not_at_all(request: Request) -> None:
    try:
        line = encode(request)
    except BadInput:
        command, package, dependencies = request
        name = "[A-Za-z0-9][A-Za-z0-9+._@-]*"
        fit = all(text.encode(errors="replace").isascii() and re.fullmatch(name, text)
                  for text in (package, *dependencies))
        assert not fit or (dependencies and command != "INDEX")
        return
    assert line.endswith(b"\n") and Requests().receive(line) == [request]


@pytest.mark.parametrize("line", GOOD, ids=lambda line: repr(line[:30]))
def test_every_good_request_can_be_asked(line: bytes) -> None:
    assert Requests().receive(encode(GOOD[line])) == [GOOD[line]]


def test_what_makes_too_long_a_line_cannot_be_asked() -> None:
    with pytest.raises(BadInput, match="'p'"):
        encode(Request("INDEX", "p", ("a" * 255,) * (LINE_BYTES_MAX // 256 + 1)))


@given(st.lists(st.sampled_from(["OK", "FAIL", "ERROR"]), max_size=9), st.lists(st.integers(0, 60), max_size=9))
def test_every_way_of_cutting_answers_reads_the_same(words: list[str], cuts: list[int]) -> None:
    stream = "".join(f"{word}\n" for word in words).encode()
    answers = Answers()
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert [word for start, end in pairwise(places) for word in answers.receive(stream[start:end])] == words


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n", b"OK\r\n", b"ok\n", b"\n", b"x" * 100, b"OK\nFAILED"])
def test_what_is_no_answer_is_no_server(said: bytes) -> None:
    with pytest.raises(NoServer, match="no answer of a tree server"):
        Answers().receive(said)


def test_more_requests_than_fit_a_window_are_answered_in_order() -> None:
    many = 2 * WINDOW_REQUESTS + 7
    requests = [Request("INDEX", "a"), *[Request("QUERY", name) for name in ["a", "b"] * many]]
    with served(MemoryBackend()) as port, Conversation("127.0.0.1", port) as server:
        assert list(server.ask(requests)) == ["OK", *["OK", "FAIL"] * many]


def test_where_nobody_listens_there_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoServer, match=f"127.0.0.1:{port}: .*pkgindex serve tree"):
        Conversation("127.0.0.1", port)


@pytest.mark.parametrize(
    ("said", "words"), [(b"OK\n", "hung up"), (b"OK\nOK\nOK\n", "not asked"), (b"220 mail\n", "no answer")]
)
def test_a_server_that_says_too_little_or_too_much_is_named(said: bytes, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(1 << 16)
                client.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoServer, match=words), Conversation("127.0.0.1", listening.getsockname()[1]) as server:
            list(server.ask([Request("QUERY", "a"), Request("QUERY", "b")]))
        thread.join()
