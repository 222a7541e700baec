"""Relations between packages in Debian syntax (deb-control(5), "Package relationships"), leniently spaced.

A field is a list of relations, each a choice of alternatives, each a name with its restrictions:

    libc6 (>= 2.36) | libc6-udeb, python3:any (>= 3.11) [amd64 !i386] <!nocheck> <cross>
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pkgindex.model.package import KINDS, Alternative, Relation
from pkgindex.sources.names import Unreadable, package_name, shown

# Two fields that say the same of a package: which sources it was built from, and must be kept for.
FIELDS: Mapping[str, str] = {**{kind: kind for kind in KINDS}, "static-built-using": "built-using"}

_ALTERNATIVE = re.compile(
    r"""\s* (?P<name> [^\s:()\[\]<>|,]+ )
        (?: \s*:\s* (?P<qualifier> [A-Za-z0-9][A-Za-z0-9-]* ) )? \s*
        (?: \( \s* (?P<operator> <<|<=|<|>>|>=|>|==?|) \s* (?P<version> [^\s()<>=|,]+ ) \s* \) \s* )?
        (?: \[ (?P<architectures> [^\[\]]* ) \] \s* )?
        (?P<profiles> (?: <[^<>]*> \s* )* ) $""",
    re.VERBOSE,
)
# `<` and `>` are what `<=` and `>=` were once written as; no operator means `=`, as in dpkg.
_OPERATORS = {"<": "<=", ">": ">=", "==": "=", "": "="}

# The same few thousand relations make up a distribution: those of 63,440 packages take 0.43 s
# with this, 0.88 s without.
_CACHE_MAX = 200_000
_cache: dict[str, Relation] = {}


def parse(value: str) -> tuple[Relation, ...]:
    """The relations of a field. Raises `Unreadable`, naming the clause."""
    relations: list[Relation] = []
    for clause in value.split(","):
        relation = _cache.get(clause)
        if relation is None:
            relation = _relation(clause)
        if relation:
            relations.append(relation)
    return tuple(relations)


def forget() -> None:
    """Who has read all that there was, and stays, needs no memory of it."""
    _cache.clear()


def _relation(clause: str) -> Relation:
    """One clause between commas; an empty one (a comma too many) is an empty relation."""
    relation = tuple(map(_alternative, clause.split("|"))) if clause.strip() else ()
    if len(_cache) >= _CACHE_MAX:
        _cache.clear()
    if len(clause) < 256:  # so that the cache is bounded in bytes too
        _cache[clause] = relation
    return relation


def _alternative(text: str) -> Alternative:
    # One blank at most in a row: the expression tries every way to share a run of them out.
    match = _ALTERNATIVE.match(" ".join(text.split()))
    if match is None:
        raise Unreadable(f"relation {shown(text.strip())} is not of the form 'name (>= version)'")
    name, qualifier, operator, version, architectures, profiles = match.groups()
    if version is None:
        operator = ""
    else:
        operator = _OPERATORS.get(operator, operator)
    return Alternative(
        package_name(name),
        qualifier or "",
        operator,
        version or "",
        " ".join((architectures or "").split()),
        profiles.strip()[1:-1].strip(),
    )
