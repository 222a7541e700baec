"""What there is of each hook, and whether it does anything."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.hooks import install
from pkgindex.hooks.catalog import Hook
from pkgindex.hooks.hookfile import ABSENT, CHANGED, CURRENT, FOREIGN, OLDER
from pkgindex.hooks.place import Place, program_in
from pkgindex.packer.publish import Head
from pkgindex.spool import stamps
from pkgindex.store.local import LocalBackend

INSTALLED, PARTLY = "installed", "partly"


class HookStatus(NamedTuple):
    """*state* is `absent`, `installed`, `partly`, `older`, `changed` (by hand) or `foreign` (a file there is not ours).

    *program* is the manager's own, empty where it is not there. *stamp_seconds*: how long a stamp has been waiting;
    *synced_seconds*: how old the newest generation of the manager's repository is; None where there is none.
    """

    manager: str
    state: str
    program: str
    stamp: bool
    stamp_seconds: float | None
    repo: str
    generation: int
    synced_seconds: float | None
    tried: bool


def status(hook: Hook, place: Place, settings: Settings) -> HookStatus:
    repo = f"host-{hook.stamp}" if hook.stamp else ""
    waiting = _stamp_seconds(place, hook.stamp)
    generation, age = _synced(settings, repo) if repo and place.root == "/" else (0, None)
    program = program_in(place.root, hook.programs)
    state = summed(install.states(hook, place))
    return HookStatus(hook.manager, state, program, waiting is not None, waiting, repo, generation, age, hook.tried)


def summed(states: Iterable[str]) -> str:
    """The states of all files of a hook as one.

    >>> summed(["current", "current"]), summed(["current", "absent"]), summed(["current", "changed"]), summed([])
    ('installed', 'partly', 'changed', 'absent')
    """
    found = set(states) or {ABSENT}
    for worst in (CHANGED, FOREIGN):
        if worst in found:
            return worst
    if found == {CURRENT}:
        return INSTALLED
    if ABSENT in found:
        return PARTLY if len(found) > 1 else ABSENT
    return OLDER


def _stamp_seconds(place: Place, manager: str) -> float | None:
    if not manager:
        return None
    try:
        return max(0.0, time.time() - os.stat(stamps.path(place.below(place.spool), manager)).st_mtime)
    except OSError:
        return None


def _synced(settings: Settings, repo: str) -> tuple[int, float | None]:
    path = os.path.join(settings.index, repo)
    if not os.path.isdir(path):
        return 0, None
    manifest = Head(LocalBackend(path), repo).manifest
    return manifest.generation, max(0.0, time.time() - manifest.created) if manifest.generation else None
