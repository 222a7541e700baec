"""What actors do: the verbs of a script, by the doors through which everybody writes and reads.

An error that was put in the way of a verb may end it; then what it was about is in doubt, and it is not acknowledged. Any
other error is a failure of the run, but for `Gone`: what a writer stood on may be retired while it is paused, and its caller
does it again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial

from pkgindex.config import Settings
from pkgindex.errors import Exists, Gone, NoIndex, StoreError
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import fold
from pkgindex.packer.ledger import Ledger, Needs
from pkgindex.packer.merge import merge
from pkgindex.packer.pack import pack
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.retire import retire
from pkgindex.packer.settle import Settling
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend
from simulation.baton import Actor, HostLost, World
from simulation.model import REPO, Change, Content, Key, Model

ROOT = "/index"
ATTEMPTS_MAX = 50
GRACE_SECONDS = 1.0
LOOSE, SHARDS = 64, 0


class SimulatedBackend(LocalBackend):
    """A directory of the modelled disk. Shards are built on a real one and brought there, and read from memory."""

    def __init__(self, root: str, remote: bool, scratch: str) -> None:
        super().__init__(root, remote)
        self._scratch = scratch

    def local_file(self, name: str, checksum: str = "") -> str | None:
        self._path(name)
        return None

    def scratch(self) -> str:
        return self._scratch

    def adopt(self, file: str, name: str) -> None:
        with open(file, "rb") as stream:
            data = stream.read()
        brought = self._temporary("brought")
        self._write_new(brought, data, durable=False)
        super().adopt(brought, name)
        os.unlink(file)


class Stage:
    """What the roles of one run share."""

    def __init__(self, world: World, model: Model, scratch: str) -> None:
        self.world, self.model, self.scratch = world, model, scratch
        self.about: dict[int, Change | None] = {}
        # The highest generation whose writer was told that it is published.
        self.acknowledged = 0
        world.linked = self._linked

    def target(self, **settings: object) -> Target:
        values = {"keep_generations": self.world.script.keep, "grace_seconds": GRACE_SECONDS, "processes": 1, **settings}
        backend = SimulatedBackend(f"{ROOT}/{REPO}", self.world.script.share, self.scratch)
        return Target(backend, REPO, Settings(**values))  # type: ignore[arg-type]

    def submission(self, change: Change) -> Submission:
        """A file on a real disk that says *change*."""
        lines = [_line(name, content) for name, content in change.packages.items()]
        path = f"{self.scratch}/{change.name}.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        return Submission(path, f"{change.name}.jsonl", f"id-{change.name}", "incremental")

    def acknowledge(self, change: Change, generation: int) -> None:
        self.model.acknowledged.add(change.name)
        self.acknowledged = max(self.acknowledged, generation)

    def _linked(self, path: str, data: bytes) -> None:
        actor = self.world.current
        self.model.linked(path, data, self.about.get(actor.number if actor else -1), self.world.now)


class Process:
    """One process of an actor: it ends with its host."""

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage, self._number = stage, number
        self._ledger: Ledger | None = None
        self._reader: Reader | None = None
        self._held: Snapshot | None = None
        self._seen: tuple[int, Key] | None = None

    def do(self, verb: str, change: Change) -> None:
        {
            "commit": lambda: self._commit(change), "pack": lambda: self._pack(change, LOOSE),
            "pack-shards": lambda: self._pack(change, SHARDS), "fold": lambda: self._keep(lambda: fold(self._target())),
            "settle": lambda: self._keep(self._settle),
            "merge": lambda: self._keep(lambda: merge(self._target(), force=True)),
            "rebuild": lambda: self._keep(self._rebuild), "gc": lambda: self._keep(self._retire),
            "restore": self._restore, "ask": self._ask, "ask-fresh": self._ask_fresh, "hold": self._hold,
            "wait": lambda: self._stage.world.sleep(2 * GRACE_SECONDS),
        }[verb]()  # fmt: skip

    # Writing

    def _target(self, **settings: object) -> Target:
        return self._stage.target(**settings)

    def _commit(self, change: Change) -> None:
        """As a tree server commits: again on top of what another writer published first."""
        changes: Needs = {
            name: None if content is None else tuple(sorted(content.needs)) for name, content in change.packages.items()
        }
        about = change._replace(
            whole=False,
            packages={name: content and content._replace(paths=frozenset()) for name, content in change.packages.items()},
        )
        for _ in range(ATTEMPTS_MAX):
            try:
                if self._ledger is None:
                    self._ledger = Ledger(self._target())
                self._ledger.refresh()
                self._publish(about, partial(commit, self._ledger, self._possible(changes)))
            except (Exists, Gone):
                self._stage.world.sleep(0.01)
                continue
            self._stage.acknowledge(change, self._ledger.head.manifest.generation)
            return
        raise AssertionError(f"{ATTEMPTS_MAX} times somebody else was first")

    def _possible(self, changes: Needs) -> Needs:
        """Without the removal of what is not there, which a tree server would not ask for."""
        assert self._ledger is not None
        manifest = self._ledger.head.manifest
        there = self._stage.model.state(manifest.generation, manifest.created)
        return {name: needs for name, needs in changes.items() if needs is not None or name in there}

    def _pack(self, change: Change, loose_packages_max: int) -> None:
        submission = self._stage.submission(change)

        def packed() -> None:
            report = pack(self._target(loose_packages_max=loose_packages_max), [submission])
            assert not report.refused, report.refused
            self._stage.acknowledge(change, report.generation)

        for _ in range(ATTEMPTS_MAX):
            try:
                self._publish(change, packed)
            except Gone:
                continue
            except StoreError:
                if not self._actor_faulted():
                    raise
                self._stage.world.current.faulted = False  # type: ignore[union-attr]
                continue
            return

    def _publish(self, change: Change, act: Callable[[], None]) -> None:
        self._stage.about[self._number] = change
        try:
            act()
        finally:
            self._stage.about[self._number] = None

    # Keeping house

    def _keep(self, act: Callable[[], object]) -> None:
        known = self._stage.acknowledged
        try:
            act()
        except Gone:
            # What it looked at was retired by somebody else meanwhile.
            return
        except NoIndex:
            assert not known or self._late(), "no index, and a generation was acknowledged"

    def _settle(self) -> None:
        """Step by step, as a tree server does."""
        settling = Settling(self._target(), 1)
        while not settling.step():
            self._stage.world.sleep(0.01)

    def _retire(self) -> None:
        target = self._target()
        retire(target.backend, REPO, target.settings)

    def _rebuild(self) -> None:
        """Spared errors: what a rebuild cannot read it takes for damaged, and makes what it can of the rest."""
        actor = self._stage.world.current
        assert actor is not None
        actor.spared = True
        try:
            rebuild(self._target())
        except StoreError as error:
            # It does not try for ever, and says what to do.
            if "another writer was first; stop it" not in str(error):
                raise
        finally:
            actor.spared = False

    def _restore(self) -> None:
        """An operator brings back a file that was removed."""
        disk, host = self._stage.world.disk, self._stage.world.host.number
        for path in sorted(disk.removed)[: 1 + self._stage.world.draw() % 3]:
            directory = disk.find(os.path.dirname(path))
            if "/tmp/" in path or directory is None or disk.find(path) is not None:
                continue
            node = disk.make_file(directory, path, host)
            node.data, node.synced = disk.removed[path], True
            disk.flush(directory)

    # Reading

    def _ask(self) -> None:
        if self._reader is None:
            self._reader = Reader(self._target().backend, REPO)
        snapshot = self._asked(self._reader, self._seen)
        if snapshot is not None:
            self._seen = snapshot.generation, self._stage.model.key_of(snapshot)

    def _ask_fresh(self) -> None:
        self._asked(Reader(self._target().backend, REPO), None)

    def _asked(self, reader: Reader, seen: tuple[int, Key] | None) -> Snapshot | None:
        found: list[Snapshot] = []

        def question(snapshot: Snapshot) -> Snapshot:
            found.append(snapshot)
            assert seen is None or snapshot.generation >= seen[0], f"back from generation {seen[0]} to {snapshot.generation}"
            self._stage.model.check(snapshot, shards=len(found) > 1 or self._stage.world.draw() % 3 == 0)
            return snapshot

        known = self._stage.acknowledged
        try:
            snapshot = reader.ask(question)
        except NoIndex:
            assert not known or self._late(), "no index, and a generation was acknowledged"
            return None
        assert snapshot.generation >= known or self._late(), f"generation {snapshot.generation}, and {known} was acknowledged"
        return snapshot

    def _hold(self) -> None:
        """Ask again of a snapshot that was opened within the grace: its files are there, however often was published since."""
        world = self._stage.world
        opened = world.now
        try:
            snapshot = Reader(self._target().backend, REPO).snapshot()
            world.sleep(GRACE_SECONDS / 4)
            self._stage.model.check(snapshot)
        except NoIndex:
            return
        except Gone:
            # Some other time it may be: the grace is over, or the file was made to seem gone.
            assert world.now - opened > GRACE_SECONDS or self._actor_faulted()

    def _late(self) -> bool:
        """Whether a listing was stale in this run: then an answer may be half a second old."""
        return any(event.what == "late" for event in self._stage.world.happened)

    def _actor_faulted(self) -> bool:
        return self._stage.world.current is not None and self._stage.world.current.faulted


def performed(stage: Stage, actor: Actor) -> None:
    """All that *actor* has to do, each verb in a process that lives as long as its host."""
    process = Process(stage, actor.number)
    for place, verb in enumerate(actor.role.verbs):
        actor.faulted = False
        try:
            process.do(verb, change_of(actor.number, place))
        except HostLost:
            if stage.world.failure is not None:
                raise
            actor.epoch = actor.host.epoch
            process = Process(stage, actor.number)
        except StoreError:
            if not actor.faulted:
                raise


def change_of(actor: int, place: int) -> Change:
    """What the verb at *place* of *actor* changes: its own package and one that all change, so that a mixture shows."""
    name = f"c{actor}-{place}"
    content = Content(frozenset({f"v{name}", "libc"}), frozenset({f"/of/{name}".encode(), f"/bin/{actor}".encode()}))
    own: Content | None = content if place % 4 != 3 else None
    return Change(name, {f"p{actor}": own, "shared": content._replace(paths=frozenset({f"/of/{name}".encode()}))}, True)


def _line(name: str, content: Content | None) -> str:
    if content is None:
        return json.dumps({"name": name, "removed": True})
    return json.dumps({
        "name": name, "releases": [{"version": "1", "depends": sorted(content.needs)}],
        "files": sorted(path.decode() for path in content.paths)})
