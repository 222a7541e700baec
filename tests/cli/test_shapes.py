"""The shapes that every reading command knows: templates, columns, NULs, counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.odd import ODD_PATH
from cli.test_reading_commands import READING

Ask = Callable[..., Any]
EVERY = pytest.mark.parametrize("words", READING, ids=lambda words: words[0])


@EVERY
def test_a_template_prints_the_fields_of_each_hit(ask: Ask, words: list[str]) -> None:
    hits = ask(*words, "--jsonl").objects
    lines = ask(*words, "--format", "{repo} at {generation}").lines
    wanted = [f"{hit['repo']} at {hit['generation']}" for hit in hits]
    # A search prints packages where only what a package has is asked for.
    assert set(lines) == set(wanted) and (lines == wanted or words[0] == "search")


@EVERY
def test_columns_stand_below_their_heads(ask: Ask, words: list[str]) -> None:
    head, *rows = ask(*words, "-o", "repo,generation").lines
    assert head.split() == ["REPO", "GENERATION"]
    headless = ask(*words, "-o", "repo,generation", "-H").lines
    assert [row.split() for row in rows] == [row.split() for row in headless]
    assert [row.split() for row in rows] == [line.split() for line in ask(*words, "--format", "{repo} {generation}").lines]


@EVERY
def test_a_field_that_there_is_not_is_told_with_those_there_are(ask: Ask, words: list[str]) -> None:
    for option in ("--format={nonsense}", "--columns=nonsense"):
        answer = ask(*words, option)
        assert (answer.code, answer.out) == (2, b"")
        assert "no field 'nonsense'" in answer.err and "generation" in answer.err


@EVERY
def test_a_count_is_a_number_alone(ask: Ask, words: list[str]) -> None:
    number = int(ask(*words, "--count").text)
    assert number == len(ask(*words, "--format", "{repo}").lines) > 0
    assert json.loads(ask(*words, "--count", "--json").out) == {"count": number}
    assert ask(*words, "--count", "--limit", "1").text == "1\n"


@EVERY
def test_lines_may_end_with_nul(ask: Ask, words: list[str]) -> None:
    assert ask(*words, "-0").out.replace(b"\0", b"\n") == ask(*words).out


def test_what_ends_with_nul_is_not_escaped(ask: Ask) -> None:
    paths = ask("files", "rocket", "-0", "--format", "{path}").out.split(b"\0")
    assert paths == [b"/opt/bin/rocket", ODD_PATH.encode("utf-8", "surrogateescape"), b""]
    assert ask("files", "rocket", "--format", "{path}").out.count(b"\n") == 2


def test_nothing_found_is_a_count_of_none(ask: Ask) -> None:
    answer = ask("owner", "/no", "--count")
    assert (answer.code, answer.text) == (1, "0\n")


def test_numbers_end_at_the_same_place(ask: Ask) -> None:
    head, *rows = ask("status", "-o", "repo,packages").lines
    assert len({len(line) for line in (head, *rows)}) == 1


@pytest.mark.parametrize("options", [
    ["--json", "--format", "x"], ["--jsonl", "-o", "repo"], ["--format", "x", "-o", "repo"], ["--count", "--format", "x"],
    ["--count", "-o", "repo"], ["-0", "--json"], ["-0", "--jsonl"], ["--json", "--jsonl"], ["-o", " , "], ["-o", ""],
])
def test_shapes_that_contradict_each_other_are_told(ask: Ask, options: list[str]) -> None:
    answer = ask("status", *options)
    assert (answer.code, answer.out) == (2, b"") and "--" in answer.err


def test_a_question_that_cannot_be_asked_prints_no_half_document(ask: Ask) -> None:
    answer = ask("path", "--regex", "(", "--json")
    assert (answer.code, answer.out) == (2, b"")
