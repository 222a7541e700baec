"""A text shard with posting lists of our own beside SQLite's FTS5 with bm25, on the same packages."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench_data import Place
from bench_table import figure
from bench_timing import interleaved
from pkgindex.format import terms, tokens
from pkgindex.model.package import Package, Release
from pkgindex.packer.shardfile import build_text
from pkgindex.query.index import Index
from pkgindex.snapshot.text import summary_of
from pkgindex.sources.facts import Releases
from pkgindex.sources.packages import Packages

HEAD = ("text index", "built in", "size", "`web server`, 20 best", "`python`, 20 best", "of ours among its 20 best")
# The weights are those of our own columns.
SQL = "SELECT package FROM texts WHERE texts MATCH ? ORDER BY bm25(texts, 8, 4, 1, 0.5), package LIMIT ? OFFSET ?"
BEST = 20
QUESTIONS = (("web", "server"), ("python",))


class Fts:
    """SQLite's full-text index of the same words in the same four columns, and the cost of making it."""

    def __init__(self, place: Place, packages: list[Package]) -> None:
        self.file = place.path("peers", "fts.sqlite")
        self.seconds = _timed(lambda: self._build(packages))
        self._connection = sqlite3.connect(f"file:{self.file}?mode=ro&immutable=1", uri=True)

    def best(self, *words: str, limit: int = BEST, offset: int = 0) -> list[str]:
        """The names of packages that hold all of *words*, best first; all of them when *limit* is -1."""
        asked = " AND ".join(f'"{word}"' for word in words)
        return [name for name, in self._connection.execute(SQL, (asked, limit, offset))]

    def count(self, asked: str) -> int:
        """How many packages fit the MATCH expression *asked*."""
        return len(self._connection.execute("SELECT package FROM texts WHERE texts MATCH ?", (asked,)).fetchall())

    def beside(self, database: str) -> sqlite3.Connection:
        """The connection, with the tables of *database* too."""
        if not any(name == "beside" for _, name, _ in self._connection.execute("PRAGMA database_list")):
            self._connection.execute("ATTACH ? AS beside", (f"file:{database}?mode=ro&immutable=1",))
        return self._connection

    def _build(self, packages: list[Package]) -> None:
        if os.path.exists(self.file):
            os.unlink(self.file)
        connection = sqlite3.connect(self.file)
        connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE VIRTUAL TABLE texts USING fts5 (name, summary, description, attributes, package UNINDEXED);"
        )
        connection.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?)", map(_columns, packages))
        connection.execute("INSERT INTO texts (texts) VALUES ('optimize')")
        connection.commit()
        connection.execute("VACUUM")
        connection.close()


def packages_in(path: str) -> list[Package]:
    """The packages of the list at *path*, in the order of names, without their files."""
    releases: dict[str, dict[tuple[str, str], Release]] = {}
    with open(path, "rb") as stream:
        for fact in Packages().read(stream, "Packages"):
            if isinstance(fact, Releases):
                releases.setdefault(fact.package, {})[fact.release.version, fact.release.architecture] = fact.release
    return [Package(name, releases[name]) for name in sorted(releases)]


def text_table(place: Place, index: Index, packages: list[Package], fts: Fts) -> list[tuple[str, ...]]:
    """The lines below `HEAD`. What both are built from is in memory, and is not counted."""
    file = place.path("peers", "text.sqlite")
    seconds = _timed(lambda: build_text(file, map(_row, packages)))
    rows = []
    ours, theirs = [], []
    for words in QUESTIONS:
        ask = _asker(index, words)
        timed = interleaved({"ours": _counted(ask), "fts": _counted(partial(fts.best, *words))})
        shared = set(ask()) & set(fts.best(*words))
        ours.append(figure(timed["ours"].seconds, "s"))
        theirs.append((figure(timed["fts"].seconds, "s"), str(len(shared))))
    rows.append(("posting lists (pkgindex)", figure(seconds, "s"), figure(os.path.getsize(file), "bytes"), *ours, "-"))
    rows.append(("SQLite FTS5, bm25", figure(fts.seconds, "s"), figure(os.path.getsize(fts.file), "bytes"),
                 *(took for took, _ in theirs), ", ".join(shared for _, shared in theirs)))
    os.unlink(file)
    return rows


def _asker(index: Index, words: tuple[str, ...]) -> Callable[[], list[str]]:
    return lambda: [found.package for found in index.search(" ".join(words), limit=BEST, packages=True)]


def _counted(ask: Callable[[], list[str]]) -> Callable[[], int]:
    return lambda: len(ask())


def _row(package: Package) -> list[Any]:
    """What a text shard is made of."""
    return [package.name, summary_of(package), terms.impacts(package), list(tokens.keys(package))]


def _columns(package: Package) -> tuple[str, ...]:
    """The words of each of our columns, and the name as it is."""
    return (*(" ".join(words) for words in terms.columns_of(package)), package.name)


def _timed(task: Callable[[], object]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began
