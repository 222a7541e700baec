"""The tree in memory: which packages are indexed, on what each depends, and how many depend on each.

    QUERY       OK when it is indexed
    INDEX       OK when all dependencies are indexed; the list that was there is replaced, or nothing changes
    REMOVE      OK when nothing else depends on it, or it was not there

Invariants:

* A package that depends on itself may be removed: only others keep it.
* A dependency counts once, however often it is named.
* What is named and not indexed (as a virtual package of a distribution is) binds nobody: it is counted, for it may be
  indexed one day, and it answers FAIL until then.

`Tree` is what is published. A `Draft` is laid over it, or over another draft: requests change the draft, in order, and
what came of it is taken over as a whole, or forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Protocol

from pkgindex.service.tree.protocol import ERROR, FAIL, OK, Malformed, Request

# Of each package the names that it depends on, sorted; None: it is not indexed.
Changes = dict[str, tuple[str, ...] | None]


class View(Protocol):
    """Something that knows packages."""

    def needs(self, package: str) -> tuple[str, ...] | None:
        """What *package* depends on, sorted; None when it is not indexed."""

    def dependants(self, package: str) -> int:
        """How many other packages depend on *package*."""


class Tree:
    """What is indexed. Names are interned: of each there is one text, however often it is named."""

    def __init__(self) -> None:
        self._needs: dict[str, tuple[str, ...]] = {}
        self._dependants: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._needs)

    def __contains__(self, package: str) -> bool:
        return package in self._needs

    def needs(self, package: str) -> tuple[str, ...] | None:
        return self._needs.get(package)

    def dependants(self, package: str) -> int:
        return self._dependants.get(package, 0)

    def answer(self, request: Request | Malformed) -> bytes | None:
        """The answer to *request* when it changes nothing; None when it would."""
        if isinstance(request, Malformed):
            return ERROR
        if request.command == "QUERY":
            return OK if request.package in self._needs else FAIL
        return _answer(self, request)

    def take(self, changes: Mapping[str, tuple[str, ...] | None]) -> None:
        """Make *changes* part of the tree."""
        for package, needs in changes.items():
            for name in _others(package, self._needs.get(package)):
                self._count(name, -1)
            if needs is None:
                self._needs.pop(package, None)
                continue
            known = tuple(map(intern, needs))
            self._needs[intern(package)] = known
            for name in _others(package, known):
                self._count(name, 1)

    def _count(self, name: str, by: int) -> None:
        count = self._dependants.get(name, 0) + by
        if count:
            self._dependants[name] = count
        else:
            del self._dependants[name]


class Draft:
    """Changes laid over what *below* knows."""

    def __init__(self, below: View) -> None:
        self._below = below
        self._needs: Changes = {}
        self._dependants: dict[str, int] = {}

    def needs(self, package: str) -> tuple[str, ...] | None:
        try:
            return self._needs[package]
        except KeyError:
            return self._below.needs(package)

    def dependants(self, package: str) -> int:
        return self._below.dependants(package) + self._dependants.get(package, 0)

    def answer(self, request: Request | Malformed) -> bytes:
        """The answer to *request*; what it changes is in the draft from then on."""
        return self.judge(request)[0]

    def foresee(self, request: Request | Malformed) -> bytes | None:
        """The answer to *request* when it changes nothing; None when it would, and did not."""
        return ERROR if isinstance(request, Malformed) else _answer(self, request)

    def judge(self, request: Request | Malformed) -> tuple[bytes, bool]:
        """As `answer`, and whether the draft was changed."""
        answer = self.foresee(request)
        if isinstance(request, Malformed) or answer is not None:
            return answer or ERROR, False
        self.take({request.package: listed(request.dependencies) if request.command == "INDEX" else None})
        return OK, True

    def take(self, changes: Mapping[str, tuple[str, ...] | None]) -> None:
        """Lay *changes*, which are right, over what is known."""
        for package, needs in changes.items():
            for name in _others(package, self.needs(package)):
                self._dependants[name] = self._dependants.get(name, 0) - 1
            for name in _others(package, needs):
                self._dependants[name] = self._dependants.get(name, 0) + 1
            self._needs[package] = needs

    def changes(self) -> Changes:
        """What is otherwise than below: what was changed and changed back is not."""
        return {package: needs for package, needs in self._needs.items() if needs != self._below.needs(package)}


def listed(names: Iterable[str]) -> tuple[str, ...]:
    """*names* as a tree holds them: each once, in order."""
    return tuple(sorted(set(names)))


def _answer(view: View, request: Request) -> bytes | None:
    """The answer to *request*, or None when it is OK and changes something."""
    command, package, dependencies = request
    if command == "QUERY":
        return FAIL if view.needs(package) is None else OK
    if command == "REMOVE":
        if view.needs(package) is None:
            return OK
        return FAIL if view.dependants(package) else None
    for name in dependencies:
        if view.needs(name) is None:
            return FAIL
    return OK if view.needs(package) == listed(dependencies) else None


def _others(package: str, needs: tuple[str, ...] | None) -> Iterable[str]:
    """The names of *needs* that are not the package's own: it does not keep itself."""
    if needs and package in needs:
        return [name for name in needs if name != package]
    return needs or ()
