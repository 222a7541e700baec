"""What a conda package depends on, as relations of ours: a name, versions, and a build, which is left out.

    python >=3.9,<3.10.0a0      libgcc-ng 12.*      blas * *mkl      numpy 1.21|1.22      zlib=1.2
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pkgindex.model.package import Relation
from pkgindex.sources.hosts.constraints import Bound, following, numbers, operator, relations

_SPEC = re.compile(r"(?:.*::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)(?:\[[^\]]*\])?\s*([^\s\[]*)(.*)", re.DOTALL)
_CLAUSE = re.compile(r"(==|~=|!=|<=|>=|<|>|=)?(.+)")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def required(specs: Iterable[str]) -> tuple[Relation, ...]:
    """The relations of a `depends` list.

    >>> [found.written for relation in required(["python >=3.9,<3.10.0a0", "zlib 1.2.*"]) for found in relation]
    ['python (>= 3.9)', 'python (<< 3.10.0a0)', 'zlib (>= 1.2.dev0)', 'zlib (<< 1.3.dev0)']
    """
    found: list[Relation] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec.strip())
        if match is not None:
            found += relations(match[1].lower(), [_bounds(choice) for choice in match[2].split("|")])
    return tuple(dict.fromkeys(found))


def name(spec: str) -> str:
    """The package that *spec* is about; empty for what is none.

    >>> name("conda-forge::NumPy>=1.2"), name("")
    ('numpy', '')
    """
    match = _SPEC.fullmatch(spec.strip())
    return match[1].lower() if match else ""


def _bounds(choice: str) -> list[Bound]:
    found: list[Bound] = []
    for clause in filter(None, choice.split(",")):
        match = _CLAUSE.fullmatch(clause)
        if match is not None:
            found += _bound(match[1] or "", match[2])
    return found


def _bound(sign: str, version: str) -> list[Bound]:
    release = _NUMBERS.match(version)
    plain = version.rstrip("*").rstrip(".")
    places = numbers(release[0]) if release else []
    if not places or not plain:
        return []
    begins = version.endswith("*") or sign == "="
    if begins and sign in ("", "=", "=="):
        return [(">=", f"{plain}.dev0"), ("<<", f"{following(places, len(places) - 1)}.dev0")]
    if sign == "~=" and len(places) > 1:
        return [(">=", plain), ("<<", f"{following(places, len(places) - 2)}.dev0")]
    ours = operator(sign or "=")
    return [(ours, plain)] if ours else []
