"""The packages that tree servers are measured with: those of Debian, and made-up ones.

    around      libc6 and the packages that depend on it; of these the 13,000 on which most others depend
    all         every package of the list
    synthetic   as `bench tree` makes them up: 3,400 packages with some 23,000 dependencies

What a package depends on is cut to what is there; `bench tree` cuts circles.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from bench_data import Lists, Place, unpack
from bench_peers import names_in, stanzas
from pkgindex.service.tree.graph import cut
from pkgindex.service.tree.listing import written
from pkgindex.service.tree.trial.synthetic import synthetic, without_circles

CENTRE = "libc6"
AROUND = 13_000
SYNTHETIC = 3_400
NEEDS = ("Depends", "Pre-Depends")
Needs = Mapping[str, tuple[str, ...]]


class Graph(NamedTuple):
    """Packages in a list that `bench tree` and `tree load` read."""

    name: str
    file: str
    packages: int
    edges: int


def graphs(place: Place, lists: Lists) -> dict[str, Graph]:
    """All of them, by name, written anew."""
    place.emptied("graphs")
    every = cut(_of_debian(place, lists))
    found = {"around": around(every, CENTRE, AROUND), "all": every, "synthetic": synthetic(SYNTHETIC, 1)}
    return {name: _written(place, name, without_circles(needs)) for name, needs in found.items()}


def around(needs: Needs, centre: str, most: int) -> Needs:
    """*centre*, and of the packages that depend on it those *most* on which most others depend.

    >>> around({"a": (), "b": ("a",), "c": ("a", "b"), "d": ("a", "c"), "e": ("c",)}, "a", 2)
    {'a': (), 'b': ('a',), 'c': ('a', 'b')}
    """
    dependants = Counter(name for names in needs.values() for name in names)
    near = sorted((package for package, names in needs.items() if centre in names), key=lambda name: (-dependants[name], name))
    return cut({package: needs[package] for package in [centre, *near[:most]]})


def absent(graph: Graph, place: Place) -> Graph:
    """The same packages, and as many that nobody has indexed."""
    with open(graph.file, encoding="utf-8") as file:
        names = [line.partition(":")[0] for line in file]
    return _written(place, f"{graph.name}-and-absent", {name: () for known in names for name in (known, f"absent-{known}")})


def _of_debian(place: Place, lists: Lists) -> dict[str, set[str]]:
    packages = place.path("plain", "Packages")
    if not os.path.exists(packages):
        os.makedirs(os.path.dirname(packages), exist_ok=True)
        unpack(lists.files["Packages"], packages)
    found: dict[str, set[str]] = {}
    with open(packages, encoding="utf-8", errors="replace") as file:
        for fields in stanzas(file):
            needs = found.setdefault(fields["Package"], set())
            needs.update(name for kind in NEEDS for name, _ in names_in(fields.get(kind, "")))
    return found


def _written(place: Place, name: str, needs: Needs) -> Graph:
    path = place.path("graphs", name)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{written(package, names)}\n" for package, names in needs.items())
    return Graph(name, path, len(needs), sum(map(len, needs.values())))
