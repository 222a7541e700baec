"""Rows about regular expressions over paths: as `path --regex`, and as the same thing asked of a search."""

from __future__ import annotations

from collections.abc import Iterable

from bench_peers import Peers
from bench_rows import Question, Tool, ahead_of, asked, count
from bench_table import Row
from bench_timing import lines
from pkgindex.query.hits import Answer
from pkgindex.query.index import Index

WEAK = "/s[a-z]+d$"
REGEXES = ((r"python3\.1[01].*/ssl.*\.py$", 0.008), ("/usr/bin/python3$", 0.002))
RG = "rg, plain text"


def regex_rows(index: Index, peers: Peers) -> list[Row]:
    """Asked of an open index, all matches delivered. The programs beside it are whole processes."""
    rows = []
    for regex, seconds_max in REGEXES:
        rows.append(asked(Question(f"path --regex '{regex}'", lambda regex=regex: count(index.paths(regex, "regex")),
                                   seconds_max, _tools(peers, regex))))
        rows.append(_searched(index, regex))
    weak = asked(Question(f"path --regex '{WEAK}'", lambda: count(index.paths(WEAK, "regex")), None, _tools(peers, WEAK)))
    return [*rows, ahead_of(weak, RG)]


def as_question(regex: str) -> str:
    """The term of a search that asks for *regex* in paths.

    >>> as_question("/bin/sh$")
    'file:/\\\\/bin\\\\/sh$/'
    """
    return "file:/" + regex.replace("/", "\\/") + "/"


def _searched(index: Index, regex: str) -> Row:
    question = as_question(regex)
    # -I, because a search otherwise finds more than `path` does.
    return asked(Question(
        f"search -I '{question}', all hits delivered", lambda: hits_in(index.search(question, case=True)), None,
        (Tool("path --regex, open index", "", lambda: count(index.paths(regex, "regex"))),),
    ))


def hits_in(answers: Iterable[Answer]) -> int:
    return sum(len(answer.hits) for answer in answers)


def _tools(peers: Peers, regex: str) -> tuple[Tool, ...]:
    codesearch = peers.codesearch.env
    return (
        Tool(RG, "rg", lines(["rg", "--no-config", "-N", in_pairs(regex), peers.pairs])),
        Tool("csearch, a file a package", "csearch", lines(["csearch", "-h", regex], codesearch)),
        Tool("plocate --regex", "plocate", lines(["plocate", "-d", peers.plocate_paths, "--regex", regex]),
             "paths, without packages"),
        Tool("apt-file -x", "apt-file", lines(["apt-file", "-x", "search", regex], peers.apt)),
    )


def in_pairs(regex: str) -> str:
    """*regex*, where a line goes on behind the path with a tab and the package.

    >>> in_pairs("/s[a-z]+d$")
    '/s[a-z]+d\\\\t'
    """
    return regex[:-1] + "\\t" if regex.endswith("$") else regex + ".*\\t"
