"""docs/reliability.md has the tables as the batteries print them, and they say that nothing went wrong."""

from __future__ import annotations

from battery import damage, hostile
from docs.docpages import tables


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
