"""The table of mutants fits the code, and its gate tells a mutant that is caught from one that lives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mutants
from docs.docpages import tables
from mutant_table import MUTANTS, Mutant

# Not those of a stream to the system.
FLUSHES = re.compile(r"os\.fsync\(|flush_directory\((?!path: )|(?<!super\(\))\.flush\([^)]|(?:_journal|self)\.flush\(\)|"
                     r"\._?flush_name\(|(?<!def )flush_above\(|self\._flush\(|self\._sync_\w+\(")
# A directory, to see whether its disk can flush at all.
TRIED_OUT = "pkgindex/store/probe/"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_taken_out_stands_in_its_file_once_and_python_is_left(mutant: Mutant) -> None:
    compile(mutants.changed(mutant), mutant.file, "exec")


def test_each_call_that_flushes_is_taken_out_by_one_of_them() -> None:
    living = []
    for path in sorted(Path(mutants.PROJECT, "pkgindex").rglob("*.py")):
        file = path.relative_to(mutants.PROJECT).as_posix()
        text = path.read_text()
        begins = {text.index(mutant.text): mutant.text for mutant in MUTANTS if mutant.file == file}
        taken = {place for begin, taken_out in begins.items() for place in range(begin, begin + len(taken_out))}
        living += [f"{file}: {call[0]}" for call in FLUSHES.finditer(text) if call.start() not in taken]
    assert [call for call in living if not call.startswith(TRIED_OUT)] == []


def test_a_text_that_is_gone_is_told() -> None:
    with pytest.raises(mutants.Stale, match="stands 0 times in"):
        mutants.changed(Mutant("a thing", "pkgindex/errors.py", "no such text", "", ()))


def test_the_page_says_of_each_mutant_what_caught_it() -> None:
    rows = tables("reliability.md", "Mutants")[0]
    assert [row["taken out"] for row in rows] == [mutant.name for mutant in MUTANTS]
    assert [row["taken out"] for row in rows if row["caught by"].strip("*") == "nothing"] == []


@pytest.mark.slow
@pytest.mark.parametrize(("instead", "caught"), [
    ('    if "//" in fenced or "/../" in fenced', ""),
    ('    if "/../" in fenced', "tests/store/test_memory.py::"),
])  # fmt: skip
def test_one_that_changes_nothing_lives_and_one_that_does_is_caught(instead: str, caught: str) -> None:
    mutant = Mutant("a thing", "pkgindex/store/names.py", '    if "//" in fenced or "/../" in fenced', instead,
                    ("tests/store/test_memory.py",))
    fate = mutants.tried(mutant)
    assert fate.caught.startswith(caught)
    assert bool(fate.caught) == bool(caught)
