"""docs/reliability.md has the tables as the batteries print them, and they say that nothing went wrong."""

from __future__ import annotations

from battery import confined, damage, hostile
from docs.docpages import tables
from fuzz import table
from fuzz.targets import TARGETS


def test_every_kind_of_file_was_damaged_and_nothing_was_wrong_or_missed() -> None:
    rows = tables("reliability.md", "Damaged at every byte")[0]
    assert tuple(rows[0]) == damage.HEADS
    assert tuple(row["damaged"] for row in rows) == damage.KINDS
    for row in rows:
        assert {row[head] for head in ("wrong", "unclear", "not found", "not restored")} == {"0"}


def test_every_bomb_of_the_page_is_one_and_took_no_more_than_it_may() -> None:
    rows = tables("reliability.md", "Hostile input")[0]
    assert tuple(rows[0]) == hostile.HEADS
    bombs = [bomb.name for bomb in (*hostile.SUBMISSIONS, *hostile.QUESTIONS)]
    assert [row["what"] for row in rows][: len(bombs)] == bombs
    assert all(float(row["seconds"]) < hostile.SECONDS_MAX and int(row["MiB"]) < hostile.MEMORY_MIB_MAX for row in rows)
    assert {row["faults"] for row in rows} == {"0"}


def test_nothing_outside_was_opened() -> None:
    rows = tables("reliability.md", "Hostile input")[1]
    assert tuple(rows[0]) == confined.HEADS
    assert [row["outside"] for row in rows] == ["0"]


def test_what_was_fuzzed_is_read_without_a_fault() -> None:
    rows = tables("reliability.md", "Hostile input")[2]
    assert tuple(rows[0]) == table.HEADS
    assert {row["reader"] for row in rows} <= set(TARGETS)
    assert {row["findings"] for row in rows} == {"0"}
