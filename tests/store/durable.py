"""What of a real directory would outlast a power cut, by the flushes that were made in it; and with one of them left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pkgindex.spool.names import REASON_SUFFIX


class Disk:
    """What of the directory *place* is durable: what stood there when this was made, and what was flushed since."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._durable = {os.stat(path).st_ino: content(path) for path in self._paths()}

    def flushed(self, handle: int) -> None:
        self._durable[os.fstat(handle).st_ino] = content(os.readlink(f"/proc/self/fd/{handle}"))

    def given(self, path: str, name: str) -> None:
        """*path* gets the *name*: its content must be durable, a claim's folder, what is rejected its reason."""
        assert self._durable.get(os.stat(path).st_ino) == content(path), f"{path} gets a name and may be empty"
        folder = os.path.dirname(name)
        above = os.path.dirname(folder)
        if os.path.basename(above) == "claimed" and os.path.isdir(folder):
            folders = self._durable.get(os.stat(above).st_ino)
            assert isinstance(folders, dict) and os.path.basename(folder) in folders, f"{folder} may be lost with {name}"
        if os.path.basename(folder) == "rejected" and not name.endswith(REASON_SUFFIX):
            names = self._durable.get(os.stat(folder).st_ino)
            assert isinstance(names, dict) and os.path.basename(name) + REASON_SUFFIX in names, f"{name} may have no reason"

    def lost(self) -> list[str]:
        """What a power cut may take, or bring back."""
        return [path for path in self._paths() if not self._is_durable(path)]

    def _is_durable(self, path: str) -> bool:
        now, then = content(path), self._durable.get(os.stat(path).st_ino)
        if "/claimed/" in f"{path}/" and isinstance(now, dict | None) and isinstance(then, dict):
            # What comes back there is recovered, and found to be rejected or packed, or to be nothing.
            return (now or {}).items() <= then.items()
        return now == then

    def _paths(self) -> Iterator[str]:
        for top, _, names in os.walk(self._place):
            # Who holds a lock is told to those who live.
            yield from (top, *(os.path.join(top, name) for name in names if not name.endswith(".lock")))


def content(path: str) -> object:
    """Of a file its bytes, of a directory its names and what they stand for; None where there is nothing to lose."""
    if os.path.isdir(path):
        return {entry.name: entry.inode() for entry in os.scandir(path)} or None
    return Path(path).read_bytes() or None


@contextmanager
def watched(disk: Disk, skipped: int = -1) -> Iterator[list[str]]:
    """The flushes, of which the one that is *skipped*-th does nothing."""
    fsync, made = os.fsync, []

    def flush(handle: int) -> None:
        made.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)
        if len(made) - 1 != skipped:
            disk.flushed(handle)

    def giving(call: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def give(source: str, target: str) -> None:
            disk.given(source, target)
            call(source, target)

        return give

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", flush)
        for name in ("link", "rename", "replace"):
            patch.setattr(os, name, giving(getattr(os, name)))
        yield made


def require_durable(directory: Path, prepare: Callable[[Path], Callable[[], object]]) -> int:
    """What *prepare* gives, done in the directory that it was given: nothing there can be lost when it is done, and each of its
    flushes is missed when it is left out; how many there were.
    """

    def done(name: str, skipped: int = -1) -> tuple[Disk, list[str]]:
        place = directory / name
        place.mkdir()
        disk = Disk(place)
        with watched(disk):
            act = prepare(place)
        with watched(disk, skipped) as made:
            act()
        return disk, made

    disk, made = done("whole")
    assert disk.lost() == []
    for skipped, path in enumerate(made):
        try:
            disk, _ = done(str(skipped), skipped)
        except AssertionError:
            continue
        assert disk.lost(), f"nobody misses the flush of {path}"
    return len(made)
