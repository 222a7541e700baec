"""The quick form of the battery that damages every file of an index; the long one is slow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from battery import damage, damage_at_random
from pkgindex.format.manifest import PARTITIONS
from pkgindex.snapshot import reader


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a file that is gone, which nobody brings back."""
    monkeypatch.setattr(reader, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(reader, "ATTEMPTS_LEAST", 1)
    monkeypatch.setattr(reader, "BACK_OFF_SECONDS", (0.0,))


def judged(rows: Iterator[damage.Row]) -> int:
    """How many damages there were, of which none led to a wrong answer, was missed or stayed."""
    found = list(rows)
    assert [row.kind for row in found] == list(damage.KINDS)
    assert [fault for row in found for fault in row.faults] == []
    assert [row.kind for row in found if not row.counts["damages"]] == []
    assert all(row.counts["wrong"] == row.counts["not found"] == row.counts["not restored"] == 0 for row in found)
    assert {row.kind for row in found if row.counts["file and remedy"] or row.counts["right by recovery"]} == set(damage.KINDS)
    return sum(row.counts["damages"] for row in found)


def test_no_damage_to_any_file_leads_to_a_wrong_answer() -> None:
    assert judged(damage.rows(damage.small_index(), tries=1)) > 100


@pytest.mark.slow
@pytest.mark.parametrize("partition", PARTITIONS)
def test_no_damage_at_many_places_leads_to_a_wrong_answer(partition: str) -> None:
    assert judged(damage.rows(damage.small_index(partition), tries=60)) > 1000


@pytest.mark.slow
def test_no_damage_to_a_large_index_on_its_disk_leads_to_a_wrong_answer() -> None:
    assert judged(damage_at_random.rows_of("", tries=10, seed=1)) == 10 * len(damage.KINDS)
