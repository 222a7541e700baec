"""When something was removed, as the managers' own diaries have it; with the real managers in tests/managers/test_steps.py."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkgindex.sources.hosts import diaries
from pkgindex.sources.hosts.diaries import removals


def written(root: Path, file: str, *lines: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """dpkg writes local time, without saying of which place."""
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_last_removal_of_a_version_counts_and_a_later_purge_does_not(tmp_path: Path, berlin: None) -> None:
    written(tmp_path, diaries.DPKG,
            "2026-11-21 01:00:00 install tool:amd64 <none> 1.0",
            "2026-11-21 01:00:01 remove tool:amd64 1.0 <none>",
            "2026-11-21 02:00:00 install tool:amd64 1.0 2.0",
            "2026-11-21 02:00:01 status installed tool:amd64 2.0",
            "2026-11-21 03:00:00 remove tool:amd64 2.0 <none>",
            "2026-11-21 04:00:00 purge tool:amd64 2.0 <none>",
            "2026-11-21 04:00:00 purge only:all 1:3-1 <none>")
    midnight = 1795219200.0 - 3600
    assert removals("dpkg", str(tmp_path)) == {("tool", "2.0"): midnight + 3 * 3600, ("only", "1:3-1"): midnight + 4 * 3600}


def test_what_was_rotated_away_last_is_read_too(tmp_path: Path) -> None:
    written(tmp_path, f"{diaries.PACMAN}.1", "[2026-11-21T00:00:00+0000] [ALPM] removed old (1-1)")
    written(tmp_path, diaries.PACMAN, "[2026-11-21T02:00:00+0100] [ALPM] removed new (2:1-1)",
            "[2026-11-21T02:00:00+0100] [PACMAN] Running 'pacman -R x'", "[2026-11-21T02:00:01+0100] [ALPM] installed x (1-1)")
    assert removals("pacman", str(tmp_path)) == {("old", "1-1"): 1795219200.0, ("new", "2:1-1"): 1795219200.0 + 3600}


def test_the_history_of_dnf_tells_what_it_removed_and_not_what_it_replaced(tmp_path: Path) -> None:
    path = tmp_path / diaries.DNF
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE trans (id INTEGER, dt_begin INTEGER, dt_end INTEGER);
        CREATE TABLE rpm (item_id INTEGER, name TEXT, epoch INTEGER, version TEXT, release TEXT, arch TEXT);
        CREATE TABLE trans_item (trans_id INTEGER, item_id INTEGER, action INTEGER);
        INSERT INTO trans VALUES (1, 100, 101), (2, 200, NULL);
        INSERT INTO rpm VALUES (1, 'tool', 0, '1.0', '1', 'noarch'), (2, 'other', 3, '2', '1', 'x86_64');
        INSERT INTO trans_item VALUES (1, 1, 7), (1, 2, 8), (2, 1, 8);
    """)
    connection.close()
    assert removals("rpm", str(tmp_path)) == {("other", "3:2-1"): 101.0, ("tool", "1.0-1"): 200.0}


@pytest.mark.parametrize("manager", ["dpkg", "pacman", "rpm", "apk", "pip"])
def test_no_diary_or_one_that_is_no_diary_says_nothing(tmp_path: Path, manager: str) -> None:
    assert removals(manager, str(tmp_path)) == {}
    for file in (diaries.DPKG, diaries.PACMAN, diaries.DNF):
        written(tmp_path, file, "2026-99-99 01:00:00 remove tool:amd64 1.0 <none>", "\0")
    assert removals(manager, str(tmp_path)) == {}
    for file in (diaries.DPKG, diaries.PACMAN):
        (tmp_path / file).unlink()
        os.mkfifo(tmp_path / file)  # that nobody writes to, and who opens it would wait
    assert removals(manager, str(tmp_path)) == {}
