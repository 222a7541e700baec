"""Which answers are right, when many clients ask at the same time.

Each package is indexed and removed by one client only, and always with the same dependencies; those may be anybody's. So
of each package it is known what it is, but for the time from a change being asked to its answer. An answer is wrong when
it contradicts what was certain from the moment of the question to the moment of the answer:

    QUERY    OK though the package was not there all the time; FAIL though it was
    INDEX    OK though a dependency was not there all the time; FAIL though all were
    REMOVE   OK though a dependant was there all the time; FAIL though the package was not, or none of its dependants

Invariants:

* A server that is right is never called wrong: what changes meanwhile, and what was there before the first answer, is
  believed either way.
* It holds over any number of servers: what one has acknowledged all must know at once.

What it does not see: whether the dependencies of one INDEX were all there at the same moment, and not one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pkgindex.service.tree.protocol import Request


class Expectation:
    """Of packages with *needs*, which nobody else changes."""

    def __init__(self, needs: Mapping[str, Sequence[str]]) -> None:
        self._needs = needs
        self._dependants: dict[str, list[str]] = {package: [] for package in needs}
        for package, names in needs.items():
            for name in names:
                self._dependants[name].append(package)
        self._there: dict[str, bool] = {}
        self._since: dict[str, int] = {}
        self._changing: set[str] = set()
        self._moment = 0

    def asked(self, request: Request) -> int:
        """*request* is about to be sent: the moment, for `answered`."""
        self._moment += 1
        if request.command != "QUERY":
            self._changing.add(request.package)
        return self._moment

    def answered(self, request: Request, moment: int, answer: str) -> bool:
        """Whether *answer*, which has come just now, is right for *request*, asked at *moment*."""
        if request.command == "QUERY":
            return not self._certain(request.package, answer != "OK", moment)
        self._changing.discard(request.package)
        right = self._index_is_right(request, moment, answer) if request.command == "INDEX" else (
            self._remove_is_right(request.package, moment, answer))
        if answer == "OK":
            self._changed(request.package, request.command == "INDEX")
        return right and answer != "ERROR"

    def _index_is_right(self, request: Request, moment: int, answer: str) -> bool:
        if answer == "OK":
            return not any(self._certain(name, False, moment) for name in request.dependencies)
        return not self._all(request.dependencies, True, moment)

    def _remove_is_right(self, package: str, moment: int, answer: str) -> bool:
        dependants = self._dependants[package]
        if answer == "OK":
            return not any(self._certain(name, True, moment) for name in dependants)
        if self._certain(package, False, moment):
            return False
        # What was there from before may be kept by packages that are none of ours.
        return not (self._certain(package, True, moment) and self._all(dependants, False, moment))

    def _certain(self, package: str, there: bool, moment: int) -> bool:
        """Whether *package* was certainly there, or certainly not, from *moment* until now."""
        return self._there.get(package) is there and self._since[package] <= moment and package not in self._changing

    def _all(self, packages: Iterable[str], there: bool, moment: int) -> bool:
        return all(self._certain(package, there, moment) for package in packages)

    def _changed(self, package: str, there: bool) -> None:
        if self._there.get(package) is not there:
            self._moment += 1
            self._there[package], self._since[package] = there, self._moment
