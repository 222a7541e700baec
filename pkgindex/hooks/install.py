"""Hooks installed and removed: what is ours, and nothing else.

Invariants:

* Done twice is done once; what is right already is not written again.
* A file that is not ours stays, and so does one of ours that was changed by hand, unless that is insisted on.
* At no moment does a file that a manager reads name one that is not there: what is named comes first and goes last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from pkgindex.errors import BadInput
from pkgindex.hooks import hookfile, package, stampfolder, units
from pkgindex.hooks.catalog import HOOKS, Hook
from pkgindex.hooks.hookfile import ABSENT, CHANGED, CURRENT, FOREIGN, HookFile
from pkgindex.hooks.place import Place
from pkgindex.hooks.texts import FOLDER

WRITTEN, REPLACED, REMOVED, KEPT = "written", "replaced", "removed", "kept"
# What was asked for and not done.
UNDONE = (FOREIGN, KEPT)


class Step(NamedTuple):
    """What became of *path*, or of the package of that name; *text* is what it holds or would hold."""

    manager: str
    path: str
    action: str
    text: str = ""


def install(hook: Hook, place: Place, insist: bool = False, dry: bool = False) -> Iterator[Step]:
    """Write what is missing or older of *hook*. *insist*: also over what was changed by hand; *dry*: only say so."""
    files = hook.files(place)
    if hook.spool and not dry:
        stampfolder.make(place)
    for file in files:
        yield Step(hook.manager, file.path, _install(place, file, insist, dry), hookfile.marked(file, ()))
    if hook.manager == "rpm":
        yield _install_package(place, dry)


def remove(hook: Hook, place: Place, insist: bool = False, dry: bool = False) -> list[Step]:
    """Remove what is ours of *hook*, with the directories that were made for it."""
    if hook.manager == "systemd" and not dry:
        units.disable(place)
    steps = [Step(hook.manager, file.path, _remove(place, file, insist, dry)) for file in reversed(files_of(hook, place))]
    if hook.manager == "systemd" and not dry:
        units.forget(place)
    if hook.manager == "rpm":
        steps.append(_remove_package(place, dry))
    if hook.spool and not dry and REMOVED in {step.action for step in steps} and not _spool_is_needed(place):
        stampfolder.take_away(place)
    return steps


def files_of(hook: Hook, place: Place) -> tuple[HookFile, ...]:
    """Its files; none where the manager itself, which would say where they belong, is not there."""
    try:
        return hook.files(place)
    except BadInput:
        return ()


def states(hook: Hook, place: Place) -> list[str]:
    """What there is of each file of *hook*, and of its package."""
    if hook.manager == "rpm":
        return [package.look(place)]
    return [hookfile.look(place.root, file).state for file in files_of(hook, place)]


def _spool_is_needed(place: Place) -> bool:
    return any(found.spool and set(states(found, place)) - {ABSENT, FOREIGN} for found in HOOKS.values())


def _install(place: Place, file: HookFile, insist: bool, dry: bool) -> str:
    folder = os.path.dirname(place.below(file.path))
    state, made = hookfile.look(place.root, file)
    if state in (CURRENT, FOREIGN):
        return state
    if state == CHANGED and not insist:
        return KEPT
    if not dry:
        new = _missing(place, os.path.dirname(file.path))
        os.makedirs(folder, exist_ok=True)
        hookfile.write(place.root, file, made + new)
    return WRITTEN if state == ABSENT else REPLACED


def _remove(place: Place, file: HookFile, insist: bool, dry: bool) -> str:
    path = place.below(file.path)
    state, made = hookfile.look(place.root, file)
    if state in (ABSENT, FOREIGN):
        return state
    if state == CHANGED and not insist:
        return KEPT
    if not dry:
        os.unlink(path)
        ours = (os.path.dirname(FOLDER), FOLDER) if file.path.startswith(FOLDER) else ()
        for folder in (*reversed(made), *reversed(ours)):
            # Others may have put something in there, which is theirs.
            with suppress(OSError):
                os.rmdir(place.below(folder))
    return REMOVED


def _missing(place: Place, folder: str) -> tuple[str, ...]:
    """Those of *folder* and what it lies in that are not there, the outermost first."""
    found: list[str] = []
    while not os.path.isdir(place.below(folder)):
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return tuple(found)


def _install_package(place: Place, dry: bool) -> Step:
    state = package.look(place)
    if state != CURRENT and not dry:
        package.install(place)
    action = CURRENT if state == CURRENT else WRITTEN if state == ABSENT else REPLACED
    return Step("rpm", package.NAME, action, package.spec(place))


def _remove_package(place: Place, dry: bool) -> Step:
    state = package.look(place)
    if state != ABSENT and not dry:
        package.remove(place)
    return Step("rpm", package.NAME, ABSENT if state == ABSENT else REMOVED)
