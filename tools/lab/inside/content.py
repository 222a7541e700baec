"""What each generation of a battery holds: a function of its number, and of how often each writer has written.

    same0 ... same3     depend on `gen42` in generation 42: one that depends on another is of another generation
    count-WRITER        depends on `n17` after that writer's 17th publish, and on nothing a moment ago

So a mixture of two generations is seen in any answer, and a change that another writer undid is missing from a count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pkgindex.snapshot.snapshot import Snapshot

SAME = tuple(f"same{number}" for number in range(4))
TREE = "tree"


class Seen(NamedTuple):
    """What a snapshot held, and what was wrong with it."""

    generation: int
    counts: dict[str, int]
    faults: list[str]


def changes(generation: int, writer: str, count: int) -> dict[str, tuple[str, ...] | None]:
    """What *writer* publishes as *generation*, its publish number *count*."""
    return {**dict.fromkeys(SAME, (f"gen{generation}",)), f"count-{writer}": (f"n{count}",)}


def examine(snapshot: Snapshot, writers: Iterable[str]) -> Seen:
    """Everything there is to ask of *snapshot*, and whether it fits together."""
    generation = snapshot.generation
    found = {name: _needs(snapshot, name) for name in SAME}
    counts = {writer: _count(snapshot, writer) for writer in writers}
    said = found[SAME[0]]
    faults = [f"{name} depends on {needs} where {SAME[0]} depends on {said}"
              for name, needs in found.items() if needs != said]
    if snapshot.manifest.change.action == TREE and said != [f"gen{generation}"]:
        faults.append(f"{SAME[0]} of generation {generation} depends on {said}")
    if said:
        faults += _reverse_faults(snapshot, said[0])
    return Seen(generation, counts, faults)


def _reverse_faults(snapshot: Snapshot, said: str) -> list[str]:
    """The other direction: all that were published together name this, and nobody names what came before."""
    before = f"gen{int(said.removeprefix('gen')) - 1}"
    wanted = {said: list(SAME), before: []}
    found = {name: snapshot.dependants(name)[0] for name in wanted}
    return [f"{name} is named by {found[name]}" for name in wanted if found[name] != wanted[name]]


def _needs(snapshot: Snapshot, package: str) -> list[str]:
    return [alternative.name for relation in snapshot.relations(package, "depends") for alternative in relation]


def _count(snapshot: Snapshot, writer: str) -> int:
    needs = _needs(snapshot, f"count-{writer}")
    return int(needs[0].removeprefix("n")) if needs else 0
