"""`bench tree`, against a server."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pkgindex.store.memory import MemoryBackend
from service.tree.serving import served

Ask = Callable[..., Any]


def test_phases_are_rows_and_objects(ask: Ask) -> None:
    with served(MemoryBackend()) as port:
        words = ("bench", "tree", "--server", f"127.0.0.1:{port}", "--clients", "4", "--packages", "30", "--malformed", "0.1")
        table, document = ask(*words), json.loads(ask(*words, "--json").text)
    assert table.code == 0 and "30 packages" in table.err
    assert [line.split()[0] for line in table.lines] == ["PHASE", "clear", "index", "there", "remove", "gone"]
    assert len({len(line.split()) - line.count("PER SECOND") - line.count(" MS") for line in table.lines}) == 1
    assert (document["packages"], document["clients"], document["wrong"]) == (30, 4, [])
    assert [hit["ok"] for hit in document["hits"]] == [30, 30, 30, 30, 0]


def test_a_repository_is_tried_without_its_circles(ask: Ask) -> None:
    with served(MemoryBackend()) as port:
        answer = ask("bench", "tree", "--server", f"127.0.0.1:{port}", "--clients", "3", "--from", "debian", "--pipeline", "40")
    assert answer.code == 0, answer.err


def test_a_list_is_tried_cut_to_what_is_there_and_without_its_circles(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("curl: libcurl4 none\nlibcurl4: libc6 curl\nlibc6:\n")
    with served(MemoryBackend()) as port:
        answer = ask("bench", "tree", "--server", f"127.0.0.1:{port}", "--clients", "2", "--list", str(tmp_path / "list"))
    assert answer.code == 0 and "3 packages with 2 dependencies" in answer.err


def test_questions_alone_change_nothing(ask: Ask) -> None:
    with served(MemoryBackend()) as port:
        words = ("bench", "tree", "--server", f"127.0.0.1:{port}", "--clients", "2", "--packages", "5", "--query", "1",
                 "--json")
        document = json.loads(ask(*words).text)
    assert [(hit["phase"], hit["ok"], hit["wrong"]) for hit in document["hits"]] == [("learn", 0, 0), ("query", 0, 0)]


def test_a_wrong_answer_is_1(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two servers that have nothing in common pose as two of one repository."""
    with served(MemoryBackend()) as first, served(MemoryBackend()) as second:
        places = [word for port in (first, second) for word in ("--server", f"127.0.0.1:{port}")]
        answer = ask("bench", "tree", *places, "--clients", "2", "--packages", "1")
    assert answer.code == 1 and "wrong: QUERY|package-00000|: FAIL" in answer.err


def test_without_a_server_it_is_3(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
    answer = ask("bench", "tree", "--server", place, "--packages", "3")
    assert (answer.code, answer.text) == (3, "") and place in answer.err


@pytest.mark.parametrize(
    "words",
    [("--server", "build7"), ("--server", ":8080"), ("--server", "a:0"), ("--server", "a:65536"), ("--server", "a:x"),
     ("--malformed", "2"), ("--malformed", "-0.1"), ("--malformed", "nan"), ("--malformed", "x"),
     ("--packages", "3", "--from", "debian"), ("--packages", "3", "--list", "x"),
     ("--malformed", "0.1", "--query", "1")],
)
def test_options_that_make_no_sense_are_named(ask: Ask, words: tuple[str, ...]) -> None:
    answer = ask("bench", "tree", *words)
    assert answer.code == 2 and words[0] in answer.err
