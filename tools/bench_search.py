"""Rows about the question language: what `search` answers, beside the tools that can answer some of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial

from bench_data import Place
from bench_peers import Peers, pkgindex
from bench_rows import Question, Tool, asked, count, process
from bench_table import Row
from bench_text import Fts
from bench_timing import lines
from pkgindex.query.index import Index

PAGE = 20
WORDS = ("web", "server")
PROCESS_TIMES_MAX = 6.0
BOOLEAN = "(web OR http) server section:httpd NOT name:*doc* file:/usr/sbin/*"
RELATION = "depends:libssl*"
SECTION = "section:mail NOT provides:mail-transport-agent"
NEEDS = "needs:libssl3"
VERSION = "version>=3.0~rc1"
PHRASE = "web server"

SQL_BOOLEAN = """
SELECT packages.name FROM texts JOIN packages ON packages.name = texts.package
WHERE texts MATCH '(web OR http) AND server' AND section = 'httpd' AND packages.name NOT LIKE '%doc%'
AND packages.name IN (SELECT package FROM pairs WHERE path BETWEEN CAST('/usr/sbin/' AS BLOB) AND CAST('/usr/sbin0' AS BLOB))"""
SQL_RELATION = "SELECT DISTINCT package FROM edges WHERE name GLOB 'libssl*' AND kind = 'depends'"
SQL_SECTION = """
SELECT name FROM packages WHERE section = 'mail' AND NOT EXISTS (
    SELECT 1 FROM edges WHERE package = packages.name AND kind = 'provides' AND edges.name = 'mail-transport-agent')"""
# Whatever a package provides is needed in its place.
SQL_NEEDS = """
WITH RECURSIVE reached(name, package) AS (
    VALUES ('libssl3', TRUE)
    UNION SELECT edges.package, TRUE FROM reached JOIN edges ON edges.name = reached.name
        WHERE kind IN ('depends', 'pre-depends')
    UNION SELECT edges.name, FALSE FROM reached JOIN edges ON edges.package = reached.name
        WHERE reached.package AND kind = 'provides'
) SELECT DISTINCT name FROM reached WHERE package AND name <> 'libssl3'"""
# Debian's own comparison, over the list as it is published. Run by the Python that apt's module is made for.
APT_PKG = """
import sys, apt_pkg
apt_pkg.init_system()
with open(sys.argv[1], encoding="utf-8") as file:
    print(*{fields["Package"] for fields in apt_pkg.TagFile(file)
            if apt_pkg.version_compare(fields["Version"], sys.argv[2]) >= 0}, sep="\\n")
"""


def search_rows(index: Index, peers: Peers, fts: Fts) -> list[Row]:
    """Questions asked of an open index. Programs beside it are whole processes; SQLite in Python has its files open too."""
    database = peers.opened()
    try:
        return [asked(question) for question in [*_ranked(index, peers, fts), *_decided(index, peers, database, fts)]]
    finally:
        database.close()


def whole_process_row(place: Place, peers: Peers) -> Row:
    words = ["search", *WORDS]
    return process(Question(
        f"search {' '.join(WORDS)} --limit {PAGE}, with what matched, whole process",
        lines(pkgindex(*words, "--limit", str(PAGE), index=place.index)), None, (
            Tool("apt-cache search", "apt-cache", lines(["apt-cache", *words], peers.apt), "all, not ranked"),
            Tool("axi-cache search", "axi-cache", lines(["axi-cache", *words], peers.xapian.env), "with suggestions"),
        )), PROCESS_TIMES_MAX)


# Details


def _ranked(index: Index, peers: Peers, fts: Fts) -> list[Question]:
    question = " ".join(WORDS)
    best = partial(index.search, question, limit=PAGE)
    cursor = best(packages=True).cursor
    return [
        Question(f"search {question}, {PAGE} best, packages, open index", lambda: count(best(packages=True)), 0.003, (
            Tool("SQLite FTS5 bm25, open", "", lambda: len(fts.best(*WORDS))),
            Tool("apt-cache search", "apt-cache", lines(["apt-cache", "search", *WORDS], peers.apt), "all, not ranked"),
            Tool("axi-cache search", "axi-cache", lines(["axi-cache", "search", *WORDS], peers.xapian.env), "with suggestions"),
        )),
        Question("the same, with what matched", lambda: count(best()), 0.003),
        Question("the same, the next page by its cursor", lambda: count(best(packages=True, cursor=cursor)), None, (
            Tool("SQLite FTS5 bm25, open", "", lambda: len(fts.best(*WORDS, offset=PAGE))),
        )),
        Question(f"search '\"{PHRASE}\"', all, packages, open index", lambda: count(index.search(f'"{PHRASE}"', packages=True)),
                 None, (
            Tool("SQLite FTS5, open", "", lambda: fts.count(f'"{PHRASE}"'), "its words, whatever stands between them"),
            Tool("apt-cache search", "apt-cache", lines(["apt-cache", "search", PHRASE], peers.apt), "in names and summaries"),
        )),
    ]


def _decided(index: Index, peers: Peers, database: sqlite3.Connection, fts: Fts) -> list[Question]:
    """Questions that have one right answer, so that the number of packages must be the same."""
    def sql(text: str) -> Tool:
        return Tool("sqlite3 in Python, open", "", lambda: len(database.execute(text).fetchall()))

    def packages(question: str, limit: int | None = None) -> Callable[[], int]:
        return lambda: count(index.search(question, packages=True, limit=limit))

    grep = ["grep-dctrl", "-n", "-s", "Package"]
    return [
        Question(f"search '{BOOLEAN}', with what matched", lambda: count(index.search(BOOLEAN)), 0.020, (
            Tool("SQLite FTS5 and tables, open", "", lambda: len(fts.beside(peers.database).execute(SQL_BOOLEAN).fetchall()),
                 "without words that only the name of a file holds"),
        )),
        Question("search '*', 10 best, open index", packages("*", 10), 0.001),
        Question(f"search '{RELATION}', packages, open index", packages(RELATION), None, (
            sql(SQL_RELATION),
            Tool("grep-dctrl", "grep-dctrl", lines([*grep, "-F", "Depends", "-e", "(^|[ ,|])libssl", peers.packages])),
        )),
        Question(f"search '{SECTION}', packages, open index", packages(SECTION), None, (
            sql(SQL_SECTION),
            Tool("grep-dctrl", "grep-dctrl", lines(
                [*grep, "-F", "Section", "-X", "mail", "-a", "!", "-F", "Provides", "mail-transport-agent", peers.packages])),
        )),
        Question(f"search {NEEDS}, packages, open index", packages(NEEDS), None, (sql(SQL_NEEDS),)),
        Question(f"search '{VERSION}', packages, open index", packages(VERSION), None, (
            # python3-apt comes with it.
            Tool("apt_pkg over the list", "axi-cache", lines(
                ["/usr/bin/python3", "-c", APT_PKG, peers.packages, VERSION.partition(">=")[2]])),
        )),
    ]
