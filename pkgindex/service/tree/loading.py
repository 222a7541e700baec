"""Loading a list of packages into a server: pass after pass, until one is OK from end to end, or nothing moves any more.

Invariants:

* A pass asks dependencies before those that need them, so that one pass is enough where nothing stands in the way.
* What stays impossible is named with its reason, and with what it waits for.
* A circle is broken only where all that it needs from outside can be indexed: no package is left with half its list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pkgindex.errors import BadInput
from pkgindex.service.tree.client import encode
from pkgindex.service.tree.components import Needs, components, is_cyclic
from pkgindex.service.tree.protocol import Request

Ask = Callable[[Iterable[Request]], Iterator[str]]
Tell = Callable[[str], None]


class Left(NamedTuple):
    """A package that was not indexed. `reason` is one of

    unfit       the server takes no such line
    missing     it depends on `names`, which nobody has indexed
    cyclic      it depends on itself by way of `names`
    waits       it depends on `names`, which are left themselves
    """

    package: str
    reason: str
    names: tuple[str, ...] = ()


class Loaded(NamedTuple):
    """How a load ended."""

    packages: int
    passes: int
    left: tuple[Left, ...]


class Load:
    """*needs*, loaded by way of *ask*. With *cycles* packages that need each other are indexed without that at first."""

    def __init__(self, needs: Needs, ask: Ask, tell: Tell = lambda words: None, cycles: bool = False) -> None:
        self._needs = needs
        self._ask = ask
        self._tell = tell
        self._cycles = cycles
        self._unfit = {package for package in needs if not _is_fit(package, needs)}
        self._order = components({package: names for package, names in needs.items() if package not in self._unfit})
        self._waiting = {package for component in self._order for package in component}

    def run(self) -> Loaded:
        """Pass after pass; how it ended."""
        passes, before = 0, -1
        while self._waiting and (len(self._waiting) != before or (self._cycles and passes == 1)):
            before = len(self._waiting)
            self._pass(self._cycles and passes > 0)
            passes += 1
        return Loaded(len(self._needs), passes, tuple(self._reasons()))

    def _pass(self, breaking: bool) -> None:
        hopeless = self._hopeless() if breaking else set()
        requests = [request for component in self._order
                    for request in self._steps(component, breaking and hopeless.isdisjoint(component))]
        for place, (request, answer) in enumerate(zip(requests, self._ask(requests), strict=True), 1):
            if answer == "OK" and request == self._whole(request.package):
                self._waiting.discard(request.package)
            elif answer == "ERROR":
                self._unfit.add(request.package)
            if not place % 100 or place == len(requests):
                self._tell(f"indexing, {place} of {len(requests)}")
        self._waiting -= self._unfit

    def _steps(self, component: tuple[str, ...], breaking: bool) -> Iterator[Request]:
        waiting = [package for package in component if package in self._waiting]
        if breaking and waiting and is_cyclic(component, self._needs):
            for package in waiting:
                yield self._whole(package, frozenset(component))
        for package in waiting:
            yield self._whole(package)

    def _hopeless(self) -> set[str]:
        """The packages that need what nobody has indexed and this list does not hold, themselves or by way of others."""
        lost = self._unfit | self._absent(self._outside())
        for component in self._order:
            if not lost.isdisjoint(name for package in component for name in self._needs[package]):
                lost |= set(component) & self._waiting
        return lost

    def _outside(self) -> set[str]:
        """What waiting packages need and no pass has indexed or will."""
        return {name for package in self._waiting for name in self._needs[package]} - self._waiting - self._unfit

    def _whole(self, package: str, without: frozenset[str] = frozenset()) -> Request:
        return Request("INDEX", package, tuple([name for name in self._needs[package] if name not in without]))

    def _reasons(self) -> Iterator[Left]:
        yield from [Left(package, "unfit") for package in sorted(self._unfit)]
        left = self._waiting | self._unfit
        absent = self._absent(self._outside())
        for component in self._order:
            for package in component:
                if package in self._waiting:
                    yield self._reason(package, component, absent, left)

    def _reason(self, package: str, component: tuple[str, ...], absent: set[str], left: set[str]) -> Left:
        needs = sorted(set(self._needs[package]))
        if missing := tuple([name for name in needs if name in absent]):
            return Left(package, "missing", missing)
        if is_cyclic(component, self._needs) and not self._cycles:
            return Left(package, "cyclic", tuple([name for name in needs if name in component]))
        return Left(package, "waits", tuple([name for name in needs if name in left]))

    def _absent(self, names: set[str]) -> set[str]:
        requests = [Request("QUERY", name) for name in sorted(names)]
        return {request.package for request, answer in zip(requests, self._ask(requests), strict=True) if answer != "OK"}


def _is_fit(package: str, needs: Needs) -> bool:
    try:
        encode(Request("INDEX", package, tuple(needs[package])))
    except BadInput:
        return False
    return True
