"""What managers write down of what they removed, beside their databases, which forget it: when that was.

    dpkg      var/log/dpkg.log        2026-11-21 18:09:37 remove cowsay:all 3.03+dfsg2-8 <none>          in local time
    pacman    var/log/pacman.log      [2026-11-21T18:09:37+0000] [ALPM] removed tiny (1.0-1)
    rpm       var/lib/dnf/history.sqlite, where dnf 4 removed it; plain rpm keeps no diary

A diary is read when something is found removed, and only its end. It may be rotated, switched off, or be of another clock: what
is not in it is not known, and whoever asks judges whether a time can be right.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import datetime
from urllib.parse import quote

from pkgindex.errors import PkgindexError
from pkgindex.sources.stream import open_regular

TAIL_BYTES = 8 << 20
DPKG, PACMAN, DNF = "var/log/dpkg.log", "var/log/pacman.log", "var/lib/dnf/history.sqlite"

# When which version of a name was removed last, in seconds since 1970.
Removals = dict[tuple[str, str], float]

_DPKG = re.compile(rb"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (install|remove|purge) ([^ :]+)(?::\S+)? (\S+) ", re.MULTILINE)
_PACMAN = re.compile(rb"^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4})\] \[ALPM\] removed (\S+) \((\S+)\)$", re.MULTILINE)
# dnf's numbers for what became of a package (libdnf's TransactionItemAction): 5 is OBSOLETED, 8 REMOVE.
_DNF = """
    SELECT name, epoch, version, release, coalesce(dt_end, dt_begin) FROM rpm
    JOIN trans_item USING (item_id) JOIN trans ON trans.id = trans_item.trans_id
    WHERE trans_item.action IN (5, 8) ORDER BY trans.id
"""


def removals(manager: str, root: str) -> Removals:
    """What the diary of *manager* below *root* says; nothing where there is none."""
    found: Removals = {}
    if manager in _READERS:
        with suppress(ValueError, OverflowError):  # what is no date ends it
            _READERS[manager](root, found)
    return found


def _dpkg(root: str, found: Removals) -> None:
    for moment, action, name, version in _DPKG.findall(_tail(os.path.join(root, DPKG))):
        key, at = (name.decode(), version.decode()), time.mktime(time.strptime(moment.decode(), "%Y-%m-%d %H:%M:%S"))
        if action == b"purge":  # of what was removed before, mostly; it went then
            found.setdefault(key, at)
        elif action == b"remove":
            found[key] = at
        else:  # what it says is the version before, and any may be removed anew
            for known in [known for known in found if known[0] == key[0]]:
                del found[known]


def _pacman(root: str, found: Removals) -> None:
    for moment, name, version in _PACMAN.findall(_tail(os.path.join(root, PACMAN))):
        at = datetime.strptime(moment.decode(), "%Y-%m-%dT%H:%M:%S%z")
        found[name.decode(), version.decode()] = at.timestamp()


def _dnf(root: str, found: Removals) -> None:
    import sqlite3

    path = os.path.abspath(os.path.join(root, DNF))
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as history:
            rows = history.execute(_DNF).fetchall()
    except sqlite3.Error:  # none, or one of another dnf
        return
    for name, epoch, version, release, seconds in rows:
        found[str(name), f"{f'{epoch}:' if epoch else ''}{version}-{release}"] = float(seconds or 0)


_READERS: Mapping[str, Callable[[str, Removals], None]] = {"dpkg": _dpkg, "pacman": _pacman, "rpm": _dnf}


def _tail(path: str) -> bytes:
    """The end of a log; what was rotated away last comes before it."""
    return b"\n".join([_end(f"{path}.1"), _end(path)])


def _end(path: str) -> bytes:
    try:
        descriptor, size = open_regular(path)
        with open(descriptor, "rb") as file:
            file.seek(max(0, size - TAIL_BYTES))
            return file.read(TAIL_BYTES)
    except (PkgindexError, OSError):
        return b""
