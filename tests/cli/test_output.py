"""What leaves the program: bytes as they are, terminals unharmed, colours where they are wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.odd import ODD_PATH
from cli.terminals import on_terminal
from pkgindex.cli.output import Output
from pkgindex.cli.shapes import objects, record
from pkgindex.query.hits import PathHit

Ask = Callable[..., Any]


def test_bytes_that_are_no_text_leave_as_they_came(ask: Ask) -> None:
    assert b"tools/rocket: /opt/odd\\n\x1b[31mred\xe9\n" in ask("files", "rocket").out
    assert [hit["path"] for hit in ask("files", "rocket", "--jsonl").objects] == ["/opt/bin/rocket", ODD_PATH]
    assert json.loads(ask("files", "rocket", "--json").out)["hits"][1]["path"] == ODD_PATH


def test_an_odd_path_can_be_asked_for(started: Ask) -> None:
    assert started("owner", ODD_PATH, "--jsonl").objects[0]["path"] == ODD_PATH
    raw = ODD_PATH.replace("\n", "").encode("utf-8", "surrogateescape")
    assert started("owner", "-", stdin=raw + b"\n").code == 1


def test_a_name_does_not_steer_the_terminal(place: Any) -> None:
    printed = on_terminal(place, "files", "rocket", "--color", "never")
    assert "tools/rocket: /opt/odd\\n\\x1b[31mred\\xe9\n" in printed
    assert "\x1b" not in printed


def test_an_error_does_not_steer_the_terminal(ask: Ask) -> None:
    answer = ask("show", "\x1b[2Jcurl")
    assert answer.code == 1 and "\x1b" not in answer.err


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_however_things_are_called_a_hit_is_a_line(names: list[tuple[str, str]]) -> None:
    hits = [PathHit("debian", 1, package, f"/{path}") for package, path in names]
    for terminal in (False, True):
        for color in ("always", "never"):
            out = Output(color=color)
            out.terminal = terminal
            lines = list(out.paths(hits))
            assert len(lines) == len(hits)
            assert not any("\n" in line for line in lines)
            if terminal and color == "never":
                assert all(sign.isprintable() or ord(sign) > 0x9F for line in lines for sign in line)


@given(st.lists(st.builds(PathHit, st.just("debian"), st.integers(1), st.text(), st.text(st.characters())), max_size=3))
def test_the_short_way_of_writing_json_writes_json(hits: list[PathHit]) -> None:
    assert [json.loads(line) for line in objects(hits)] == [record(hit) for hit in hits]


@pytest.mark.parametrize(("environment", "words", "colored"), [
    ({}, [], True),
    ({"NO_COLOR": "1"}, [], False),
    ({"TERM": "dumb"}, [], False),
    ({"CLICOLOR": "0"}, [], False),
    ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ({}, ["--color", "never"], False),
])
def test_colours_on_a_terminal(place: Any, environment: dict[str, str], words: list[str], colored: bool) -> None:
    printed = on_terminal(place, "owner", "/usr/bin/python3", *words, **environment)
    assert ("\x1b[" in printed) == colored and "python3-minimal" in printed


def test_colours_in_a_pipe_only_when_they_are_asked_for(started: Ask) -> None:
    assert b"\x1b" not in started("search", "web").out
    assert b"\x1b[1m" in started("search", "web", FORCE_COLOR="1").out
    assert b"\x1b[1m" in started("search", "web", "--color=always").out
    assert b"\x1b" not in started("search", "web", "--jsonl", "--color=always").out
