"""What is done before the power is cut, in steps, each of which ends with an acknowledgement; and how what is left is judged.

A story is judged by what is acknowledged at the cut: all of that is there, and of the step that was under way all or nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from battery.fusing import mark
from battery.ground import REPO, Ground
from battery.judging import NOTHING, Settled, changed_by_all, difference, go_on, settle, state
from battery.scenes import CURL, FOLDED, LATER, LIBC, SCENES, WGET, Scene
from battery.scenes import named as _named
from battery.trial import prepare, run
from pkgindex.store.flushing import Flushing

KILLED = -signal.SIGKILL
OLDER = {**CURL, "version": "2", "files": ["/usr/bin/older"]}


class Step(NamedTuple):
    """A command, and the code it ends with; *again*: after one that was killed when it had linked its manifest."""

    words: tuple[str, ...]
    code: int = 0
    again: bool = False


class Story(NamedTuple):
    """Commands, one after the other; *scene* says what they find."""

    name: str
    steps: tuple[Step, ...]
    scene: Scene


def _of(scene: Scene) -> Story:
    return Story(scene.name, (Step(scene.words, scene.code),), scene)


def _drops(ground: Ground, run: Callable[..., None]) -> None:
    for name, packages in (("1", [CURL, LIBC]), ("2", [OLDER]), ("3", [LATER, WGET])):
        ground.write(f"elsewhere/{name}.jsonl", packages)


def _marked_as_full(ground: Ground, run: Callable[..., None]) -> None:
    run("init", REPO)
    ground.drop([CURL, LIBC], "1.jsonl")
    run("pack", environment=FOLDED)
    ground.drop([LIBC, WGET], "2.jsonl")
    ground.write(f"spool/{REPO}/incoming/.full", b"")


def _told(ground: Ground, run: Callable[..., None]) -> None:
    """A host that was looked at once, and has changed since."""
    next(scene for scene in SCENES if scene.name == "sync").prepare(ground, run)
    run("sync", "dpkg", "--root", "HERE/root", "--repo", "host")
    path = f"{ground.here}/root/var/lib/dpkg/status"
    with open(path, encoding="utf-8") as file:
        status = file.read()
    ground.write("root/var/lib/dpkg/status", status.replace("Version: 1", "Version: 3").encode())


def _die_before_the_name_is_flushed() -> None:
    """Be killed when the manifest is linked, and its name is not durable."""
    Flushing.flush_name = lambda *names: signal.raise_signal(signal.SIGKILL)  # type: ignore[method-assign,assignment]


def _submitted(number: int) -> Step:
    return Step(("submit", REPO, f"HERE/elsewhere/{number}.jsonl"))


SYNC = ("sync", "dpkg", "--root", "HERE/root", "--repo", "host")
STORIES = (
    *map(_of, SCENES),
    _of(Scene("pack a set that is marked as full", ("pack",), _marked_as_full, environment=FOLDED)),
    _of(Scene("sync what has changed", SYNC, _told, repo="host")),
    Story("init after an init that was killed", (Step(("init", REPO), again=True),), _named("init")),
    Story("pack after a pack that was killed", (Step(("pack",), again=True),), _named("pack")),
    Story("init, and submit and pack three times",
          (Step(("init", REPO)), *(step for number in (1, 2, 3) for step in (_submitted(number), Step(("pack",))))),
          Scene("day", (), _drops)),
)


class Teller:
    """Does the steps of a story in *ground*, and judges what a cut left of them."""

    def __init__(self, ground: Ground, story: Story) -> None:
        self._ground, self._story = ground, story
        self._environment: Mapping[str, str] = story.scene.environment
        # By the number of steps that are done: what a reader sees then; and how things stand after all.
        self._seen: list[dict[str, Any]] = []
        self._changed: list[int] = []
        self._settled: list[Settled] = []
        prepare(ground, story.scene._replace(words=story.steps[0].words))
        for done in range(len(story.steps) + 1):
            ground.restore()
            for step in story.steps[:done]:
                self._do(step)
            self._seen.append(state(ground))
            self._changed.append(changed_by_all(ground) if self._seen[-1] else 0)
            self._settled.append(self._settle(done))
        ground.restore()

    def tell(self) -> None:
        """On the mount."""
        for number, step in enumerate(self._story.steps):
            self._do(step)
            mark(self._ground.here, str(number))

    def judge(self, marks: Iterable[str]) -> None:
        done = len(list(marks))
        self._ground.runs += sum(1 + step.again for step in self._story.steps)
        found = state(self._ground)
        assert found in self._seen[done:done + 2], (
            f"the reader sees neither the old nor the new generation, but {'none' if found == NOTHING else 'another'}")
        settled, wanted = self._settle(done), self._settled[done]
        assert settled.state == wanted.state, "after going on, the answers are others"
        # Generations that were taken away may be back, and are counted then; none is there that nobody made.
        most = max(wanted.changed, *self._changed)
        assert wanted.changed <= settled.changed <= most, f"changed {settled.changed} packages, not {wanted.changed}"
        left_over = {folder: count for folder, count in difference(settled.files, wanted.files).items()
                     if not self._may_differ(folder, count)}
        assert not left_over, f"left over, or missing: {left_over}"

    def _may_differ(self, folder: str, count: int) -> bool:
        """What a sync remembers need not survive; what it told is told again, when it was not published."""
        repo = self._ground.repo
        return (count < 0 and folder == f"spool/{repo}") or (count > 0 and folder == f"index/{repo}/changes")

    def _settle(self, done: int) -> Settled:
        """What was under way is done again, and then all that is left to do."""
        again = [self._story.steps[done].words] if done < len(self._story.steps) else []
        codes = {0, *(step.code for step in self._story.steps)}
        go_on(self._ground, again, self._environment, codes)
        # A claim whose heartbeat is gone is of a living writer until its lease is over.
        self._ground.forget()
        return settle(self._ground, [("pack",)], self._environment, codes)

    def _do(self, step: Step) -> None:
        if step.again:
            killed = run(self._ground, step.words, self._environment, _die_before_the_name_is_flushed)
            assert killed.code == KILLED, killed
        ended = run(self._ground, step.words, self._environment)
        assert ended.code == step.code, f"{' '.join(step.words)}: {ended}"
