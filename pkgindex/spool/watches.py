"""Watch events of a spool on a local disk: which directories are watched, and which events count.

Invariants:

* Watched are the root, each repository with all below it, the stamps, and whatever else the caller names, without what is
  below it; by their identity: what was removed and made again, or whose watch died, is watched anew.
* A claim is seen to leave `incoming` and to arrive in `claimed`. When only the first is seen, watchdog waits half a second
  for the second, and with it everything that comes after (measured: 480 ms from drop to wake-up, against 2 ms); now and
  then it does so all the same, which is why `Wakeup.moved` has the spool listed often for that long.
* Only what may be a finished submission counts. Opening a directory is an event too, so a listing would else wake its own
  caller for ever; and a file that is being written would wake it at every write.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pkgindex.model.names import is_repository_name
from pkgindex.spool import names, stamps

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, EventEmitter, ObservedWatch

COUNTED = frozenset(("created", "moved", "closed"))
# A package manager's directory changes also by what goes.
COUNTED_BESIDE = COUNTED | {"deleted"}

_Identity = tuple[int, int]


class Watches:
    """Calls *wake*, from another thread, when something arrived below *root*, or changed in one of *beside*."""

    def __init__(self, root: str, wake: Callable[[], None], beside: Callable[[], Iterable[str]] = tuple) -> None:
        # Late, because polling packers do without it.
        import logging

        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        # It logs at every stop; without a handler of the caller's that would go to the terminal.
        logging.getLogger("watchdog").addHandler(logging.NullHandler())
        real_root = os.path.realpath(root)

        class Handler(FileSystemEventHandler):
            def dispatch(self, event: FileSystemEvent) -> None:
                # Older releases give a destination to moves alone.
                path = getattr(event, "dest_path", "") or event.src_path
                if counts(event.event_type, os.fsdecode(path), real_root):
                    wake()

        class Beside(FileSystemEventHandler):
            def dispatch(self, event: FileSystemEvent) -> None:
                if event.event_type in COUNTED_BESIDE:
                    wake()

        self._root = root
        self._beside = beside
        self._handler_beside = Beside()
        self._handler = Handler()
        self._observer: BaseObserver = Observer()
        self._watched: dict[str, tuple[_Identity, ObservedWatch]] = {}
        self._observer.start()

    def follow(self) -> bool:
        """Watch what is there now; True when a directory was not watched until now. Raises `OSError` for too few watches."""
        beside = frozenset(self._beside())
        wanted = self._directories(beside)
        alive = {emitter.watch for emitter in self._observer.emitters if _lives(emitter)}
        for path, (identity, watch) in list(self._watched.items()):
            if wanted.get(path) != identity or watch not in alive:
                self._observer.unschedule(watch)
                del self._watched[path]
        new = [path for path in wanted if path not in self._watched]
        for path in new:
            try:
                # Resolved, because a watch of a symbolic link sees nothing of what it points to.
                handler = self._handler_beside if path in beside else self._handler
                watch = self._observer.schedule(handler, os.path.realpath(path), recursive=self._is_repository(path))
                self._watched[path] = (wanted[path], watch)
            except (FileNotFoundError, NotADirectoryError):  # gone since it was listed
                continue
        return bool(new)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def _directories(self, beside: Iterable[str]) -> dict[str, _Identity]:
        found = {}
        for path in (*self._candidates(), *beside):
            try:
                status = os.stat(path)
            except OSError:
                continue
            found[path] = (status.st_dev, status.st_ino)
        return found

    def _is_repository(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return folder == self._root and is_repository_name(name)

    def _candidates(self) -> list[str]:
        try:
            repositories = [name for name in os.listdir(self._root) if is_repository_name(name)]
        except OSError:
            return [self._root]
        return [self._root, stamps.folder(self._root), *(os.path.join(self._root, name) for name in repositories)]


def counts(event_type: str, path: str, root: str) -> bool:
    """Whether an event of *event_type* that left a file at *path* is worth a listing of the spool below *root*.

    >>> counts("closed", "/spool/debian/incoming/curl.deb", "/spool"), counts("closed", "/spool/debian/claimed/x", "/spool")
    (True, False)
    """
    folder, name = os.path.split(path)
    if folder == stamps.folder(root):
        return event_type in COUNTED and name in stamps.MANAGERS
    if event_type not in COUNTED or (names.is_ignored(name) and name != stamps.FOLDER):
        return False
    return folder == root or names.INCOMING in (name, os.path.basename(folder))


def _lives(emitter: EventEmitter) -> bool:
    return emitter.is_alive() and emitter.should_keep_running()
