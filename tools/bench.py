#!/usr/bin/env python3
"""The benchmark: what pkgindex must reach, on the lists of a whole distribution, beside other tools in the same run.

    python3 tools/dev.py bench                 measures everything and prints the tables
    python3 tools/dev.py bench --write         the same, and writes docs/benchmarks.md
    python3 tools/dev.py bench --fresh         builds index and everything beside it anew; some minutes, 3 GB in .cache/bench
    python3 tools/dev.py bench --only questions cold
    python3 tools/dev.py bench tree --write    the tree server alone, into its part of that page; some minutes
    python3 tools/dev.py bench hosts --write   the index of a host: sync, which, hooks; three minutes
    python3 tools/dev.py bench partitions --write    partitions and backends, into docs/partitions.md

Exit code 1 when a row falls short or an answer differs.
"""

from __future__ import annotations

import argparse
import compileall
import gc
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import bench_answers
import bench_hosts
import bench_machine
import bench_packing
import bench_pages
import bench_partitions
import bench_questions
import bench_ranking
import bench_readers
import bench_regexes
import bench_rereading
import bench_search
import bench_text
import bench_tree
import pkgindex
from bench_data import LISTS, Lists, Place, find, format_digest
from bench_peers import Peers
from bench_table import HEAD, Row, cells, short_of, table
from environment import PROJECT
from pkgindex.query.index import Index

PAGE = os.path.join("docs", "benchmarks.md")
PARTS = ("pack", "again", "change", "process", "questions", "search", "cold", "readers", "rereading", "partitions", "text",
         "ranking", "answers", "tree", "hosts")
