"""What must hold after a command that was ended or refused somewhere; every part that does not is an `AssertionError`.

    old or new        a reader sees the one or the other, whole; the new one when the command said that it succeeded
                      (a part of the new one, when it said that it could not read the rest)
    goes on           the same command again, and `pack`, need no help; then all answers are those of the model
    once              what all generations together changed is what an undisturbed run changes
    sound             `verify` finds nothing
    nothing left      after the next `gc` exactly the files that an undisturbed run leaves, by folder
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests"))

from battery.ground import Ground
from battery.scenes import SOON, Scene
from battery.trial import Ended, prepare, run
from packer.world import Expected, answers, checked, drop, plain
from pkgindex.errors import NoIndex
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.snapshot.verify.generation import verify

NOTHING: dict[str, Any] = {}
# What a sync ends with that could not read some packages of the host, and names them.
PARTLY = 5


class Settled(NamedTuple):
    """How things stand after all: what was changed altogether, and how many files each folder holds."""

    state: dict[str, Any]
    changed: int
    files: dict[str, int]


class Judge:
    """Of one scene, whose two states are taken from a run that nobody disturbs, and the new one compared with the model."""

    def __init__(self, ground: Ground, scene: Scene) -> None:
        self._ground, self._scene = ground, scene
        self._settled_of: dict[str, Settled | AssertionError] = {}
        prepare(ground, scene)
        self._old = state(ground)
        ended = run(ground, scene.words, scene.environment)
        assert ended.code == scene.code, f"{scene.name}: {ended}"
        self._new = state(ground)
        self._settled = self._settle()
        self._compare_with_model()
        ground.restore()

    def judge(self, ended: Ended) -> None:
        found = state(self._ground)
        if ended.code == PARTLY:
            assert _is_part(found, self._new), "the reader sees what is no part of the new generation"
        else:
            assert found in (self._old, self._new), "the reader sees neither the old nor the new generation"
        if ended.code == self._scene.code:
            assert found == self._new, f"it ended with {ended.code}, and what it did is not there"
        settled = self._settled_once(self._ground.fingerprint())
        assert settled.state == self._settled.state, "after going on, the answers are others"
        assert settled.changed == self._settled.changed, f"changed {settled.changed} packages, not {self._settled.changed}"
        left_over = difference(settled.files, self._settled.files)
        if ended.code == PARTLY:  # what changed is told in two parts then
            left_over.pop(f"index/{self._ground.repo}/changes", None)
        assert not left_over, f"left over: {left_over}"

    def _settled_once(self, fingerprint: str) -> Settled:
        """What goes on from the same files comes to the same."""
        if fingerprint not in self._settled_of:
            try:
                self._settled_of[fingerprint] = self._settle()
            except AssertionError as error:
                self._settled_of[fingerprint] = error
        settled = self._settled_of[fingerprint]
        if isinstance(settled, AssertionError):
            raise settled
        return settled

    def _settle(self) -> Settled:
        return settle(self._ground, (self._scene.words, ("pack",)), self._scene.environment, (0, self._scene.code))

    def _compare_with_model(self) -> None:
        if self._scene.drops is None:
            return
        model = Expected()
        for number, packages in enumerate(self._scene.drops, 1):
            full = self._scene.full and number == len(self._scene.drops)
            model.pack([drop(self._ground.root, packages, mode="full" if full else "incremental")])
        checked(_newest(self._ground), model.all())


def settle(ground: Ground, going_on: Iterable[Sequence[str]], environment: Mapping[str, str], codes: Container[int]) -> Settled:
    """Go on as the next writer would, let days pass, and tidy up."""
    go_on(ground, going_on, environment, codes)
    changed = changed_by_all(ground)
    ground.forget()
    # The sweep of the spool belongs to whoever has something to pack.
    for words in (("pack",), ("gc",)):
        ended = run(ground, words, {**environment, **SOON})
        assert ended.code == 0, f"{words[0]} does not tidy up: {ended}"
    verdict = verify(ground.backend, ground.repo)
    assert verdict.sound, verdict.faults
    return Settled(state(ground), changed, _folders(ground))


def go_on(ground: Ground, commands: Iterable[Sequence[str]], environment: Mapping[str, str], codes: Container[int]) -> None:
    for words in commands:
        ended = run(ground, words, environment)
        assert ended.code in codes, f"{' '.join(words)} does not go on: {ended}"


def state(ground: Ground) -> dict[str, Any]:
    """All that the newest generation answers."""
    try:
        snapshot = _newest(ground)
    except NoIndex:
        return NOTHING
    packages = {name: plain(found) for name in snapshot.names("") if (found := snapshot.package(name)) is not None}
    return {"packages": packages, "entries": sorted(name for name, _ in snapshot.entries()), **answers(snapshot)}


def _is_part(found: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether all that was *found* is as in the *whole*; what could not be read is not there."""
    return found.get("packages", {}).items() <= whole["packages"].items()


def _newest(ground: Ground) -> Snapshot:
    return Reader(ground.backend, ground.repo).snapshot()


def changed_by_all(ground: Ground) -> int:
    history = Reader(ground.backend, ground.repo).history()
    return sum(sum(manifest.change[:3]) for manifest in history)


def _folders(ground: Ground) -> dict[str, int]:
    return dict(Counter(os.path.dirname(path) for path in ground.files()))


def difference(found: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    return {name: found.get(name, 0) - wanted.get(name, 0) for name in {*found, *wanted} if found.get(name) != wanted.get(name)}
