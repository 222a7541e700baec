"""With real watches: a wait that is not woken up would last as long as the limit, and fail by its length."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkgindex.spool import identity, names, wakeup, watches
from pkgindex.spool.claims import Claims
from pkgindex.spool.spool import Spool
from pkgindex.spool.wakeup import Wakeup

LONG_SECONDS = 20.0


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spool"))
    spool.create()
    spool.add("debian")
    return spool


@pytest.fixture
def waiting(spool: Spool) -> Iterator[Wakeup]:
    waiting = Wakeup(spool.root, LONG_SECONDS, polling=False)
    yield waiting
    waiting.close()


def settle(waiting: Wakeup, quiet_seconds: float = 0.2) -> None:
    """Until a wait is only ended by its timeout: what was not watched yet is, and old events are delivered.

    After a move out of all that is watched they may be half a second late.
    """
    while seconds(waiting, quiet_seconds) < quiet_seconds:
        pass


def seconds(waiting: Wakeup, timeout: float | None) -> float:
    started = time.monotonic()
    waiting.wait(timeout)
    return time.monotonic() - started


def test_the_first_wait_ends_at_once_because_nothing_was_watched_before(waiting: Wakeup) -> None:
    assert seconds(waiting, LONG_SECONDS) < 5
    assert waiting.watching


def test_a_submission_wakes_up(spool: Spool, waiting: Wakeup) -> None:
    settle(waiting)
    spool.submit_bytes("debian", "x", b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_a_file_written_in_place_wakes_up_when_it_is_closed(spool: Spool, waiting: Wakeup) -> None:
    with open(os.path.join(spool.folder("debian", names.INCOMING), "x"), "wb") as file:
        settle(waiting)
        file.write(b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_a_new_repository_wakes_up_and_is_watched(spool: Spool, waiting: Wakeup) -> None:
    settle(waiting)
    spool.add("arch")
    assert seconds(waiting, LONG_SECONDS) < 5
    settle(waiting)
    spool.submit_bytes("arch", "x", b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_looking_at_the_spool_and_claiming_wakes_nobody_up(spool: Spool, waiting: Wakeup) -> None:
    spool.submit_bytes("debian", "x", b"1")
    settle(waiting)
    claims = Claims(spool, "debian", identity.current())
    (claim,) = claims.claim(spool.incoming("debian"))
    claims.done(claim)
    assert seconds(waiting, 0.2) >= 0.2


def test_a_claim_does_not_hold_back_the_next_submission(spool: Spool, waiting: Wakeup) -> None:
    claims = Claims(spool, "debian", identity.current())
    claims.beat()
    settle(waiting)
    taken = []
    for name in "abcd":
        spool.submit_bytes("debian", name, b"1")
        taken.append(seconds(waiting, LONG_SECONDS))
        claims.claim(spool.incoming("debian"))
    # The least of them, because a busy machine may delay any; a move seen by half takes half a second each time.
    assert min(taken[1:]) < 0.3


def test_a_directory_that_was_removed_and_made_again_is_watched_again(spool: Spool, waiting: Wakeup) -> None:
    settle(waiting)
    shutil.rmtree(spool.folder("debian"))
    settle(waiting)
    spool.add("debian")
    settle(waiting)
    spool.submit_bytes("debian", "x", b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_a_directory_that_was_moved_away_and_made_again_is_watched_again(spool: Spool, waiting: Wakeup, tmp_path: Path) -> None:
    settle(waiting)
    os.rename(spool.folder("debian"), tmp_path / "away")
    spool.add("debian")
    settle(waiting, 0.7)
    spool.submit_bytes("debian", "x", b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_a_root_that_is_replaced_is_watched_again(spool: Spool, waiting: Wakeup, tmp_path: Path) -> None:
    settle(waiting)
    os.rename(spool.root, tmp_path / "before")
    assert seconds(waiting, 0.1) >= 0.1
    assert not waiting.watching
    spool.create()
    spool.add("debian")
    settle(waiting)
    assert waiting.watching
    spool.submit_bytes("debian", "x", b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_a_spool_behind_a_symbolic_link_is_watched(spool: Spool, tmp_path: Path) -> None:
    os.symlink(spool.root, tmp_path / "link")
    waiting = Wakeup(str(tmp_path / "link"), LONG_SECONDS, polling=False)
    try:
        settle(waiting)
        # While it waits: before a wait the directories are looked at anyway.
        threading.Timer(0.1, spool.add, ["arch"]).start()
        assert seconds(waiting, LONG_SECONDS) < 5
    finally:
        waiting.close()


def test_polling_waits_no_longer_than_its_period(spool: Spool) -> None:
    waiting = Wakeup(spool.root, 0.05, polling=True)
    assert 0.05 <= seconds(waiting, LONG_SECONDS) < 5
    assert 0.05 <= seconds(waiting, None) < 5
    assert not waiting.watching
    waiting.close()


def test_a_share_is_polled(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "is_remote", lambda path: True)
    waiting = Wakeup(spool.root, 0.05, polling=False)
    assert 0.05 <= seconds(waiting, LONG_SECONDS) < 5
    assert not waiting.watching
    waiting.close()


def test_too_few_watches_are_told_once_and_polled(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def schedule(*arguments: object, **options: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    from watchdog.observers.api import BaseObserver

    monkeypatch.setattr(BaseObserver, "schedule", schedule)
    told: list[str] = []
    waiting = Wakeup(spool.root, 0.05, polling=False, warn=told.append)
    for _ in range(3):
        assert 0.05 <= seconds(waiting, LONG_SECONDS) < 5
    assert len(told) == 1
    assert "max_user_watches" in told[0]
    waiting.close()


def test_a_dead_watch_is_made_again(spool: Spool, waiting: Wakeup) -> None:
    settle(waiting)
    assert waiting._watches is not None
    for emitter in list(waiting._watches._observer.emitters):
        emitter.stop()
    settle(waiting)
    spool.submit_bytes("debian", "x", b"1")
    assert seconds(waiting, LONG_SECONDS) < 5


def test_an_interrupt_ends_the_wait_or_the_next_one(spool: Spool) -> None:
    waiting = Wakeup(spool.root, LONG_SECONDS, polling=True)
    waiting.interrupt()
    assert seconds(waiting, LONG_SECONDS) < 5
    threading.Timer(0.05, waiting.interrupt).start()
    assert 0.04 <= seconds(waiting, LONG_SECONDS) < 5
    assert seconds(waiting, 0.05) >= 0.05
    waiting.close()


def test_any_number_of_interrupts_is_one(spool: Spool) -> None:
    waiting = Wakeup(spool.root, LONG_SECONDS, polling=True)
    for _ in range(100_000):
        waiting.interrupt()
    assert seconds(waiting, LONG_SECONDS) < 5
    assert seconds(waiting, 0.05) >= 0.05
    waiting.close()


def test_a_signal_handler_may_interrupt(spool: Spool) -> None:
    waiting = Wakeup(spool.root, LONG_SECONDS, polling=True)
    before = signal.signal(signal.SIGALRM, lambda number, frame: waiting.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert 0.04 <= seconds(waiting, LONG_SECONDS) < 5
    finally:
        signal.signal(signal.SIGALRM, before)
        waiting.close()


@pytest.mark.parametrize(
    ("event", "path", "counted"),
    [
        ("created", "debian", True),
        ("created", "debian/incoming", True),
        ("created", "debian/incoming/x", True),
        ("moved", "debian/incoming/x", True),
        ("closed", "debian/incoming/x", True),
        ("created", "debian/incoming/.submit-x", False),
        ("closed", "debian/incoming/x.part", False),
        ("modified", "debian/incoming/x", False),
        ("opened", "debian/incoming", False),
        ("closed_no_write", "debian/incoming", False),
        ("deleted", "debian/incoming/x", False),
        ("created", "debian/claimed/writer", False),
        ("moved", "debian/claimed/writer/x", False),
        ("moved", "debian/rejected/x", False),
        ("created", "debian/incoming/directory/x", False),
    ],
)
def test_only_what_may_be_a_submission_counts(event: str, path: str, counted: bool) -> None:
    assert watches.counts(event, f"/spool/{path}", "/spool") is counted


def test_watchdog_is_only_imported_to_watch(spool: Spool) -> None:
    program = (
        "import sys, pkgindex.spool.claims, pkgindex.spool.arrivals;"
        "from pkgindex.spool.wakeup import Wakeup;"
        "Wakeup(sys.argv[1], 0.01, True).wait(1);"
        "print([name for name in sys.modules if name.split('.')[0] in ('watchdog', 'portalocker', 'asyncio', 'pathlib')])"
    )
    command = [sys.executable, "-c", program, spool.root]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
