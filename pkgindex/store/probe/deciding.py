"""Trials of what decides between two writers: one name for one file, seen by everybody; and of the locks, which do not."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable

from pkgindex.store.probe.finding import BAD, GOOD, NOTE, Finding
from pkgindex.store.probe.second import Second

SEEN_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.02


def links(place: str, second: Second) -> Finding:
    first, other, name = (os.path.join(place, part) for part in ("first", "other", "decided"))
    for file in (first, other):
        _write(file, os.path.basename(file).encode())
    try:
        os.link(first, name)
    except OSError as error:
        return Finding("exclusive link", BAD, f"a file can have one name only ({error.strerror})", ELSEWHERE)
    if os.stat(first).st_nlink != 2:
        return Finding("exclusive link", BAD, f"a file with two names counts {os.stat(first).st_nlink}", ELSEWHERE)
    try:
        os.link(other, name)
    except FileExistsError:
        pass
    except OSError as error:
        return Finding("exclusive link", BAD, f"a taken name is refused with {_name(error)} instead of EEXIST", ELSEWHERE)
    else:
        return Finding("exclusive link", BAD, "a taken name is given away again", ELSEWHERE)
    if not _seen(lambda: second.ask("read", name) == (True, b"first".hex())):
        return Finding("exclusive link", BAD, "a second process does not see what was linked", ELSEWHERE)
    return Finding("exclusive link", GOOD, "a name is given once, and the count of names tells who got it")


def listings(place: str, second: Second) -> Finding:
    name = os.path.join(place, "listed")
    # It looked before: what it then saw must not be what it goes on seeing.
    second.ask("lists", name)
    _write(name, b"")
    took = _seconds_until(lambda: second.ask("lists", name)[0])
    if took is None:
        return Finding("fresh listings", BAD, f"after {SEEN_SECONDS_MAX:g} s a second process does not list a new name",
                       "readers would never see a new generation; mount it without caches")
    return Finding("fresh listings", GOOD, "a second process lists a new name at once", measured=round(took, 3))


def renames(place: str, second: Second) -> Finding:
    source, name = os.path.join(place, "renamed"), os.path.join(place, "replaced")
    _write(name, b"old")
    second.ask("read", name)
    _write(source, b"new")
    try:
        os.rename(source, name)
    except OSError as error:
        return Finding("rename", BAD, f"a name cannot be replaced ({error.strerror})", "nothing can be claimed in a spool here")
    took = _seconds_until(lambda: second.ask("read", name) == (True, b"new".hex()))
    if took is None:
        return Finding("rename", NOTE, f"a second process reads the old file after {SEEN_SECONDS_MAX:g} s",
                       "no harm: an index never replaces a file, and a spool moves to names that are new")
    return Finding("rename", GOOD, "a second process sees a renamed file at once", measured=round(took, 3))


def locks(place: str, second: Second) -> Finding:
    import portalocker

    path = os.path.join(place, "lock")
    with open(path, "a+", encoding="utf-8") as file:
        try:
            portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException as refused:
            return Finding("locks", NOTE, f"there are no locks here ({refused})", WITHOUT_LOCKS)
        both, _ = second.ask("lock", path)
        portalocker.unlock(file)
        freed, why = second.ask("lock", path)
    if both:
        return Finding("locks", NOTE, "two processes had one lock at a time", WITHOUT_LOCKS)
    if not freed:
        return Finding("locks", NOTE, f"a lock that was given back is not to be had ({why})", WITHOUT_LOCKS)
    return Finding("locks", GOOD, "a lock keeps a second process out, and is handed on")


ELSEWHERE = "keep the index on a file system with hard links: ext4, xfs, btrfs, tmpfs, NFS, GlusterFS"
WITHOUT_LOCKS = "nothing is unsafe by that: two packers at once may do the same work twice"


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _seen(sees: Callable[[], bool]) -> bool:
    return _seconds_until(sees) is not None


def _seconds_until(sees: Callable[[], bool]) -> float | None:
    began = time.monotonic()
    while not sees():
        if time.monotonic() - began > SEEN_SECONDS_MAX:
            return None
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error.errno))
