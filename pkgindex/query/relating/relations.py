"""Questions about relations: what a package needs, what needs it, and why.

A qualifier (`python3:any`) is no part of a name, so that all who depend on python3 are found under it. A name that nobody
ships may be provided; following relations goes through its providers when that is asked for.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat

from pkgindex.errors import BadInput, NotFound
from pkgindex.format.reverse import BIT, kinds_of
from pkgindex.model.package import KINDS, NEEDS, Alternative, Package, Relation
from pkgindex.query.hits import Edge
from pkgindex.query.relating.providers import provided_by, providers, satisfying
from pkgindex.snapshot.snapshot import Snapshot

# What a package can be told to depend upon; conflicts and their like are asked for by name.
FORWARD_KINDS = tuple(kind for kind in KINDS if kind != "provides")


def dependencies(
    snapshot: Snapshot, name: str, kinds: Collection[str] = (), transitive: bool = False, resolve: bool = False
) -> list[Edge]:
    """What *name* names. *kinds* are those of `KINDS`; empty: all, or what it needs when *transitive*.

    Raises `NotFound` when the package is not shipped.
    """
    _require_known(kinds)
    package = snapshot.package(name, files=False)
    if package is None:
        raise NotFound(_unknown(snapshot, name))
    if not transitive:
        return [_resolved(snapshot, edge, alternative, resolve)
                for edge, alternative in _edges(snapshot, package, kinds or FORWARD_KINDS)]
    return _closure(name, lambda package, _: _steps(snapshot, package, kinds or NEEDS, resolve))


def dependants(
    snapshot: Snapshot, name: str, kinds: Collection[str] = (), transitive: bool = False, constraints: bool = False,
    resolve: bool = False, limit: int | None = None,
) -> list[Edge]:
    """What names *name*: one edge a package and kind, in the order of names; at most *limit*.

    With *constraints* each dependant's own file is read for the version it asks for. With *resolve* also what names
    something that *name* provides. Raises `NotFound` when the name is neither shipped nor named.
    """
    _require_known(kinds)
    if snapshot.entry(name) is None:
        raise NotFound(_unknown(snapshot, name))
    if transitive:
        needs = _mask(kinds or NEEDS)
        return _closure(
            name, lambda package, known: _reverse_steps(snapshot, name, package, needs, resolve, known))[:limit]
    wanted = _mask(kinds or (*FORWARD_KINDS, "provides"))
    edges = list(_reverse_edges(snapshot, name, name, wanted))
    if resolve:
        for virtual in sorted(provided_by(snapshot, name) - {name}):
            edges += _reverse_edges(snapshot, name, virtual, wanted & ~BIT["provides"])
    if constraints:
        return [_constrained(snapshot, edge) for edge in edges[:limit]]
    return edges[:limit]


def why(snapshot: Snapshot, first: str, last: str, kinds: Collection[str] = ()) -> list[Edge]:
    """The shortest chain of relations from *first* to *last*; each edge's `via` names the other.

    A name that is provided leads on to its providers, by an edge of kind `provided-by`. Empty: there is no chain.
    """
    _require_known(kinds)
    for name in (first, last):
        if snapshot.entry(name) is None:
            raise NotFound(_unknown(snapshot, name))
    wanted = tuple(kinds) or NEEDS
    came: dict[str, Edge | None] = {first: None}
    level = [first]
    while level and last not in came:
        found: list[str] = []
        for name in level:
            for edge in _steps(snapshot, name, wanted):
                if edge.name not in came:
                    came[edge.name] = edge
                    found.append(edge.name)
        level = found
    chain: list[Edge] = []
    step = came.get(last)
    while step is not None:
        chain.append(step)
        step = came[step.via]
    return [edge._replace(depth=depth) for depth, edge in enumerate(reversed(chain), 1)]


def _unknown(snapshot: Snapshot, name: str) -> str:
    return f"no package {name!r} in repository {snapshot.repo!r}, and nothing there names it"


def _require_known(kinds: Collection[str]) -> None:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise BadInput(f"no kind of relation is called {unknown[0]!r}: there is {', '.join(KINDS)}")


def _mask(kinds: Collection[str]) -> int:
    return sum(BIT[kind] for kind in kinds)


def _edges(snapshot: Snapshot, package: Package, kinds: Collection[str]) -> Iterator[tuple[Edge, Alternative]]:
    """Every alternative of every relation, each once, in the order of kinds and of their text."""
    seen = set()
    for kind in KINDS:
        if kind not in kinds:
            continue
        for release in package.releases.values():
            for relation in release.relations.get(kind, ()):
                for alternative in relation:
                    key = (kind, alternative.name, alternative.constraint, relation)
                    if key not in seen:
                        seen.add(key)
                        edge = Edge(snapshot.repo, snapshot.generation, package.name, kind, alternative.name,
                                    alternative.constraint, written(relation), _shipped(snapshot, alternative.name),
                                    (), package.name)
                        yield edge, alternative


def written(relation: Relation) -> str:
    """A relation as its source writes it.

    >>> written((Alternative("python3", "any", ">=", "3.11"), Alternative("pypy3")))
    'python3:any (>= 3.11) | pypy3'
    """
    return " | ".join([alternative.written for alternative in relation])


def _shipped(snapshot: Snapshot, name: str) -> bool:
    entry = snapshot.entry(name)
    return entry is not None and entry.shipped


def _resolved(snapshot: Snapshot, edge: Edge, alternative: Alternative, resolve: bool) -> Edge:
    """The edge with who satisfies it besides the package of that name."""
    if not resolve:
        return edge
    return edge._replace(provided_by=tuple(satisfying(snapshot, alternative)))


def _reverse_edges(
    snapshot: Snapshot, asked: str, name: str, wanted: int, known: Collection[str] = ()
) -> list[Edge]:
    """Who names *name* in a kind of *wanted*; where some are *known*, only others."""
    # libc6 has 21,800 dependants: kinds are looked up once a mask, and edges are made in C.
    names, masks = snapshot.dependants(name)
    if known:
        new = [place for place, mask in enumerate(masks) if mask & wanted and names[place] not in known]
        names, masks = [names[place] for place in new], [masks[place] for place in new]
    kinds = {mask: kinds_of(mask & wanted) for mask in set(masks)}
    if all(len(found) == 1 for found in kinds.values()):
        single = {mask: found[0] for mask, found in kinds.items()}
        told: Iterable[str] = [single[mask] for mask in masks]
    else:
        names, told = [dependant for dependant, mask in zip(names, masks, strict=True) for _ in kinds[mask]], [
            kind for mask in masks for kind in kinds[mask]]
    here = (repeat(snapshot.repo), repeat(snapshot.generation), repeat(asked))
    rest = (repeat(""), repeat(""), repeat(True), repeat(()), repeat(name), repeat(1))
    with _collector_asleep():
        return list(map(partial(tuple.__new__, Edge), zip(*here, told, names, *rest, strict=False)))


@contextmanager
def _collector_asleep() -> Iterator[None]:
    """While many tuples are made that can form no cycle: a third of the time of libc6's 21,800 went to looking for one."""
    awake = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if awake:
            gc.enable()


