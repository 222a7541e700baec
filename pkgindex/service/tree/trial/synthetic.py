"""Graphs to try a server with: made up, or a real one without its circles."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from pkgindex.service.tree.components import components

# As in a collection of 3,400 packages with 23,000 dependencies.
EDGES_EACH = 6.8
# The higher, the more packages depend on the same few, as on a C library.
SKEW = 3


def synthetic(packages: int, seed: int) -> dict[str, tuple[str, ...]]:
    """As many packages, each with `EDGES_EACH` dependencies on an average, most of them on a few; the same for one *seed*."""
    chance = random.Random(seed)
    names = [f"package-{number:05}" for number in range(packages)]
    chance.shuffle(names)
    return {name: tuple(_chosen(names, number, chance)) for number, name in enumerate(names)}


def _chosen(names: Sequence[str], number: int, chance: random.Random) -> list[str]:
    """Dependencies of the package at *number*: some of those before it."""
    count = chance.randint(0, round(2 * EDGES_EACH))
    if number <= 4 * count:
        return sorted(chance.sample(names[:number], min(count, number)))
    found: set[str] = set()
    while len(found) < count:
        found.add(names[int(number * chance.random() ** SKEW)])
    return sorted(found)


def without_circles(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """*needs*, where packages that depend on each other do so by name only in one direction, and none on itself.

    >>> without_circles({"a": ("b",), "b": ("a", "b", "c"), "c": ()})
    {'c': (), 'a': (), 'b': ('a', 'c')}
    """
    place = {name: number for number, name in enumerate([name for group in components(needs) for name in group])}
    return {package: tuple([name for name in needs[package] if place[name] < place[package]]) for package in place}
