"""docs/reliability.md: each section names the command that prints its figures, and the figures are there and good."""

from __future__ import annotations

import re

import pytest

import dev
from docs.docpages import section, tables, text

PAGE = "reliability.md"
SECTIONS = re.findall(r"^## (.*)$", text(PAGE), re.MULTILINE)


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_section_begins_with_its_command(heading: str) -> None:
    command = re.search(r"^    python3 tools/dev.py (\w+)", section(PAGE, heading), re.MULTILINE)
    assert command is not None
    assert command[1] in dev.WORDS


def test_every_schedule_that_was_counted_passed() -> None:
    figures = tables(PAGE, "Schedules on a modelled disk")[0]
    assert [int(row["failed"]) for row in figures] == [0]
    assert int(figures[0]["schedules"].replace(",", "")) >= 30_000


def test_everything_at_once_left_no_fault_and_went_on_for_long() -> None:
    done, taken, *_ = tables(PAGE, "Everything at once")
    assert [row["faults"] for row in done] == ["0"]
    assert float(done[0]["minutes"]) >= 15
    assert {row["what"] for row in taken} >= {"memory", "files", "disk"}


def test_no_reader_was_told_anything_wrong() -> None:
    rows = tables(PAGE, "Readers beside a writer")[0]
    assert len(rows) == 2
    for row in rows:
        assert int(row["generations"].replace(",", "")) >= 1000
        assert {row[head] for head in ("wrong", "back", "older than acknowledged", "no index", "failed")} == {"0"}