def _constrained(snapshot: Snapshot, edge: Edge) -> Edge:
    """The edge with the version that the dependant asks for, as its own file has it."""
    for relation in snapshot.relations(edge.name, edge.kind):
        for alternative in relation:
            if alternative.name == edge.via:
                return edge._replace(constraint=alternative.constraint, relation=written(relation))
    return edge


def _closure(name: str, steps: Callable[[str, Collection[str]], Iterator[Edge]]) -> list[Edge]:
    """All that *steps* lead to from *name*, to the end, nearest first; each by the edge that first reached it.

    Steps are told what was reached before: libc6 is needed by 48,665 packages in 222,736 ways.
    """
    reached: dict[str, Edge] = {}
    level, depth = [name], 0
    while level:
        depth += 1
        found: list[str] = []
        for package in level:
            for edge in steps(package, reached):
                if edge.name not in reached and edge.name != name:
                    reached[edge.name] = edge._replace(package=name, depth=depth)
                    found.append(edge.name)
        level = found
    return sorted(reached.values(), key=lambda edge: (edge.depth, edge.name))


def _reverse_steps(
    snapshot: Snapshot, asked: str, name: str, wanted: int, resolve: bool, known: Collection[str]
) -> Iterator[Edge]:
    yield from _reverse_edges(snapshot, asked, name, wanted, known)
    if resolve:
        for virtual in sorted(provided_by(snapshot, name) - {name}):
            yield from _reverse_edges(snapshot, asked, virtual, wanted, known)


def _steps(snapshot: Snapshot, name: str, kinds: Collection[str], resolve: bool = True) -> Iterator[Edge]:
    """What *name* leads to: what its package names, and who provides it."""
    package = snapshot.package(name, files=False)
    if package is not None:
        for edge, _ in _edges(snapshot, package, kinds):
            yield edge
    if resolve:
        for provider in providers(snapshot, name):
            yield Edge(snapshot.repo, snapshot.generation, name, "provided-by", provider, via=name)
