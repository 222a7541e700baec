"""Bytes become requests, however they are cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkgindex.service.tree.protocol import LINE_BYTES_MAX, MALFORMED, Malformed, Request, Requests
from service.tree.lines import BAD, GOOD, LINES


def read(stream: bytes, cuts: list[int], line_bytes_max: int = LINE_BYTES_MAX) -> list[Request | Malformed]:
    requests = Requests(line_bytes_max)
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [found for start, end in pairwise(places) for found in requests.receive(stream[start:end])]


@pytest.mark.parametrize("line", GOOD, ids=lambda line: repr(line[:30]))
def test_a_good_line_is_read(line: bytes) -> None:
    assert Requests().receive(line + b"\n") == [GOOD[line]]


@pytest.mark.parametrize("line", BAD, ids=lambda line: repr(line[:30]))
def test_a_bad_line_is_malformed_and_the_next_one_is_read(line: bytes) -> None:
    assert Requests().receive(line + b"\nQUERY|curl|\n") == [MALFORMED, Request("QUERY", "curl")]


_lines = st.one_of(
    st.sampled_from(list(LINES)),
    st.binary(max_size=40).filter(lambda line: b"\n" not in line),
    st.text("INDEXREMOVQUY|,abC1+._@- ", max_size=40).map(str.encode),
)


@settings(deadline=None)
@given(st.lists(_lines, max_size=8), st.binary(max_size=20), st.lists(st.integers(min_value=0), max_size=12))
def test_every_way_of_cutting_the_stream_reads_the_same(lines: list[bytes], tail: bytes, cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines) + tail.replace(b"\n", b"")
    assert read(stream, cuts) == [found for line in lines for found in Requests().receive(line + b"\n")]


@settings(deadline=None)
@given(st.lists(_lines, max_size=5))
def test_one_byte_at_a_time_reads_the_same(lines: list[bytes]) -> None:
    stream = b"".join(line[:200] + b"\n" for line in lines)
    assert read(stream, list(range(len(stream)))) == Requests().receive(stream)


def plainly(line: bytes) -> Request | Malformed:
    """The rules, one after the other."""
    parts = line.split(b"|")
    names = [parts[1], *(parts[2].split(b",") if parts[2] else [])] if len(parts) == 3 else []
    fit = all(re.match(rb"[A-Za-z0-9][A-Za-z0-9+._@-]*\Z", name) and len(name) <= 255 for name in names)
    if len(parts) != 3 or parts[0] not in (b"INDEX", b"REMOVE", b"QUERY") or not fit or len(line) > LINE_BYTES_MAX:
        return MALFORMED
    command, package, *dependencies = [part.decode() for part in (parts[0], *names)]
    return Request(command, package, tuple(dependencies) if command == "INDEX" else ())


@settings(deadline=None)
@given(_lines)
def test_a_line_is_read_by_the_rules(line: bytes) -> None:
    assert Requests().receive(line + b"\n") == [plainly(line)]


@settings(deadline=None)
@given(st.integers(0, 30), st.lists(st.integers(min_value=0), max_size=10))
def test_a_line_that_is_too_long_is_read_to_its_end_and_answered_once(length: int, cuts: list[int]) -> None:
    line = b"QUERY|" + b"a" * length + b"|"
    wanted = Request("QUERY", "a" * length) if 0 < length <= 12 else MALFORMED
    assert read(line + b"\nQUERY|b|\n", cuts, line_bytes_max=19) == [wanted, Request("QUERY", "b")]


def test_a_line_of_exactly_the_limit_is_read() -> None:
    start = b"INDEX|p|"
    line = start + (b"ab," * LINE_BYTES_MAX)[: LINE_BYTES_MAX - len(start) - 1] + b"b"
    assert len(line) == LINE_BYTES_MAX
    assert Requests().receive(line + b"\n") == [plainly(line)] != [MALFORMED]
    assert Requests().receive(line + b"b\n") == [MALFORMED]


def test_a_line_that_never_ends_is_not_kept() -> None:
    requests = Requests()
    for _ in range(64):
        assert requests.receive(b"a" * LINE_BYTES_MAX) == []
    assert len(requests._rest) <= LINE_BYTES_MAX
    assert requests.receive(b"\n") == [MALFORMED]


def test_a_last_line_without_an_end_is_no_request() -> None:
    assert Requests().receive(b"QUERY|a|\nREMOVE|a|") == [Request("QUERY", "a")]
