"""In which order versions are, by the rules of who made them, and whether one is what a relation or a question asks for.

Invariants:

* Every ordering is total, and has a place for every text: nothing raises but for an ordering that there is not.
* Keys of one ordering are equal exactly when its scheme calls two versions equal.

Who compares no versions imports none of this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pkgindex.errors import BadInput
from pkgindex.model.package import Release
from pkgindex.model.versions import apk, debian, ips, pacman, pep440, rpm, semver

DEFAULT = "debian"
# The field by which a release says that it is of another ordering than its repository.
SCHEME = "version-scheme"

# Which orders of a version and another, -1, 0 or 1, an operator asks for.
_ORDERS = {"<<": (-1,), "<=": (-1, 0), "=": (0,), ">=": (0, 1), ">>": (1,)}
OPERATORS = tuple(_ORDERS)
_OTHERWISE = {"<": "<<", ">": ">>", "==": "="}


def _whole(version: Any, wanted: Any) -> Any:
    return version


class Ordering(NamedTuple):
    """`key` turns a version into what compares; `cut` takes from one key what another, that is wanted, leaves open."""

    key: Callable[[str], Any]
    cut: Callable[[Any, Any], Any] = _whole


ORDERINGS = {
    "debian": Ordering(debian.key),
    "rpm": Ordering(rpm.key, rpm.cut),
    "pacman": Ordering(pacman.key, pacman.cut),
    "apk": Ordering(apk.key),
    "ips": Ordering(ips.key, ips.cut),
    "pep440": Ordering(pep440.key, pep440.cut),
    "semver": Ordering(semver.key),
}


def ordering_of(release: Release, default: str = DEFAULT) -> str:
    """The name of the ordering that *release* is of: what it says itself, when there is such a one, or *default*."""
    named = release.fields.get(SCHEME, "").lower()
    return named if named in ORDERINGS else default


def compare(left: str, right: str, ordering: str = DEFAULT) -> int:
    """-1, 0 or 1: *left* is earlier than, equal to, or later than *right*. Raises `BadInput`."""
    key = named(ordering).key
    return _compared(key(left), key(right))


def satisfies(version: str, operator: str, wanted: str, ordering: str = DEFAULT) -> bool:
    """Whether *version* is what `(operator wanted)` asks for; no operator asks for nothing. Raises `BadInput`.

    >>> satisfies("2.36-9", ">=", "2.34"), satisfies("2.36-9", "<<", "2.34"), satisfies("2.36-9", "=", "2.36", "rpm")
    (True, False, True)
    """
    return not operator or version_test(operator, wanted, ordering)(version)


def version_test(operator: str, wanted: str, ordering: str = DEFAULT) -> Callable[[str], bool]:
    """The test of many versions against one that is *wanted*. Raises `BadInput`."""
    operator = _OTHERWISE.get(operator, operator)
    if operator not in OPERATORS:
        raise BadInput(f"no version operator {operator!r}: use one of {' '.join(OPERATORS)}")
    key, cut = named(ordering)
    asked, orders = key(wanted), _ORDERS[operator]
    return lambda version: _compared(cut(key(version), asked), asked) in orders


def _compared(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def named(ordering: str) -> Ordering:
    """The ordering of that name. Raises `BadInput`, saying which there are."""
    if ordering not in ORDERINGS:
        raise BadInput(f"no ordering of versions is called {ordering!r}: there is {', '.join(ORDERINGS)}")
    return ORDERINGS[ordering]
