"""What a Python package requires (PEP 508), as relations of ours.

    requests[socks] (>=2.8.1,!=2.9,<3) ; python_version < "3.8" and extra == "net"

An extra is a suggestion that names it, `requests <net>`; what a marker rules out here is left out. A version that must not
be is no bound of a range, and is left to the line as it was written, which is kept beside the relations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pkgindex.model.package import Relation
from pkgindex.sources.hosts.constraints import Bound, following, numbers, operator, relations
from pkgindex.sources.hosts.markers import extras, holds

_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*(@[^;]*|[^;]*)(?:;(.*))?", re.DOTALL
)
_CLAUSE = re.compile(r"\s*(===|==|~=|!=|<=|>=|<|>)\s*([^\s,()]+)\s*")
_SEPARATORS = re.compile(r"[-_.]+")
_RELEASE = re.compile(r"(\d+(?:\.\d+)*)")


def normalized(name: str) -> str:
    """A name as Python's tools compare them.

    >>> normalized("Zope.Interface__x")
    'zope-interface-x'
    """
    return _SEPARATORS.sub("-", name).lower()


def required(lines: Iterable[str], known: Mapping[str, str]) -> dict[str, tuple[Relation, ...]]:
    """What *lines* of Requires-Dist come to in the environment that is *known*: `depends`, and `suggests` for extras."""
    depends: list[Relation] = []
    suggests: list[Relation] = []
    for line in lines:
        match = _REQUIREMENT.fullmatch(line)
        if match is None:
            continue
        name, _, versions, marker = match.groups()
        choice = _bounds(versions)
        if not marker or holds(marker, {**known, "extra": ""}):
            depends += relations(normalized(name), choice)
            continue
        for extra in extras(marker):
            if holds(marker, {**known, "extra": extra}):
                suggests += relations(normalized(name), choice, normalized(extra))
    return {"depends": tuple(dict.fromkeys(depends)), "suggests": tuple(dict.fromkeys(suggests))}


def _bounds(versions: str) -> list[list[Bound]]:
    """One choice: all bounds hold together. A direct reference has none."""
    if versions.lstrip().startswith("@"):
        return [[]]
    found: list[Bound] = []
    for sign, version in _CLAUSE.findall(versions):
        found += _bound(sign, version)
    return [found]


def _bound(sign: str, version: str) -> list[Bound]:
    """
    >>> _bound("~=", "1.4.2"), _bound("==", "1.4.*"), _bound("==", "1.4"), _bound("!=", "2")
    ([('>=', '1.4.2'), ('<<', '1.5.dev0')], [('>=', '1.4.dev0'), ('<<', '1.5.dev0')], [('=', '1.4')], [])
    """
    release = _RELEASE.match(version)
    places = numbers(release[1]) if release else []
    if sign == "~=" and len(places) > 1:
        return [(">=", version), ("<<", f"{following(places, len(places) - 2)}.dev0")]
    if sign in ("==", "===") and version.endswith(".*") and places:
        return [(">=", f"{version[:-2]}.dev0"), ("<<", f"{following(places, len(places) - 1)}.dev0")]
    return [(operator(sign), version)] if operator(sign) else []
