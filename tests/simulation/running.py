"""One script run and judged: its readers while it goes on, and what is left when all is done."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch
from zlib import crc32

from pkgindex.config import Settings
from pkgindex.format import page
from pkgindex.format.names import BLOB_DIRECTORIES
from pkgindex.packer import spill
from pkgindex.packer.retire import retire
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.verify.generation import verify
from pkgindex.store.generations import Generations
from simulation.baton import World
from simulation.installed import Current, installed
from simulation.model import REPO, Model
from simulation.roles import GRACE_SECONDS, ROOT, Process, Stage, change_of, performed
from simulation.script import Event, Script

# Of those that come when all is over, so that none is a change of an actor.
LAST = 90
FIRST = 91


class Outcome(NamedTuple):
    """What a run came to; `failure` is None when all was well."""

    failure: BaseException | None
    points: int
    crashes: int
    faults: int
    generations: int
    events: tuple[Event, ...]
    trace: tuple[str, ...]
    digest: int


class Simulator:
    """Runs scripts; made by `simulator`."""

    def __init__(self, scratch: str, current: Current) -> None:
        self._scratch, self._current = scratch, current

    def run(self, script: Script) -> Outcome:
        world, model = World(script), Model()
        self._current.enter(world)
        stage = Stage(world, model, self._scratch)
        failure: BaseException | None = None
        try:
            _begin(stage)
            world.run(lambda actor: performed(stage, actor))
            _judge(stage)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the run came to
            failure = error
        for name in os.listdir(self._scratch):
            path = f"{self._scratch}/{name}"
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        digest = crc32(repr(sorted(model.generations)).encode())
        return Outcome(failure, world.points, world.crashes, world.faults, len(model.generations) - 1, tuple(world.happened),
                       tuple(world.trace), digest)


@contextmanager
def simulator() -> Iterator[Simulator]:
    """While it lasts, the code that writes and reads is on a modelled system: for one thread at a time."""
    base = "/dev/shm" if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) else None
    scratch = tempfile.mkdtemp(prefix="pkgindex-simulation-", dir=base)
    try:
        # Small enough that deltas go into files, and pages are several.
        with (
            installed() as current, patch.multiple(spill, TAIL_BYTES_MAX=600, TAIL_PUBLISHES=0),
            patch.object(page, "NAMES_PER_PAGE", 4),
        ):
            yield Simulator(scratch, current)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _begin(stage: Stage) -> None:
    """The directory that `init` makes; in one run of four readers find no generation yet."""
    disk = stage.world.disk
    for path in (ROOT, f"{ROOT}/{REPO}"):
        parent = disk.find(os.path.dirname(path)) or disk.root
        disk.make_directory(parent, path, -1)
        disk.flush(parent)
    if stage.world.script.seed % 4:
        Process(stage, -1).do("commit", change_of(FIRST, 0))


def _judge(stage: Stage) -> None:
    """What is left is whole and all that was acknowledged, nobody must do anything, and the next writer goes on."""
    world = stage.world
    world.operator.forget()
    world.sleep(60.0)
    backend = stage.target().backend
    last = Process(stage, -1)
    if stage.acknowledged:
        head = Generations(backend).head()
        assert head >= stage.acknowledged, f"generation {stage.acknowledged} was acknowledged, and {head} is the highest"
        _check_all(stage)
    last.do("pack" if world.script.seed % 4 == 0 else "commit", change_of(LAST, 0))
    last.do("ask-fresh", change_of(LAST, 1))
    world.sleep(60.0)
    retire(backend, REPO, Settings(keep_generations=1, grace_seconds=1.0))
    verdict = verify(backend, REPO)
    assert not verdict.faults, f"verify finds faults: {verdict.faults}"
    _check_all(stage)
    _check_garbage(stage)


def _check_all(stage: Stage) -> None:
    model = stage.model
    snapshot = Reader(stage.target().backend, REPO).snapshot()
    model.check(snapshot)
    led = model.changes_up_to(model.key_of(snapshot))
    lost = model.acknowledged - set(led)
    assert not lost, f"acknowledged and lost: {sorted(lost)}"
    # A writer that slept through the grace between its link and its look cannot know whether its generation was built upon
    # and retired, or void. Packing again is a no-op; what a tree server was asked, it does again.
    twice = sorted({name for name in led if led.count(name) > 1 and not _slept(model, name)})
    assert not twice, f"published twice: {twice}"


def _slept(model: Model, change: str) -> bool:
    instants = model.instants[change]
    return max(instants) - min(instants) > GRACE_SECONDS


def _check_garbage(stage: Stage) -> None:
    """After everything was retired that may be: no blob that the head does not name, and of temporaries what died left."""
    target, world = stage.target(), stage.world
    again = retire(target.backend, REPO, Settings(keep_generations=1, grace_seconds=0.0))
    assert (again.generations, again.blobs) == ((), 0), f"left over: {again}"
    files = [path.removeprefix(f"{ROOT}/{REPO}/") for path in world.disk.files()]
    temporaries = [name for name in files if name.startswith("tmp/")]
    assert len(temporaries) <= 2 * (world.crashes * len(world.actors) + world.faults), f"left over: {temporaries}"
    places = {name.split("/")[0] for name in files} - {"tmp"}
    assert places <= {*BLOB_DIRECTORIES, "generations"}, f"left over: {places}"
