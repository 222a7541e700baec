"""From a change on a host to its answer: dpkg, the hook, a running watch, the index."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hooks.conftest import Make
from hooks.managed import SECONDS_MAX, Dpkg, Managed
from hooks.roots import needs_mount, needs_root
from pkgindex.config import Settings
from pkgindex.errors import NoIndex, NotFound
from pkgindex.hooks.place import Place
from pkgindex.hooks.visible import NOBODY, WATCH, awaited
from pkgindex.query.index import Index
from pkgindex.spool import stamps

REPO = "host-dpkg"


@contextmanager
def watching(managed: Managed, index: Path) -> Iterator[None]:
    """A watch that takes the root of *managed* for its host: its database is mounted where that of the host is."""
    mount = f'mount --bind {managed.root}/var/lib/dpkg /var/lib/dpkg && exec "$@"'
    watch = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-m", "pkgindex.cli.main", "watch"],
        env={**os.environ, "PKGINDEX_SPOOL": str(managed.spool), "PKGINDEX_INDEX": str(index)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert watch.stderr
    try:
        for line in watch.stderr:
            if "watching" in line:
                break
        yield
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.communicate(timeout=SECONDS_MAX)


def version(index: Path) -> str:
    """The version of `tiny` that the index answers with; empty where it has none."""
    try:
        with Index(str(index), [REPO]) as opened:
            return next((version for _, _, package in opened.package("tiny") for version, _ in package.releases), "")
    except (NoIndex, NotFound):
        return ""


def seconds_until(index: Path, wanted: str) -> float:
    began = time.monotonic()
    while version(index) != wanted:
        assert time.monotonic() - began < 60, f"{version(index)!r} and not {wanted!r}"
        time.sleep(0.01)
    return time.monotonic() - began


@needs_root
@needs_mount
@Dpkg.needs
def test_what_dpkg_does_is_answered_soon(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    managed, index, took = make(Dpkg), tmp_path / "index", []
    with watching(managed, index):
        for step, wanted in (("install", "1.0-1"), ("upgrade", "2.0-1"), ("downgrade", "1.0-1"), ("remove", "")):
            assert managed.run(step).code == 0
            took.append(seconds_until(index, wanted))
    with capsys.disabled():
        print(f"\ndpkg has ended, and the index answers: {', '.join(f'{seconds:.2f} s' for seconds in took)} later")
    assert stamps.dropped(str(managed.spool)) == []


def _place(tmp_path: Path) -> Place:
    Path(stamps.folder(str(tmp_path))).mkdir()
    Path(stamps.path(str(tmp_path), "apk")).touch()
    return Place("/", str(tmp_path), str(tmp_path / "index"), "/usr/bin/pkgindex")


def test_a_stamp_is_awaited_until_it_is_settled(tmp_path: Path) -> None:
    place = _place(tmp_path)
    stamps.take(place.spool, "apk")
    thread = threading.Timer(0.05, stamps.settle, (place.spool, "apk"))
    thread.start()
    assert awaited(Settings(), place, "apk", SECONDS_MAX).by == WATCH
    thread.join()


def test_where_nobody_takes_it_the_database_is_read_from_here(tmp_path: Path) -> None:
    place = _place(tmp_path)
    if os.path.exists("/lib/apk/db/installed"):
        pytest.skip("this host has apk's database: reading it is for the tests of sync")
    with pytest.raises(NotFound, match="apk"):
        awaited(Settings(), place, "apk", 0)
    # What could not be read is not settled.
    assert stamps.dropped(place.spool) == ["apk"]
    assert not os.path.exists(stamps.path(place.spool, "apk"))


def test_of_an_image_it_is_left_for_a_watch(tmp_path: Path) -> None:
    place = _place(tmp_path)._replace(root=str(tmp_path), spool="/")
    assert awaited(Settings(), place, "apk", 0).by == NOBODY
    assert stamps.dropped(str(tmp_path)) == ["apk"]
