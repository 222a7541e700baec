"""Rows about files and relations: in an index that is open, and as whole processes; warm, and cold by what they read."""

from __future__ import annotations

import os
import random
import sqlite3
import sys
from collections.abc import Callable, Sequence

from bench_data import Place
from bench_peers import Peers, missing, pkgindex
from bench_rows import Question, Tool, asked, count, process
from bench_table import Beside, Row
from bench_timing import cold, lines
from pkgindex.query.index import Index

OWNED = "/usr/bin/python3"
NOWHERE = "zzzzqq"
BATCH = 1_000
OWNER_TIMES_MAX = 5.0
SEED = 20_230_610

SQL_OWNER = "SELECT package FROM pairs WHERE path = CAST(? AS BLOB)"
SQL_DEPENDANTS = "SELECT DISTINCT package, kind FROM edges WHERE name = ?"
SQL_CLOSURE = """
WITH RECURSIVE reached(name) AS (
    VALUES (?) UNION
    SELECT edges.name FROM reached JOIN edges ON edges.package = reached.name WHERE kind IN ('depends', 'pre-depends')
) SELECT name FROM reached"""
SQLITE_BATCH = """
import sqlite3, sys
connection = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro&immutable=1", uri=True)
for line in sys.stdin.buffer:
    for package, in connection.execute("SELECT package FROM pairs WHERE path = ?", (line[:-1],)):
        sys.stdout.buffer.write(b"%s: %s" % (package.encode(), line))
"""


def open_rows(index: Index, peers: Peers) -> list[Row]:
    """Questions asked of an open index. Programs beside it are whole processes; SQLite in Python has its file open too."""
    database = peers.opened()
    try:
        return [asked(question) for question in _questions(index, peers, database)]
    finally:
        database.close()


def process_rows(place: Place, peers: Peers) -> list[Row]:
    """Whole processes, from fork to the last byte of output."""
    paths = sample_paths(peers.pairs, BATCH)
    given = b"".join(path + b"\n" for path in paths)
    file = place.path("batch")
    with open(file, "wb") as batch:
        batch.write(given)
    batch_tools = (
        Tool("python + sqlite3", "", lines([sys.executable, "-c", SQLITE_BATCH, peers.database], stdin=given)),
        Tool("apt-file -F -f", "apt-file", lines(["apt-file", "-F", "-f", "search", file], peers.apt)),
    )
    whole = [
        Question(f"path {word}, whole process", lines(pkgindex("path", word, index=place.index)), None, (
            Tool("plocate", "plocate", lines(["plocate", "-d", peers.plocate_paths, word]), "paths, without packages"),
        ))
        for word in ("libcrypto", "python3")
    ]
    batch_row = asked(Question(f"{BATCH:,} paths in one call, whole process",
                               lines(pkgindex("owner", "-", index=place.index), stdin=given), 0.15, batch_tools))
    return [_owner_process(place, peers), batch_row, *map(asked, whole)]


def cold_rows(place: Place, peers: Peers) -> list[Row]:
    """What a question reads from the disk when none of its files are in the page cache; interpreter and libraries are."""
    return [
        _cold(place, peers, ["owner", OWNED], 200, "plocate", [peers.plocate_pairs], f"{OWNED}\t"),
        _cold(place, peers, ["path", "libcrypto"], 700, "plocate", [peers.plocate_paths], "libcrypto"),
        _cold(place, peers, ["rdeps", "libc6"], 2_000, "sqlite3", [peers.database], ""),
        _cold(place, peers, ["search", "web", "server", "--limit", "20"], None, "apt-cache", [peers.apt_root], ""),
    ]


def sample_paths(pairs: str, count: int, seed: int = SEED) -> list[bytes]:
    """Paths of random lines of *pairs*, each once; the longer the line before, the likelier, which harms nobody."""
    chosen: dict[bytes, None] = {}
    random_ = random.Random(seed)
    size = os.path.getsize(pairs)
    with open(pairs, "rb") as file:
        while len(chosen) < count:
            file.seek(random_.randrange(size - 2_000))
            file.readline()
            chosen[file.readline().rpartition(b"\t")[0]] = None
    return list(chosen)


