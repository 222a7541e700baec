from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pkgindex.service.log import Log, in_journal
from pkgindex.service.notify import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_messages_reach_the_socket_that_the_environment_names(tmp_path: Path, abstract: bool) -> None:
    name = f"@pkgindex-{os.getpid()}-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        notifier = Notifier({"NOTIFY_SOCKET": name})
        notifier.ready()
        notifier.status("two\nlines of \udcff")
        notifier.alive()
        notifier.stopping()
        heard = [manager.recv(4096) for _ in range(4)]
    assert heard == [b"READY=1", b"STATUS=two lines of \\udcff", b"WATCHDOG=1", b"STOPPING=1"]


def test_nobody_who_listens_is_no_trouble(tmp_path: Path) -> None:
    for name in ("", "relative", str(tmp_path / "nothing there"), "/" + "x" * 500, "@" + "x" * 500):
        notifier = Notifier({"NOTIFY_SOCKET": name})
        notifier.ready()
        notifier.stopping()


def test_a_manager_whose_queue_is_full_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(5000):
            notifier.alive()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_its_time(environment: dict[str, str], seconds: float | None) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/run/notify", **environment}).watchdog_seconds == seconds


def test_without_a_socket_there_is_no_watchdog() -> None:
    assert Notifier({"WATCHDOG_USEC": "30000000"}).watchdog_seconds is None


def test_every_line_of_a_message_has_its_priority() -> None:
    lines: list[str] = []
    Log(lines.append, prefixed=True).error("this\nand that")
    Log(lines.append).warning("words")
    assert lines == ["<3>this", "<3>and that", "words"]


def test_the_journal_is_known_by_device_and_inode_of_stderr() -> None:
    status = os.fstat(2)
    assert in_journal({"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
    assert not in_journal({"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"}) and not in_journal({})
