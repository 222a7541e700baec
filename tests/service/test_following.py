"""`watch` follows the package managers of its host: by stamps, by what changes, by the clock."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from pkgindex.config import Settings
from pkgindex.query.index import Index
from pkgindex.service.following import BUSY_SECONDS, FINDING_SECONDS, Following
from pkgindex.service.log import Log
from pkgindex.service.notify import Notifier
from pkgindex.service.packing import silent
from pkgindex.service.watch import Watcher
from pkgindex.spool import stamps
from pkgindex.spool.spool import Spool

SITE = "srv/app/lib/python3.11/site-packages"
STATUS = "Package: {}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n"


class Host:
    """A root with a dpkg database, a Python environment, and a spool with a folder for stamps."""

    def __init__(self, root: Path, **changes: object) -> None:
        self.root = root / "host"
        self.settings = Settings(index=str(root / "index"), spool=str(root / "spool"), quiet_seconds=0.0)._replace(**changes)
        Spool(self.settings.spool).create()
        Path(stamps.jobs(self.settings.spool)).mkdir(parents=True)
        (self.root / "var/lib/dpkg/info").mkdir(parents=True)
        (self.root / SITE).mkdir(parents=True)
        self.deb("libc6")
        self.dist("django")
        self.lines: SimpleQueue[str] = SimpleQueue()

    def deb(self, *names: str) -> None:
        for name in names:
            (self.root / f"var/lib/dpkg/info/{name}.list").write_text(f"/usr/bin/{name}\n")
        (self.root / "var/lib/dpkg/status.new").write_text("".join(map(STATUS.format, names)))
        (self.root / "var/lib/dpkg/status.new").rename(self.root / "var/lib/dpkg/status")

    def dist(self, name: str) -> None:
        folder = self.root / SITE / f"~{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (folder / "INSTALLER").write_text("pip\n")
        folder.rename(folder.with_name(f"{name}-1.dist-info"))

    def stamp(self, manager: str) -> None:
        Path(stamps.path(self.settings.spool, manager)).touch()

    def following(self) -> Following:
        return Following(self.settings, Log(self.lines.put, False), silent, str(self.root))

    def repo(self, manager: str) -> str:
        start = f"host-{manager}-"
        return next(name for name in os.listdir(self.settings.index) if name.startswith(start))

    def names(self, manager: str) -> list[str]:
        with Index(self.settings.index, (self.repo(manager),)) as index:
            return list(index.names())


@contextmanager
def watched(host: Host) -> Iterator[Callable[[str], str]]:
    watcher = Watcher(host.settings, Log(host.lines.put, False), silent, Notifier({}), str(host.root))
    thread = threading.Thread(target=watcher.run)
    thread.start()

    def line_with(word: str) -> str:
        while word not in (line := host.lines.get(timeout=10)):
            pass
        return line

    try:
        yield line_with
    finally:
        watcher.stop()
        thread.join()
        watcher.close()


def test_a_stamp_is_followed_at_once_and_forgotten(tmp_path: Path) -> None:
    host = Host(tmp_path)
    following = host.following()
    assert not following.look(1.0) and following.next_due(1.0) is None
    host.stamp("dpkg")
    assert following.look(2.0)
    synced = following.sync(2.0)
    assert synced is not None and synced.added == ("libc6",)
    assert stamps.dropped(host.settings.spool) == [] and not following.look(3.0)


def test_a_stamp_of_a_manager_that_has_nothing_here_is_forgotten(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.stamp("conda")
    assert not host.following().look(1.0)
    assert stamps.dropped(host.settings.spool) == []


def test_a_manager_at_work_is_waited_for_and_keeps_its_stamp(tmp_path: Path) -> None:
    host = Host(tmp_path)
    local = host.root / "var/lib/pacman/local/tool-1-1"
    local.mkdir(parents=True)
    (local / "desc").write_text("%NAME%\ntool\n\n%VERSION%\n1-1\n\n")
    (local / "files").write_text("%FILES%\nusr/bin/tool\n")
    lock = host.root / "var/lib/pacman/db.lck"
    lock.touch()
    host.stamp("pacman")
    following = host.following()
    assert following.look(1.0) and following.sync(1.0) is None
    assert Path(stamps.path(host.settings.spool, "pacman")).exists()
    assert not following.look(1.0 + BUSY_SECONDS / 2) and following.next_due(1.0) == BUSY_SECONDS
    lock.unlink()
    assert following.look(1.0 + BUSY_SECONDS)
    synced = following.sync(1.0 + BUSY_SECONDS)
    assert synced is not None and synced.added == ("tool",)


def test_a_failure_is_told_and_tried_again_later_and_keeps_its_stamp(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.stamp("dpkg")
    (host.root / "var/lib/dpkg/status").write_bytes(b"")
    following = host.following()
    assert following.look(1.0) and following.sync(1.0) is None
    assert "status is empty" in host.lines.get(timeout=1)
    wait = following.next_due(1.0)
    assert wait is not None and wait > 0
    assert stamps.dropped(host.settings.spool) == ["dpkg"]
    host.deb("libc6")
    again = host.following()  # as after a crash
    assert again.look(9.0) and again.sync(9.0) is not None
    assert stamps.dropped(host.settings.spool) == []


def test_all_managers_are_synced_at_the_start_and_whenever_the_time_has_come(tmp_path: Path) -> None:
    host = Host(tmp_path, sync_seconds=90.0, pip_environments="srv/*")
    following = host.following()

    def synced_at(now: float) -> list[str]:
        found = []
        while following.look(now):
            synced = following.sync(now)
            assert synced is not None
            found.append(synced.manager)
        return found

    assert sorted(synced_at(1.0)) == ["dpkg", "pip"]
    assert (host.names("dpkg"), host.names("pip")) == (["libc6"], ["django"])
    assert following.next_due(1.0) == 90.0
    assert synced_at(1.0 + FINDING_SECONDS) == []
    assert sorted(synced_at(91.0)) == ["dpkg", "pip"]


def test_an_environment_that_the_settings_name_is_synced_when_it_has_been_quiet(tmp_path: Path) -> None:
    host = Host(tmp_path, pip_environments="srv/app", quiet_seconds=2.0)
    following = host.following()
    assert not following.look(1.0) and following.next_due(1.0) == 2.0
    assert following.look(3.0) and following.sync(3.0) is not None
    host.dist("flask")
    assert not following.look(4.0)
    host.dist("jinja2")
    assert not following.look(5.0) and not following.look(6.5)
    assert following.look(7.0)
    synced = following.sync(7.0)
    assert synced is not None and synced.added == ("flask", "jinja2")
    shutil.rmtree(host.root / SITE / "flask-1.dist-info")
    assert not following.look(8.0) and following.look(10.0)
    removed = following.sync(10.0)
    assert removed is not None and removed.removed == ("flask",)


@pytest.mark.parametrize("polling", [False, True])
def test_watch_sees_stamps_and_environments(tmp_path: Path, polling: bool) -> None:
    host = Host(tmp_path, pip_environments="srv/app", polling=polling, poll_seconds=0.05)
    with watched(host) as line_with:
        assert "1 added" in line_with("host-pip-")
        host.stamp("dpkg")
        assert "1 added" in line_with("host-dpkg-")
        host.dist("flask")
        assert "1 added" in line_with("host-pip-")
        host.deb("libc6", "bash")
        host.stamp("dpkg")
        assert "1 added" in line_with("host-dpkg-")
    assert (host.names("dpkg"), host.names("pip")) == (["bash", "libc6"], ["django", "flask"])
