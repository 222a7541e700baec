"""What every generation must hold, worked out from what was linked and who was doing what then, with plain dictionaries."""

from __future__ import annotations

import os
from typing import NamedTuple

from pkgindex.format import manifest as manifests
from pkgindex.format.numbering import number_of
from pkgindex.packer import settle
from pkgindex.snapshot.snapshot import Snapshot

REPO = "debian"
Key = tuple[int, str]


class Content(NamedTuple):
    """What is known of a package: the names it depends on, and its paths."""

    needs: frozenset[str]
    paths: frozenset[bytes]


State = dict[str, Content]


class Change(NamedTuple):
    """What a writer is about to publish. *whole* ones say all of a package; others leave its paths as they are."""

    name: str
    packages: dict[str, Content | None]
    whole: bool

    def applied(self, state: State) -> State:
        after = dict(state)
        for name, content in self.packages.items():
            old = after.pop(name, None)
            if content is not None:
                after[name] = content if self.whole or old is None else content._replace(paths=old.paths)
        return after


class Generation(NamedTuple):
    parent: Key
    state: State
    change: str


NOTHING: Key = (0, "")


class Model:
    """Of every manifest that was ever linked, by its number and checksum, what readers of it must find."""

    def __init__(self) -> None:
        self.generations: dict[Key, Generation] = {NOTHING: Generation(NOTHING, {}, "")}
        self.created: dict[tuple[int, float], Key] = {}
        self.acknowledged: set[str] = set()
        # When each change was linked.
        self.instants: dict[str, list[float]] = {}

    def linked(self, path: str, data: bytes, change: Change | None, now: float) -> None:
        """A file got the name *path*, while its writer was about to publish *change*."""
        number = number_of(os.path.basename(path)) if os.path.basename(os.path.dirname(path)) == "generations" else None
        if number is None:
            return
        manifest = manifests.decode(data, REPO, number, path)
        if manifest.change.action == settle.ACTION:
            # Who packs settles first what was committed, and that is about nothing.
            change = None
        parent = manifest.parent, manifest.parent_checksum if manifest.parent else ""
        key = number, manifests.checksum_of(data)
        assert parent in self.generations, f"generation {number} stands on one that was never linked"
        before = self.generations[parent].state
        self.generations[key] = Generation(parent, change.applied(before) if change else before, change.name if change else "")
        self.created[(number, manifest.created)] = key
        if change:
            self.instants.setdefault(change.name, []).append(now)

    def state(self, generation: int, created: float) -> State:
        """Of the generation that was made at that time; before the first nothing is there."""
        return self.generations[self.created[(generation, created)] if generation else NOTHING].state

    def key_of(self, snapshot: Snapshot) -> Key:
        key = self.created.get((snapshot.generation, snapshot.manifest.created))
        assert key is not None, f"generation {snapshot.generation} was never linked as it is read"
        return key

    def check(self, snapshot: Snapshot, shards: bool = True) -> None:
        """What *snapshot* says is what its generation holds; with *shards* also what is read from those."""
        state = self.generations[self.key_of(snapshot)].state
        check_packages(snapshot, state)
        if shards:
            check_shards(snapshot, state)

    def changes_up_to(self, key: Key) -> list[str]:
        """The changes that led to a generation, the last first."""
        found = []
        while key != NOTHING:
            generation = self.generations[key]
            if generation.change:
                found.append(generation.change)
            key = generation.parent
        return found


def check_packages(snapshot: Snapshot, state: State) -> None:
    entries = dict(snapshot.entries())
    assert {name for name, entry in entries.items() if entry.shipped} == state.keys()
    for name, content in state.items():
        package = snapshot.package(name)
        assert package is not None, f"{name} is listed and not there"
        needs = {other.name for release in package.releases.values() for _, other in release.edges()}
        paths = {path for paths in package.files.values() for path in paths}
        assert (needs, paths) == (content.needs, content.paths), f"{name} is {(needs, paths)}"
    _check_relations(snapshot, state, set(entries))


def check_shards(snapshot: Snapshot, state: State) -> None:
    owners = sorted((path, name) for name, content in state.items() for path in content.paths)
    assert list(snapshot.owners([*(path for path, _ in owners), b"/none"])) == owners
    assert list(snapshot.names("")) == sorted(state)


def _check_relations(snapshot: Snapshot, state: State, names: set[str]) -> None:
    named: dict[str, set[str]] = {}
    for name, content in state.items():
        for other in content.needs:
            named.setdefault(other, set()).add(name)
    assert names == named.keys() | state.keys()
    for name in sorted(names):
        assert set(snapshot.dependants(name)[0]) == named.get(name, set()), f"who depends on {name}"