# Details


def _questions(index: Index, peers: Peers, database: sqlite3.Connection) -> list[Question]:
    def sql(text: str, value: str) -> Callable[[], int]:
        return lambda: len(database.execute(text, (value,)).fetchall())

    def apt(*words: str) -> Callable[[], int]:
        return lines(["apt-cache", *words], peers.apt)

    return [
        Question(f"owner {OWNED}, open index", lambda: len(index.owner(OWNED)), 0.0005, (
            Tool("sqlite3 in Python, open", "", sql(SQL_OWNER, OWNED)),
            Tool("plocate", "plocate", lines(["plocate", "-d", peers.plocate_pairs, f"{OWNED}\t"])),
        )),
        _path_question(index, peers, "libcrypto", 0.008),
        _path_question(index, peers, "python3", 0.4),
        _path_question(index, peers, NOWHERE, 0.0003),
        Question("rdeps libc6, open index", lambda: len(index.dependants("libc6")), 0.010, (
            Tool("sqlite3 in Python, open", "", sql(SQL_DEPENDANTS, "libc6")),
            Tool("apt-cache rdepends", "apt-cache", apt("rdepends", "libc6"), "with a heading, without kinds"),
        )),
        Question("deps --transitive blender, open index", lambda: len(index.dependencies("blender", transitive=True)), 0.020, (
            Tool("sqlite3 in Python, open", "", lambda: sql(SQL_CLOSURE, "blender")() - 1),
            Tool("apt-cache depends --recurse", "apt-cache", apt(
                "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
                "--no-enhances", "blender"), "a line an edge, and providers followed"),
        )),
    ]


def _path_question(index: Index, peers: Peers, word: str, seconds_max: float) -> Question:
    return Question(f"path {word}, all hits delivered, open index", lambda: count(index.paths(word)), seconds_max, (
        Tool("plocate", "plocate", lines(["plocate", "-d", peers.plocate_paths, word]), "paths, without packages"),
        Tool("rg, plain text", "rg", lines(["rg", "--no-config", "-N", f"{word}.*\t", peers.pairs])),
        Tool("apt-file", "apt-file", lines(["apt-file", "search", word], peers.apt)),
    ))


def _owner_process(place: Place, peers: Peers) -> Row:
    return process(Question(f"owner {OWNED}, whole process", lines(pkgindex("owner", OWNED, index=place.index)), None, (
        Tool("plocate", "plocate", lines(["plocate", "-d", peers.plocate_pairs, f"{OWNED}\t"])),
        Tool("apt-file -F", "apt-file", lines(["apt-file", "-F", "search", OWNED], peers.apt)),
    )), OWNER_TIMES_MAX)


def _cold(place: Place, peers: Peers, words: Sequence[str], kib_max: float | None, program: str, files: list[str],
          pattern: str) -> Row:
    kib, seconds = cold(pkgindex(*words, index=place.index), [place.index])
    commands = {
        "plocate": ["plocate", "-d", files[0], pattern],
        "sqlite3": ["sqlite3", "-readonly", peers.database, SQL_DEPENDANTS.replace("?", "'libc6'")],
        "apt-cache": ["apt-cache", "search", *words[1:3]],
    }
    beside = Beside(program, None, missing=missing(program))
    if not beside.missing:
        theirs, took = cold(commands[program], files, peers.apt)
        beside = Beside(program, theirs, "KiB", answers=f"it took {took * 1000:.0f} ms")
    # Where the page cache cannot be emptied, or blocks are not counted, the figure would be a lie.
    reached = None if kib > 0 else False
    return Row(f"read from disk, cold: {' '.join(words[:3])}", kib, kib_max, "KiB", (beside,),
               f"took {seconds * 1000:.0f} ms", reached=reached)
