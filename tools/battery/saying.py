"""What the repositories of a long run say of themselves, so that a reader who knows nothing else sees a mixture of two states;
and the readers that stay.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from battery.plans import SLOTS
from pkgindex.errors import PkgindexError
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend

LETTERS = ("a", "b", "c", "d")


class Shared(NamedTuple):
    """Between the processes of a run: of each slot what was packed and what was sent, answers, faults, and the end."""

    index: str
    known: Any
    sent: Any
    answers: Any
    faults: Any
    over: Any


def read_on(shared: Shared) -> None:
    """A reader that stays: asks each repository again and again, until the run is over."""
    readers = {repo: Reader(LocalBackend(f"{shared.index}/{repo}"), repo) for repo in ("drops", "tree", "host")}
    last = dict.fromkeys(readers, 0)
    slot = 0
    while not shared.over.wait(0.005):
        slot = (slot + 1) % SLOTS
        known = shared.known[slot]
        try:
            count = readers["drops"].ask(lambda snapshot, slot=slot: slot_count(snapshot, slot))  # type: ignore[misc]
            sent = shared.sent[slot]
            assert known <= count <= sent, f"slot {slot} says {count}, after {known} and before {sent}"
            readers["tree"].ask(check_tree)
            readers["host"].ask(check_twins)
            for repo, asked in readers.items():
                generation = asked.snapshot().generation
                assert generation >= last[repo], f"{repo} went back from {last[repo]} to {generation}"
                last[repo] = generation
        except (PkgindexError, AssertionError) as error:
            shared.faults.put(repr(error))
        with shared.answers.get_lock():
            shared.answers.value += len(readers)


def slot_count(snapshot: Snapshot, slot: int) -> int:
    """What the four packages of a slot say, all of them and in both directions; 0 before any was packed."""
    counts = set()
    for letter in LETTERS:
        package = snapshot.package(f"s{slot}-{letter}")
        if package is None:
            counts.add(0)
            continue
        said = [other.name for release in package.releases.values() for _, other in release.edges() if other.name[0] == "v"]
        [paths] = package.files.values()
        count = int(said[0].rpartition("-")[2])
        counts.add(count)
        assert said == [f"v{slot}-{letter}-{count}"], f"s{slot}-{letter} needs {said}"
        assert list(paths) == [f"/s/{slot}/{letter}/{count}".encode()], f"s{slot}-{letter} has {paths}"
        assert snapshot.dependants(said[0])[0] == [f"s{slot}-{letter}"], f"who needs {said[0]}"
    assert len(counts) == 1, f"generation {snapshot.generation}: slot {slot} says {sorted(counts)}"
    return counts.pop()


def needs_of(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Of all packages of a tree, the names that they need, in order."""
    found = {}
    for name, entry in snapshot.entries():
        package = snapshot.package(name) if entry.shipped else None
        if package is not None:
            found[name] = tuple(sorted({other.name for release in package.releases.values() for _, other in release.edges()}))
    return found


def check_tree(snapshot: Snapshot) -> None:
    """Whatever is needed is there: nobody is indexed before it, and it is not removed while it is."""
    needs = needs_of(snapshot)
    needed: dict[str, list[str]] = {}
    for name, others in needs.items():
        for other in others:
            needed.setdefault(other, []).append(name)
    assert needed.keys() <= needs.keys(), f"generation {snapshot.generation}: {needed.keys() - needs.keys()} are needed"
    for name, others in list(needed.items())[:3]:
        assert snapshot.dependants(name)[0] == sorted(others), f"generation {snapshot.generation}: who needs {name}"


def check_twins(snapshot: Snapshot) -> None:
    """Two packages of a host that are always installed together."""
    versions = [package and list(package.releases) for package in map(snapshot.package, ("twin-a", "twin-b"))]
    assert versions[0] == versions[1], f"generation {snapshot.generation}: {versions}"
