"""Whether what clients did and heard can have happened one after the other: linearizability of the whole tree.

Each client is a list of operations in the order it asked, with the times between which each took effect. A history is good
when there is one order of all operations that keeps the order of each client, in which nothing comes before something that
had ended when it began, and in which a plain dictionary gives the same answers. The search is that of Wing and Gong with
Lowe's memo of places that were tried: a place is how far each client has come, and what is indexed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pkgindex.model.package import NEEDS
from pkgindex.service.tree.protocol import Requests
from pkgindex.snapshot.reader import Reader
from pkgindex.store.backend import Backend
from service.tree.plaintree import PlainTree

State = frozenset[tuple[str, frozenset[str]]]
NOTHING: State = frozenset()


class Operation(NamedTuple):
    """A line and its answer. No answer: the server died, and until *ended* it may have taken effect, or not."""

    line: str
    answer: str
    started: float
    ended: float


History = Sequence[Sequence[Operation]]


class NotLinearizable(AssertionError):
    """No order explains the history."""


def outcomes(history: History, before: Iterable[State] = (NOTHING,)) -> set[State]:
    """All that may be indexed after *history*, when one of *before* was. Raises `NotLinearizable`."""
    start = (0,) * len(history)
    places = [(start, state) for state in before]
    tried = set(places)
    found: set[State] = set()
    furthest = start
    while places:
        reached, state = places.pop()
        if all(place == len(operations) for place, operations in zip(reached, history, strict=True)):
            found.add(state)
            continue
        furthest = max(furthest, reached, key=sum)
        for after in _steps(history, reached, state):
            if after not in tried:
                tried.add(after)
                places.append(after)
    if not found:
        raise NotLinearizable(_stuck(history, furthest))
    return found


def state_of(lists: Mapping[str, Iterable[str]]) -> State:
    return frozenset((name, frozenset(needs)) for name, needs in lists.items())


def indexed(backend: Backend, repo: str) -> State:
    """What the newest generation says, as every reader sees it."""
    snapshot = Reader(backend, repo).snapshot()
    found = {}
    for name in snapshot.names(""):
        package = snapshot.package(name)
        assert package is not None
        found[name] = {alternative.name for release in package.releases.values()
                       for kind, alternative in release.edges() if kind in NEEDS}
    return state_of(found)


def _steps(history: History, reached: tuple[int, ...], state: State) -> Iterator[tuple[tuple[int, ...], State]]:
    """The places one operation after (*reached*, *state*)."""
    following = {who: history[who][place] for who, place in enumerate(reached) if place < len(history[who])}
    # Whoever begins later than another one has ended comes after it.
    horizon = min(operation.ended for operation in following.values())
    for who, operation in following.items():
        if operation.started > horizon:
            continue
        ahead = (*reached[:who], reached[who] + 1, *reached[who + 1 :])
        answer, after = applied(operation.line, state)
        if operation.answer in (answer, ""):
            yield ahead, after
        if not operation.answer:
            yield ahead, state


def applied(line: str, state: State) -> tuple[str, State]:
    """What the rules answer to *line*, and what is indexed then."""
    tree = PlainTree()
    tree.lists = {name: set(needs) for name, needs in state}
    (request,) = Requests().receive(line.encode() + b"\n")
    answer = tree.answer(request).decode().strip()
    return answer, state_of(tree.lists)


def _stuck(history: History, reached: tuple[int, ...]) -> str:
    lines = [f"no order explains it beyond {sum(reached)} of {sum(map(len, history))} operations; there"]
    for who, place in enumerate(reached):
        lines += [f"  client {who}: {operation}" for operation in history[who][max(0, place - 2) : place + 2]]
    return "\n".join(lines)
