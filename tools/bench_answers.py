"""Answers compared with those of apt-file, apt-cache and SQLite, on questions drawn at random (always the same ones).

By design two things differ: apt keeps `name:any` as a package of its own, so its reverse dependencies leave out whoever names a
package with a qualifier; and it does not count a package that provides a name among those that name it. Every name that only
pkgindex has must be explained by one of the two, from the plain list.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable
from typing import NamedTuple

from bench_data import Place
from bench_peers import Peers, missing
from bench_questions import SEED, sample_paths
from bench_timing import run
from pkgindex.query.hits import PathHit
from pkgindex.query.index import Index

HEAD = ("questions", "beside", "asked", "the same", "by design", "different")
OWNERS, NOWHERE, PARTS, PACKAGES = 130, 40, 30, 100
PART_CHARACTERS = 12
KINDS = {
    "Depends": "depends", "PreDepends": "pre-depends", "Recommends": "recommends", "Suggests": "suggests",
    "Enhances": "enhances", "Conflicts": "conflicts", "Breaks": "breaks", "Replaces": "replaces",
}
NAMED = frozenset(KINDS.values())
SQL_DEPENDS = "SELECT DISTINCT package FROM edges WHERE name = ? AND kind = 'depends'"


class Compared(NamedTuple):
    """A battery of questions: how many answers were the same, the same but for what differs by design, and which were not."""

    what: str
    beside: str
    asked: int
    same: int = 0
    by_design: int = 0
    different: tuple[str, ...] = ()
    missing: str = ""


def compared(place: Place, index: Index, peers: Peers) -> list[Compared]:
    return [
        *_about_files(place, index, peers),
        *_about_relations(index, peers),
        _about_search(index, peers),
    ]


def lines_of(batteries: Iterable[Compared]) -> list[tuple[str, ...]]:
    return [
        (found.what, found.beside, str(found.asked), found.missing or str(found.same), str(found.by_design),
         f"**{len(found.different)}: {found.different[0]}**" if found.different else "0")
        for found in batteries
    ]


# Files


def _about_files(place: Place, index: Index, peers: Peers) -> list[Compared]:
    """Exact paths in one call of apt-file, parts of paths in one call each: many in one take it longer than all of those."""
    paths = [_text(path) for path in sample_paths(peers.pairs, OWNERS, SEED + 1)]
    paths += [f"{path}.{number}" for number, path in enumerate(paths[:NOWHERE])]
    parts = sorted({_text(path)[-PART_CHARACTERS:] for path in sample_paths(peers.pairs, PARTS, SEED + 2)})
    if missing("apt-file"):
        asked = (("owner", paths), ("path", parts))
        return [Compared(what, "apt-file", len(found), missing=missing("apt-file")) for what, found in asked]
    file = place.path("asked")
    with open(file, "w", encoding="utf-8", errors="surrogateescape") as text:
        text.writelines(f"{path}\n" for path in paths)
    owners = _apt_file(peers, "-F", "-f", "search", file)
    return [
        _files_battery("owner", paths, index.owner, lambda path: {found for found in owners if found[1] == path}),
        _files_battery("path", parts, index.paths, lambda part: _apt_file(peers, "--substring-match", "search", part)),
    ]


def _files_battery(
    what: str, asked: list[str], ours: Callable[[str], Iterable[PathHit]], theirs: Callable[[str], set[tuple[str, str]]]
) -> Compared:
    different = []
    for question in asked:
        odd = {(hit.package, hit.path) for hit in ours(question)} ^ theirs(question)
        if odd:
            different.append(f"{what} {question}: {sorted(odd)[:3]}")
    return Compared(what, "apt-file", len(asked), len(asked) - len(different), 0, tuple(different))


def _apt_file(peers: Peers, *words: str) -> set[tuple[str, str]]:
    """(package, path) of each line that it prints."""
    output = _text(run(["apt-file", *words], peers.apt).output)
    return {(name, path) for name, _, path in (line.partition(": ") for line in output.split("\n") if line)}


# Relations


def _about_relations(index: Index, peers: Peers) -> list[Compared]:
    if missing("apt-cache"):
        return [Compared(what, "apt-cache", PACKAGES, missing=missing("apt-cache")) for what in ("deps", "rdeps")]
    database = peers.opened()
    try:
        asked = _some_packages(database)
        return [_dependencies(index, peers, asked), _dependants(index, peers, database, asked)]
    finally:
        database.close()


def _dependencies(index: Index, peers: Peers, asked: list[str]) -> Compared:
    theirs = dealt_out(_text(run(["apt-cache", "depends", *asked], peers.apt).output))
    different = []
    for name in asked:
        found = {(edge.kind, edge.name) for edge in index.dependencies(name) if edge.kind in NAMED}
        expected = {edge for edge in map(dependency, theirs.get(name, ())) if edge is not None}
        if found != expected:
            different.append(f"deps {name}: {sorted(found ^ expected)[:3]}")
    return Compared("deps", "apt-cache depends", len(asked), len(asked) - len(different), 0, tuple(different))


def _dependants(index: Index, peers: Peers, database: sqlite3.Connection, asked: list[str]) -> Compared:
    theirs = dealt_out(_text(run(["apt-cache", "rdepends", *asked], peers.apt).output))
    same, by_design, different = 0, 0, []
    for name in asked:
        found = {edge.name for edge in index.dependants(name)}
        expected = {line.strip(" |") for line in theirs.get(name, ()) if line != "Reverse Depends:"}
        explained = {package for package, in database.execute(
            "SELECT package FROM edges WHERE name = ? AND (qualifier <> '' OR kind = 'provides')", (name,))}
        if found == expected:
            same += 1
        elif found - explained <= expected <= found:
            by_design += 1
        else:
            different.append(f"rdeps {name}: {sorted(found ^ expected - explained)[:3]}")
    return Compared("rdeps", "apt-cache rdepends", len(asked), same, by_design, tuple(different))


# Questions


def _about_search(index: Index, peers: Peers) -> Compared:
    """What one field holds, for each section there is and for names that are depended upon."""
    database = peers.opened()
    try:
        asked = {f"section:{section}": ("SELECT name FROM packages WHERE section = ?", section)
                 for section, in database.execute("SELECT DISTINCT section FROM packages WHERE section <> '' ORDER BY section")}
        asked.update({f"depends:{name}": (SQL_DEPENDS, name) for name in _some_packages(database)})
        different = []
        for question, (sql, value) in asked.items():
            theirs = {name for name, in database.execute(sql, (value,))}
            odd = {found.package for found in index.search(question, packages=True)} ^ theirs
            if odd:
                different.append(f"search {question}: {sorted(odd)[:3]}")
        return Compared("search", "SQLite", len(asked), len(asked) - len(different), 0, tuple(different))
    finally:
        database.close()


def _some_packages(database: sqlite3.Connection) -> list[str]:
    names = [name for name, in database.execute("SELECT name FROM packages ORDER BY name")]
    return [*random.Random(SEED).sample(names, PACKAGES - 2), "python3", "debconf"]


def dealt_out(output: str) -> dict[str, list[str]]:
    """The lines below each name that stands at the beginning of a line.

    >>> dealt_out("curl\\n  Depends: libc6\\n    libc6.1\\nbash\\nReverse Depends:\\n |dash\\n")
    {'curl': ['  Depends: libc6', '    libc6.1'], 'bash': ['Reverse Depends:', ' |dash']}
    """
    found: dict[str, list[str]] = {}
    name = ""
    for line in output.split("\n"):
        if line.startswith(" ") or line == "Reverse Depends:":
            found.setdefault(name, []).append(line)
        elif line:
            name = line
            found.setdefault(name, [])
    return found


def dependency(line: str) -> tuple[str, str] | None:
    """(kind, name) of a line of `apt-cache depends`; None for the lines of who provides it.

    >>> dependency(" |Depends: python3:any"), dependency("  PreDepends: <none-such>"), dependency("    exim4")
    (('depends', 'python3'), ('pre-depends', 'none-such'), None)
    """
    kind, colon, name = line.strip(" |").partition(": ")
    return (KINDS[kind], name.strip("<>").partition(":")[0]) if colon and kind in KINDS else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
