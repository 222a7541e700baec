from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from pkgindex.packer import pack as packer
from pkgindex.service import backoff
from pkgindex.service.log import Log
from pkgindex.service.notify import Notifier
from pkgindex.service.packing import silent
from pkgindex.service.watch import Watcher
from service.spooled import Place, owned

WAIT_SECONDS_MAX = 20.0


@contextmanager
def watched(place: Place, prefixed: bool = False) -> Iterator[Callable[[str], str]]:
    """A watcher in a thread; call what is given with a word to wait for the log line that holds it."""
    lines: SimpleQueue[str] = SimpleQueue()
    watcher = Watcher(place.settings, Log(lines.put, prefixed), silent, Notifier({}))
    thread = threading.Thread(target=watcher.run)
    thread.start()

    def line_with(word: str) -> str:
        while True:
            line = lines.get(timeout=WAIT_SECONDS_MAX)
            if word in line:
                return line

    try:
        yield line_with
    finally:
        watcher.stop()
        thread.join()
        watcher.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, quiet_seconds=0.0)


def test_what_arrives_together_within_the_quiet_period_is_one_generation(tmp_path: Path) -> None:
    place = Place(tmp_path, quiet_seconds=0.1)
    with watched(place) as line_with:
        place.drop("curl", "bash", "dash")
        assert "generation 1, 3 added" in line_with("generation")


def test_a_repository_that_fails_is_tried_again_and_holds_up_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr(packer, "SPACE_FACTOR", 1 << 60)
    place.drop("curl")
    with watched(place) as line_with:
        assert "tried again in 0.05 s" in line_with("are free")
        assert "tried again in 0.1 s" in line_with("are free")
        monkeypatch.undo()
        assert "repo: generation 1, 1 added" in line_with("generation")
    assert place.owners("curl") == owned("curl")


def test_a_damaged_repository_costs_itself_only(place: Place) -> None:
    place.spool.add("alpha")
    generations = place.root / "index/alpha/generations"
    generations.mkdir(parents=True)
    (generations / f"{1:016d}").write_bytes(b"no manifest")
    place.spool.submit_bytes("alpha", "curl.json", b'{"name": "curl"}')
    place.drop("curl")
    with watched(place) as line_with:
        assert "tried again in 1 s" in line_with("alpha: generations/")
        assert "repo: generation 1, 1 added" in line_with("repo: generation")
    assert len(place.spool.incoming("alpha")) == 1


def test_a_partial_file_does_not_keep_the_packer_busy(place: Place) -> None:
    (place.incoming / "half.json").write_text('{"name": "half", "vers')
    with watched(place) as line_with:
        assert "1 waiting" in line_with("repo: ")
        place.drop("curl")
        assert "generation 1, 1 added" in line_with("generation")
    assert len(place.spool.incoming("repo")) == 1


def test_a_repository_that_is_made_later_is_watched_too(place: Place) -> None:
    with watched(place) as line_with:
        line_with("watching")
        place.spool.add("later")
        place.spool.submit_bytes("later", "curl.json", b'{"name": "curl"}')
        assert "later: generation 1, 1 added" in line_with("generation")


def test_many_shards_are_merged_meanwhile(tmp_path: Path) -> None:
    place = Place(tmp_path, quiet_seconds=0.0, loose_packages_max=0, shards_max=2)
    with watched(place) as line_with:
        for name in ("a1", "b1", "c1"):
            place.drop(name)
            line_with("1 added")
        assert "shards merged" in line_with("merged")
    assert place.owners("a1", "b1", "c1") == owned("a1", "b1", "c1")


def test_lines_for_the_journal_begin_with_their_priority(place: Place) -> None:
    (place.incoming / "noise").write_bytes(b"\0\1")
    with watched(place, prefixed=True) as line_with:
        assert line_with("watching").startswith("<6>watching")
        assert line_with("reason").startswith("<4>repo: rejected 'noise'")
