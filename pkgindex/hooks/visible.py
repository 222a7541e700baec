"""How long it takes from a stamp until somebody has read the manager's database."""

from __future__ import annotations

import time
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.hooks.place import Place
from pkgindex.service.sync import line, sync
from pkgindex.sources.hosts import managers
from pkgindex.spool import stamps

LOOK_SECONDS = 0.005
WATCH, HERE, NOBODY = "watch", "here", "nobody"


class Visible(NamedTuple):
    """*by* whom the database was read and indexed, after how many *seconds*, and what a sync from here said."""

    by: str
    seconds: float
    said: str = ""


def awaited(settings: Settings, place: Place, manager: str, wait_seconds: float) -> Visible:
    """Wait for a `watch` to settle the stamp of *manager*; when none does, sync from here, if it is of this host."""
    began = time.monotonic()
    spool = place.below(place.spool)
    while manager in stamps.dropped(spool):
        if time.monotonic() - began > wait_seconds:
            return _synced(settings, spool, manager) if place.root == "/" else Visible(NOBODY, wait_seconds)
        time.sleep(LOOK_SECONDS)
    return Visible(WATCH, time.monotonic() - began)


def _synced(settings: Settings, spool: str, manager: str) -> Visible:
    began = time.monotonic()
    stamps.take(spool, manager)
    said = [line(sync(settings, database)) for database in managers.named(manager, "/", settings)]
    stamps.settle(spool, manager)
    return Visible(HERE, time.monotonic() - began, "; ".join(said))
