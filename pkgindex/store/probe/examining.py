"""Trying out one directory, from the first question to the last; everything made for it is removed again.

Invariants:

* Nothing is made but one folder, which is removed at the end, also after an error or an interruption.
* A trial that fails in a way that it does not know is a finding, and the others go on.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial

from pkgindex.store.faults import rootless
from pkgindex.store.filesystem import mount_of, on_a_share
from pkgindex.store.probe import deciding, expecting, storing
from pkgindex.store.probe.finding import BAD, NOTE, WRITING, Examined, Finding
from pkgindex.store.probe.second import Second

FOLDER = ".pkgindex-doctor-"

Trial = Callable[[str, Second], Finding]

TRIALS: dict[str, Trial] = {
    "exclusive link": deciding.links,
    "fresh listings": deciding.listings,
    "rename": deciding.renames,
    "locks": deciding.locks,
    "open files": storing.removals,
    "names": storing.names,
    "capitals": storing.cases,
    "room": storing.room,
    "clock": storing.clock,
}
# What means one thing on a local disk and another on a share.
JUDGED_BY_PLACE: dict[str, Callable[..., Finding]] = {"flush": storing.flushes, "events": storing.events}


def examine(directory: str) -> Examined:
    """What *directory* is good for. Raises `NoIndex` when it is none."""
    directory = os.path.abspath(directory)
    if not os.path.isdir(directory):
        raise rootless(directory)
    mount = mount_of(directory)
    remote = on_a_share(mount.kind)
    findings = (expecting.options(mount), *_tried(directory, remote))
    return Examined(directory, mount.kind, mount.options, remote, findings, expecting.expectations(mount, remote))


def _tried(directory: str, remote: bool) -> list[Finding]:
    place = os.path.join(directory, f"{FOLDER}{os.urandom(6).hex()}")
    try:
        os.mkdir(place)
    except OSError as error:
        return [Finding(WRITING, NOTE, f"nothing can be made here ({error.strerror}), so nothing was tried",
                        "to ask, a host needs to read the index and no more; packing and submitting need to write")]
    try:
        with Second() as second:
            found = [_guarded(check, trial, place, second) for check, trial in TRIALS.items()]
            for check, trial in JUDGED_BY_PLACE.items():
                found.append(_guarded(check, partial(trial, remote=remote), place, second))
            return found
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _guarded(check: str, trial: Trial, place: str, second: Second) -> Finding:
    try:
        return trial(place, second)
    except OSError as error:
        return Finding(check, BAD, f"it could not be tried: {error}",
                       "see whether this user may write there, and whether it is full")

