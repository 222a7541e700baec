"""Hits: one answer each, with where it is from. Their fields are those of `--json` and `--jsonl`."""

from __future__ import annotations

from typing import NamedTuple


class PathHit(NamedTuple):
    """A package that ships a path. `path` is absolute; bytes that are no UTF-8 are surrogates."""

    repo: str
    generation: int
    package: str
    path: str


class Hit(NamedTuple):
    """What of a package matched a question: the *value* of a *field*, as it is spelled there.

    The field `package` is what `<...>` makes of hits. The score is the package's: the higher, the better.
    """

    repo: str
    generation: int
    package: str
    field: str
    value: str
    score: float


class Answer(NamedTuple):
    """A package that a search found, with what of it matched (nothing when only packages were asked for)."""

    repo: str
    generation: int
    package: str
    score: float
    summary: str
    hits: tuple[Hit, ...] = ()


class Edge(NamedTuple):
    """A relation between the package that was asked about and *name*, the other end.

    `constraint` is the version restriction (`>= 2.36`), `relation` the whole text it stands in, with its alternatives.
    `shipped`: whether the repository has a package of that name. `provided_by`: who else satisfies it, when that was asked.
    `via` and `depth` say how a transitive answer came about: the package that the relation is of, and how many steps away.
    """

    repo: str
    generation: int
    package: str
    kind: str
    name: str
    constraint: str = ""
    relation: str = ""
    shipped: bool = True
    provided_by: tuple[str, ...] = ()
    via: str = ""
    depth: int = 1


class DiffHit(NamedTuple):
    """A package that is not in `generation` what it was in `before`; the versions are those of its releases."""

    repo: str
    generation: int
    package: str
    change: str
    before: int
    versions_before: tuple[str, ...]
    versions: tuple[str, ...]


class RepositoryStatus(NamedTuple):
    """One repository as it stands; sizes are bytes, `age_seconds` since its generation was published."""

    repo: str
    generation: int
    packages: int
    paths: int
    shards: int
    bytes: int
    age_seconds: float
    loose: int
    retained: tuple[int, ...]
    partition: str
    ordering: str
