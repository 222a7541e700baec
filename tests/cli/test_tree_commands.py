"""`tree` commands, against a server."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from pkgindex.cli.main import main
from pkgindex.config import Settings
from pkgindex.service.tree.connection import Limits
from pkgindex.service.tree.repository import require
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend
from service.tree.serving import REPO, served

Ask = Callable[..., Any]


def local(index: Path) -> AbstractContextManager[int]:
    require(Settings(index=str(index)), REPO, None)
    return served(LocalBackend(str(index / REPO)))


@pytest.fixture
def tree(ask: Ask, tmp_path: Path) -> Iterator[Ask]:
    """Ask a server whose repository is in an index of its own."""
    with local(tmp_path) as port:

        def run(command: str, *words: str) -> Any:
            place = () if command == "dump" else ("--port", str(port))
            return ask("--index", str(tmp_path), "tree", command, *words, *place)

        yield run


def test_a_package_is_indexed_asked_for_and_removed(tree: Ask) -> None:
    assert (tree("query", "curl").code, tree("query", "curl").text) == (1, "curl: FAIL\n")
    failed = tree("index", "curl", "libc6")
    assert (failed.code, failed.text) == (1, "curl: FAIL\n") and "not all that it depends on" in failed.err
    assert tree("index", "libc6").code == 0
    assert (tree("index", "curl", "libc6").text, tree("query", "curl", "libc6").lines) == (
        "curl: OK\n", ["curl: OK", "libc6: OK"])
    kept = tree("remove", "libc6", "curl")
    assert (kept.code, kept.lines) == (1, ["libc6: FAIL", "curl: OK"]) and "others depend on it" in kept.err
    assert (tree("remove", "libc6").code, tree("query", "libc6", "curl").code) == (0, 1)


def test_answers_are_there_for_programs(tree: Ask) -> None:
    tree("index", "a")
    document = json.loads(tree("query", "a", "b", "--json").text)
    assert document["command"] == "tree query"
    assert document["hits"] == [{"package": "a", "answer": "OK"}, {"package": "b", "answer": "FAIL"}]
    assert tree("query", "a", "--jsonl").objects == [{"package": "a", "answer": "OK"}]


@pytest.mark.parametrize("name", ["", "b|", "b\nREMOVE|a|", "a b", "ü", "x" * 256])
def test_what_names_nothing_is_not_asked_and_nothing_is_done(tree: Ask, name: str) -> None:
    tree("index", "a")
    answer = tree("remove", "a", name)
    assert (answer.code, answer.text) == (2, "") and answer.err.startswith("pkgindex: REMOVE ")
    assert tree("query", "a").code == 0


def test_a_server_that_calls_it_an_error_is_2(ask: Ask) -> None:
    with served(MemoryBackend(), Limits(line_bytes_max=20)) as port:
        answer = ask("tree", "query", "abcdefghijklmnop", "--port", str(port))
    assert (answer.code, answer.text) == (2, "abcdefghijklmnop: ERROR\n") and "tree_line_bytes_max" in answer.err


@pytest.mark.parametrize("words", [("index", "a"), ("remove", "a"), ("query", "a"), ("load", os.devnull)])
def test_without_a_server_it_is_3(ask: Ask, words: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    answer = ask("tree", *words, "--port", port)
    assert (answer.code, answer.text) == (3, "") and f"127.0.0.1:{port}" in answer.err


def test_a_port_that_cannot_be_is_2(ask: Ask) -> None:
    assert ask("tree", "query", "a", "--port", "65536").code == 2


LIST = "c: b a\nb: a\n\n{\"name\": \"a\", \"depends\": []}\n"


def test_a_list_is_loaded_and_dumped_and_loaded(tree: Ask, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text(LIST)
    answer = tree("load", str(file))
    assert (answer.code, answer.text) == (0, "") and "3 of 3 packages are indexed, after 1 pass" in answer.err
    dumped = tree("dump", REPO)
    assert (dumped.code, dumped.lines) == (0, ["a:", "b: a", "c: a b"])
    assert tree("dump", REPO, "--jsonl").objects[1] == {"name": "b", "depends": ["a"]}
    assert [tree("remove", name).code for name in ("c", "b", "a")] == [0, 0, 0]
    for text in (dumped.text, tree("dump", REPO, "--jsonl").text):
        file.write_text(text)
        assert tree("load", str(file)).code == 0
    assert tree("dump", REPO).text in ("", dumped.text)


def test_what_stays_impossible_is_said_and_is_1(tree: Ask, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("a:\nb: gone a\nc: b\nx: y\ny: x\nn/x:\n")
    answer = tree("load", str(file))
    assert answer.code == 1 and "1 of 6 packages" in answer.err
    assert sorted(answer.lines) == ["b: missing gone", "c: waits for b", "n/x: cannot be named, or said in one line",
                                    "x: needs itself by way of y", "y: needs itself by way of x"]
    document = json.loads(tree("load", str(file), "--cycles", "--json").text)
    assert (document["packages"], document["indexed"]) == (6, 3)
    assert {"package": "b", "reason": "missing", "names": ["gone"]} in document["hits"]
    assert tree("dump", REPO).lines == ["a:", "x: y", "y: x"]


def test_a_repository_of_the_index_is_loaded_without_what_it_does_not_ship(ask: Ask, tmp_path: Path) -> None:
    with local(tmp_path) as port:
        assert ask("tree", "load", "--from", "debian", "--cycles", "--port", str(port)).code == 0
    assert main(["--index", str(tmp_path), "verify"]) == 0
    loaded, packed = ask("--index", str(tmp_path), "tree", "dump", REPO), ask("tree", "dump", "debian")
    assert loaded.text == packed.text and len(packed.lines) > 20
    names = {line.partition(":")[0] for line in packed.lines}
    assert all(name in names for line in packed.lines for name in line.partition(":")[2].split())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [((), 2, "a FILE"), (("x", "--from", "debian"), 2, "a FILE"), (("/no/such/file",), 2, "No such file"),
     (("--from", "nothing"), 1, "nothing")],
)
def test_what_cannot_be_loaded_is_named(ask: Ask, words: tuple[str, ...], code: int, said: str) -> None:
    answer = ask("tree", "load", *words)
    assert answer.code == code and said in answer.err


def test_a_line_that_is_none_is_named_and_nothing_is_loaded(tree: Ask, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(b"a:\n\xff\n")
    answer = tree("load", str(file))
    assert answer.code == 2 and "line 2" in answer.err
    assert tree("query", "a").code == 1