# The parts that need neither the index of the distribution nor what others made of it, and their places in the pages.
APART = {"partitions": "partitions.md", "tree": "benchmarks.md", "hosts": "benchmarks.md"}
HOW = """\
# Benchmarks

Printed by `python3 tools/dev.py bench --write`, and changed by nothing else. Data: what Debian publishes of its release 12,
main (`Packages`, `Contents-all`, `Contents-amd64`), as apt keeps it.

* Tools that answer the same question are run in turns with pkgindex, A B A B; a figure is the median. *ratio* is what the other
  one took divided by what pkgindex took: above 1 pkgindex is ahead, below 1 the other one is.
* *open index* is a question asked of an `Index` in a running Python; the programs beside it are whole processes. *whole
  process* is from fork to the last byte of output, read through a pipe.
* apt-cache and apt-file get the configuration of an ordinary host (with `pkgcache.bin`, lists unpacked) and this one suite.
  None of the lists has long descriptions, so no tool searches them here. plocate keeps no packages: beside `owner` it searches
  lines of `path TAB package`, elsewhere paths alone; it is told not to look whether files exist.
* *read from disk, cold*: the index's files are dropped from the page cache (`posix_fadvise`), and the blocks that the process
  then reads are counted (`ru_inblock`, with what the kernel reads ahead), less what the same process reads when all is warm.
  The interpreter and the names of files stay in the cache.
* *one package changed*: `pkgindex watch` runs, a file is dropped, a reader that was open before looks each millisecond. Ten
  times the packages are this distribution beside every tenth package of it; a repository ten times larger was not measured.
* *peak* is the largest resident size of any one process.
* `search` with *packages* gives names alone, otherwise with all that matched. A number of answers is one of packages, but for
  *all hits delivered*, which counts what matched. grep-dctrl and apt_pkg read the list as it is published; SQLite has tables
  of relations, sections and paths made by hand, and FTS5 the same words as pkgindex in the same columns.
* codesearch gets one file a package, a path a line, and its index; no long line, no odd byte and no large file had to be left
  out. That is its best case: it tells packages apart by the names of files, and what it must open is little.
* axi-cache asks apt-xapian-index, made by its own program from apt's lists as above: without the popularity of packages.
* *mean reciprocal rank*: 1 divided by the place of the first right package (0 where it is not found), over all questions.
  Questions and right answers were written down before any rank was seen. apt-cache does not rank: its own order counts.
* *what an open reader reads for it*: bytes asked of files by the reader's process (`rchar`), from the disk or the page cache,
  for four questions (search, owner, path, depends:) after a publish, less what the same four read when they are asked again.
* The tree server: `bench tree` removes, indexes, queries and removes everything and judges every answer; its time is that of
  all phases. Beside it the same generator asks tools/tree_yardstick.py, a Python dictionary of the same protocol: no disk, no
  generations, almost no checks. *Debian around libc6* is libc6 and the 13,000 of its dependants on which most packages depend,
  by their full names, cut to what is there, without circles. *passes*: who comes too early asks again in the next one.
* Server and generator share the processors: *CPU* is what each process of the server took, *busy* which share of its time
  that is. Queries are asked by one generator and by two, and the better counts. Memory is `VmRSS`, at most `VmHWM`.
* Hosts: this one as dpkg has it, and one of 3,000 packages, which are its packages again under other names with their files
  elsewhere. *CPU* is what a process and its children computed, from start to end. What a hook adds is the median difference
  of pairs of runs of the real manager, without it and with it, in a root of its own: below zero where runs differ more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    parts = options.parts or options.only or PARTS
    lists = find(options.lists)
    place = Place()
    began = time.monotonic()
    if options.fresh or place.state.get("lists") != lists.fingerprint():
        place.fresh(lists.fingerprint())
    # As pip leaves it: where Python may not write, each process would compile all modules again.
    compileall.compile_dir(os.path.dirname(pkgindex.__file__), quiet=2)
    machine = bench_machine.described(place.root)
    peers = Peers(place, lists, _tell)
    _prepare(place, lists, peers, parts)
    measured = Run(place, lists, peers, parts)
    text, failed = measured.report()
    head = f"{HOW}\n{table(('machine', ''), machine)}\n"
    print(f"\n{head}\n{text}")
    _tell(f"took {time.monotonic() - began:.0f} s")
    if options.write:
        _write(parts, f"{head}\n{text}", measured.apart)
    return 1 if failed else 0


def _prepare(place: Place, lists: Lists, peers: Peers, parts: Sequence[str]) -> None:
    if APART.keys() >= set(parts):
        peers.make(["plain"])
        return
    peers.make()
    if place.state.get("cold", {}).get("format") != format_digest():
        _tell("packing the lists")
        bench_packing.build(place, lists)


def _write(parts: Sequence[str], page: str, apart: Mapping[str, str]) -> None:
    """Write the page when all of it was measured, and of other pages what was."""
    if set(parts) == set(PARTS):
        with open(os.path.join(PROJECT, PAGE), "w", encoding="utf-8") as file:
            file.write(page)
        _tell(f"written: {PAGE}")
    elif not set(parts) <= APART.keys():
        _tell(f"not written: {PAGE}, of which only {', '.join(parts)} was measured")
    for name, text in apart.items():
        bench_pages.write(APART[name], name, text)
        _tell(f"written: docs/{APART[name]}, {name}")


class Run:
    """The parts that were asked for, in order, and what came of them."""

    def __init__(self, place: Place, lists: Lists, peers: Peers, parts: Sequence[str]) -> None:
        self._place, self._lists, self._peers, self._parts = place, lists, peers, parts
        self._rows: list[Row] = []
        self._tables: list[tuple[str, str]] = []
        self._apart_rows: list[Row] = []
        self._different = 0
        self.apart: dict[str, str] = {}

    def report(self) -> tuple[str, bool]:
        """(the tables, whether something falls short)."""
        place, peers = self._place, self._peers
        self._part("pack", lambda: bench_packing.cold_rows(place, peers))
        self._part("again", lambda: bench_packing.again_rows(place, self._lists))
        self._part("change", lambda: bench_packing.one_changed_rows(place, peers))
        self._part("process", self._processes)
        self._part("questions", self._questions)
        self._part("search", self._search)
        self._part("cold", lambda: bench_questions.cold_rows(place, peers))
        self._part("readers", lambda: bench_readers.readers_rows(place))
        self._part("rereading", lambda: bench_rereading.rereading_rows(place, peers))
        self._part("partitions", self._partitions)
        self._part("text", self._texts)
        self._part("ranking", self._ranking)
        self._part("answers", self._answers)
        self._part("tree", self._tree)
        self._part("hosts", self._hosts)
        return self._text(), bool(short_of([*self._rows, *self._apart_rows]) or self._different)

    def _part(self, name: str, measure: Callable[[], list[Row]]) -> None:
        if name in self._parts:
            began = time.monotonic()
            self._rows += measure()
            gc.collect()
            _tell(f"measured: {name}, {time.monotonic() - began:.0f} s")

    def _processes(self) -> list[Row]:
        place, peers = self._place, self._peers
        return [*bench_questions.process_rows(place, peers), bench_search.whole_process_row(place, peers)]

    def _questions(self) -> list[Row]:
        with Index(self._place.index) as index:
            return [*bench_questions.open_rows(index, self._peers), *bench_regexes.regex_rows(index, self._peers)]

    def _search(self) -> list[Row]:
        with Index(self._place.index) as index:
            return bench_search.search_rows(index, self._peers, self._fts)

    @cached_property
    def _fts(self) -> bench_text.Fts:
        """What of the other text index is asked; the packages that it was made of are gone, and charged to no question."""
        fts = bench_text.Fts(self._place, bench_text.packages_in(self._peers.packages))
        gc.collect()
        return fts

    def _texts(self) -> list[Row]:
        with Index(self._place.index) as index:
            packages = bench_text.packages_in(self._peers.packages)
            rows = bench_text.text_table(self._place, index, packages, self._fts)
        self._tables.append(("Posting lists of our own, beside FTS5", table(bench_text.HEAD, rows)))
        return []

    def _ranking(self) -> list[Row]:
        with Index(self._place.index) as index:
            found = bench_ranking.rankings(index, self._peers, self._fts)
        head, lines = bench_ranking.ranking_table(found)
        self._tables.append(("Where the right package stands", table(head, lines)))
        return [bench_ranking.ranking_row(found)]

    def _partitions(self) -> list[Row]:
        tables = bench_partitions.partition_tables(self._place, self._peers, _tell)
        parts = [f"## {title}\n\n{table(head, rows)}" for title, head, rows in tables]
        self.apart["partitions"] = "\n\n".join([bench_machine.in_short(), *parts])
        return []

    def _tree(self) -> list[Row]:
        return self._set_apart("tree", "The tree server", lambda: bench_tree.tree_rows(self._place, self._lists, _tell))

    def _hosts(self) -> list[Row]:
        return self._set_apart("hosts", "The index of a host", lambda: bench_hosts.hosts_rows(self._place, _tell))

    def _set_apart(self, name: str, title: str, measure: Callable[[], list[Row]]) -> list[Row]:
        """Rows with a table and a page's part of their own."""
        before = bench_machine.in_short()
        rows = measure()
        self._apart_rows += rows
        self.apart[name] = f"## {title}\n\n{before}\n\n{_rows_and_short(rows)}"
        return []

    def _answers(self) -> list[Row]:
        with Index(self._place.index) as index:
            batteries = bench_answers.compared(self._place, index, self._peers)
        self._different = sum(len(found.different) for found in batteries)
        self._tables.append(("Answers beside those of others", table(bench_answers.HEAD, bench_answers.lines_of(batteries))))
        return []

    def _text(self) -> str:
        parts = ["## What it must reach\n\n" + _rows_and_short(self._rows)] if self._rows else []
        parts += [f"## {title}\n\n{text}" for title, text in self._tables]
        parts += [bench_pages.marked(name, text) for name, text in self.apart.items()]
        return "\n\n".join(parts) + "\n"


def _rows_and_short(rows: Sequence[Row]) -> str:
    """The table of *rows*, and which of them do not reach what they must."""
    short = short_of(rows)
    said = "Short of it: " + "; ".join(row.what for row in short) + "." if short else "No row falls short."
    return f"{table(HEAD, [line for row in rows for line in cells(row)])}\n\n{said}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py bench", description="Measure pkgindex on a whole distribution.")
    # No part at all is a choice too.
    parser.add_argument("parts", nargs="*", choices=[[], *APART], metavar="PART", help=f"this alone: {' or '.join(APART)}")
    parser.add_argument("--fresh", action="store_true", help="build everything anew, and measure that too")
    parser.add_argument("--write", action="store_true", help=f"write what is printed to {PAGE} and docs/partitions.md")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--lists", default=LISTS, help="where apt's lists are (default: %(default)s)")
    return parser


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
