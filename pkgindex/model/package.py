"""What is known of a package, in three facets: `meta` (its releases), `files`, and `text`.

Plain named tuples, because reading commands must not pay for the import of `dataclasses` (15 ms of `inspect`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

# The kinds of relation, in the order of their bits in a reverse file. Append only: the numbers are on disk.
KINDS = (
    "depends",
    "pre-depends",
    "recommends",
    "suggests",
    "enhances",
    "conflicts",
    "breaks",
    "replaces",
    "provides",
    "built-using",
)
# What must be there for a package to work: the kinds that `--transitive` and `why` follow unless told otherwise.
NEEDS = ("pre-depends", "depends")

FACETS = ("meta", "files", "text")


class Alternative(NamedTuple):
    """One name in a relation: `python3:any (>= 3.11) [amd64] <!nocheck>`.

    `operator` is one of `<< <= = >= >>` or empty; `architectures` and `profiles` are kept as they were written,
    without their brackets, because they restrict where the relation holds and not what it names.
    """

    name: str
    qualifier: str = ""
    operator: str = ""
    version: str = ""
    architectures: str = ""
    profiles: str = ""

    @property
    def constraint(self) -> str:
        """The version restriction as a person writes it, `>= 3.11`, or the empty text."""
        return f"{self.operator} {self.version}" if self.operator else ""

    @property
    def written(self) -> str:
        """As a control file writes it.

        >>> Alternative("python3", "any", ">=", "3.11").written
        'python3:any (>= 3.11)'
        """
        return (
            self.name
            + (f":{self.qualifier}" if self.qualifier else "")
            + (f" ({self.constraint})" if self.operator else "")
            + (f" [{self.architectures}]" if self.architectures else "")
            + (f" <{self.profiles}>" if self.profiles else "")
        )


# A relation holds when one of its alternatives does.
Relation = tuple[Alternative, ...]


class Release(NamedTuple):
    """One version of a package for one architecture.

    `fields` holds every other attribute its source carried, by lower-case name: `summary`, `section`, `maintainer`,
    `homepage`, `license`, `source`, `size`, `installed-size` (bytes and KiB as the source counts them), `tag` ...
    `relations` maps a kind of `KINDS` to its relations.
    """

    version: str = ""
    architecture: str = ""
    fields: Mapping[str, str] = {}
    relations: Mapping[str, tuple[Relation, ...]] = {}

    @property
    def summary(self) -> str:
        return self.fields.get("summary", "")

    def edges(self) -> Iterator[tuple[str, Alternative]]:
        """Every (kind, alternative) that this release names."""
        for kind, relations in self.relations.items():
            for relation in relations:
                for alternative in relation:
                    yield kind, alternative


class Text(NamedTuple):
    """A description in one language (the empty language: the package's own)."""

    summary: str = ""
    description: str = ""


class Package(NamedTuple):
    """A name in a repository with all that is known of it.

    `releases` is keyed by (version, architecture); `files` maps an architecture (empty: not said) to its sorted paths,
    bytes beginning with `/`; `texts` maps a language to a `Text`.
    """

    name: str
    releases: Mapping[tuple[str, str], Release] = {}
    files: Mapping[str, list[bytes]] = {}
    texts: Mapping[str, Text] = {}
