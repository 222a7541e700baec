"""Long answers on a terminal go through a pager, short ones and all others do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.terminals import run_on_terminal
from pkgindex.cli import pager

ROWS, COLUMNS = 10, 80
LONG, SHORT = ("files", "bash"), ("files", "rocket")

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Makes a pager of a shell script; what it is given it may keep in $KEPT."""

    def made(script: str) -> str:
        path = tmp_path / "pager"
        path.write_text(f"#!/bin/sh\nKEPT={tmp_path}/kept\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return made


def kept(tmp_path: Path) -> str | None:
    path = tmp_path / "kept"
    return path.read_text() if path.exists() else None


def test_a_long_answer_goes_through_the_pager_whole(place: Any, program: Program, tmp_path: Path) -> None:
    plain = run_on_terminal(place, *LONG).text
    assert len(plain.splitlines()) > ROWS
    paged = run_on_terminal(place, *LONG, rows=ROWS, columns=COLUMNS, PKGINDEX_PAGER=program("cat > $KEPT"))
    assert (paged.text, paged.code) == ("", 0)
    assert kept(tmp_path) == plain


def test_an_answer_that_fits_starts_no_pager(place: Any, program: Program, tmp_path: Path) -> None:
    shown = run_on_terminal(place, *SHORT, rows=ROWS, columns=COLUMNS, PKGINDEX_PAGER=program("cat > $KEPT"))
    assert "rocket" in shown.text and kept(tmp_path) is None


def test_long_lines_take_several_rows(place: Any, program: Program, tmp_path: Path) -> None:
    command = ("search", "--format", "x" * (COLUMNS * ROWS), "rocket")
    run_on_terminal(place, *command, rows=ROWS, columns=COLUMNS, PKGINDEX_PAGER=program("cat > $KEPT"))
    assert (kept(tmp_path) or "").startswith("xxx")


@pytest.mark.parametrize(("words", "environment"), [
    (["--no-pager"], {}),
    ([], {"PKGINDEX_PAGER": "cat"}),
    ([], {"PKGINDEX_PAGER": "", "PAGER": "cat"}),
    ([], {"PKGINDEX_PAGER": "/no/such/pager"}),
    ([], {"TERM": "dumb"}),
])
def test_who_wants_no_pager_gets_none(
    place: Any, program: Program, tmp_path: Path, words: list[str], environment: dict[str, str]
) -> None:
    pagers = {"PKGINDEX_PAGER": program("cat > $KEPT"), "PAGER": program("cat > $KEPT")}
    shown = run_on_terminal(place, *LONG, *words, rows=ROWS, columns=COLUMNS, **{**pagers, **environment})
    assert len(shown.text.splitlines()) > ROWS and kept(tmp_path) is None


def test_a_pipe_has_no_pager(started: Callable[..., Any], program: Program, tmp_path: Path) -> None:
    assert len(started(*LONG, PKGINDEX_PAGER=program("cat > $KEPT")).lines) > ROWS
    assert kept(tmp_path) is None


def test_the_usual_variable_counts_when_ours_says_nothing(place: Any, program: Program, tmp_path: Path) -> None:
    run_on_terminal(place, *LONG, rows=ROWS, columns=COLUMNS, PAGER=program("cat > $KEPT"))
    assert kept(tmp_path)


def test_a_pager_that_is_left_early_is_no_error(place: Any, program: Program) -> None:
    left = run_on_terminal(place, "path", "/", rows=ROWS, columns=COLUMNS, PKGINDEX_PAGER=program("head -n 1"))
    assert len(left.text.splitlines()) == 1 and left.code == 141


def test_what_is_said_comes_when_the_pager_is_left(place: Any, program: Program) -> None:
    shown = run_on_terminal(place, "search", "file", rows=ROWS, columns=COLUMNS, PKGINDEX_PAGER=program("cat; echo LEFT"))
    *_, left, said = shown.text.splitlines()
    assert left == "LEFT" and "--limit 0 prints all" in said


def test_less_is_asked_to_keep_colours_whoever_names_it(place: Any, program: Program, tmp_path: Path) -> None:
    run_on_terminal(place, *LONG, rows=ROWS, columns=COLUMNS, PAGER=program("echo $LESS > $KEPT"))
    assert kept(tmp_path) == "FRX\n"


@given(st.lists(st.text(alphabet="ab\n", max_size=30).map(lambda text: text + "\n"), max_size=8), st.integers(1, 9),
       st.integers(1, 9))
def test_until_the_screen_is_full_nothing_is_printed_and_then_nothing_is_lost(
    pieces: list[str], columns: int, rows: int
) -> None:
    printed: list[bytes] = []
    paged = pager.Paged("/no/such/pager", columns, rows, printed.append)
    for piece in pieces:
        paged.write(piece)
    lines = "".join(pieces).split("\n")[:-1]
    fits = sum(max(1, -(-len(line) // columns)) for line in lines) < rows
    assert bool(printed) == (not fits)
    assert paged.close() and b"".join(printed) == "".join(pieces).encode()
