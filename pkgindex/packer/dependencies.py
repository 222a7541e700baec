"""What of a package's record is its dependencies, for those who see a repository as a tree.

A package depends on every name in its `depends` and `pre-depends`, in any release and any alternative: removing what is
named would take away a choice that was there. Whether a name is shipped is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pkgindex.format.reverse import BIT
from pkgindex.model.package import NEEDS
from pkgindex.packer.updates import Parts


def needs_of(parts: Parts) -> tuple[str, ...]:
    """The names that the package depends on, each once, in order."""
    return tuple(sorted(name for name, kinds in parts.edges().items() if not kinds.isdisjoint(NEEDS)))


def release_of(needs: tuple[str, ...]) -> list[Any]:
    """The release of a package of which nothing is known but what it depends on, as a record holds it."""
    return ["", "", {}, {"depends": [[[name]] for name in needs]} if needs else {}]


def masks_of(parts: Parts) -> dict[str, int]:
    """By name, the kinds of relation in which it is named, as a reverse file holds them."""
    return {name: mask for name, kinds in parts.edges().items() if (mask := sum(BIT.get(kind, 0) for kind in kinds))}


def masks_of_needs(needs: Iterable[str]) -> dict[str, int]:
    """The same of a release of `release_of`."""
    return dict.fromkeys(needs, BIT["depends"])
