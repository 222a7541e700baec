"""Ranking: questions with a known right answer, and where each tool puts it.

The questions and what is right were written down before any rank was seen, and are not to be changed after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from bench_peers import Peers, missing
from bench_table import RANK, Beside, Row
from bench_text import Fts
from bench_timing import run
from pkgindex.query.index import Index

QUESTIONS = {
    "web server": ("apache2", "nginx"),
    "image editor": ("gimp",),
    "vector graphics editor": ("inkscape",),
    "audio editor": ("audacity",),
    "video player": ("vlc", "mpv"),
    "pdf viewer": ("evince", "okular", "xpdf", "zathura", "mupdf", "qpdfview"),
    "web browser": ("firefox-esr", "chromium"),
    "mail transport agent": ("postfix", "exim4", "exim4-daemon-light"),
    "ssh server": ("openssh-server",),
    "dns server": ("bind9",),
    "version control": ("git",),
    "terminal multiplexer": ("tmux", "screen"),
    "password manager": ("keepassxc", "pass"),
    "json processor": ("jq",),
    "process viewer": ("htop",),
    "spreadsheet": ("gnumeric", "libreoffice-calc"),
    "bittorrent client": ("transmission-gtk", "qbittorrent", "deluge"),
    "network packet analyzer": ("wireshark", "tcpdump"),
    "c compiler": ("gcc",),
    "pdftotext": ("poppler-utils",),
}
FIRST = 10
HEAD = ("question", "right")
OURS = "pkgindex"
# Those that must not be ahead.
MEASURED_BY = ("apt-cache search", "axi-cache search")


class Ranking(NamedTuple):
    """A tool, and for each question the place of the first right package, from 1; 0: it is not found.

    `missing`: why there are none.
    """

    name: str
    ranks: tuple[int, ...]
    missing: str = ""

    @property
    def mean_reciprocal(self) -> float:
        return sum(1 / rank for rank in self.ranks if rank) / len(self.ranks)

    @property
    def among_the_first(self) -> int:
        return sum(1 <= rank <= FIRST for rank in self.ranks)


def rankings(index: Index, peers: Peers, fts: Fts) -> list[Ranking]:
    """All tools on all questions."""
    asked: dict[str, tuple[str, Callable[[str], Iterable[str]]]] = {
        OURS: ("", lambda words: (found.package for found in index.search(words, packages=True))),
        "apt-cache search": ("apt-cache", lambda words: names(_output(["apt-cache", "search", *words.split()], peers.apt))),
        "axi-cache search": ("axi-cache", lambda words: names(
            _output(["axi-cache", "search", "--all", *words.split()], peers.xapian.env))),
        "SQLite FTS5 bm25": ("", lambda words: fts.best(*words.split(), limit=-1)),
    }
    return [
        Ranking(name, (), missing(program)) if program and missing(program) else
        Ranking(name, tuple(rank(ask(words), right) for words, right in QUESTIONS.items()))
        for name, (program, ask) in asked.items()
    ]


def rank(found: Iterable[str], right: Collection[str]) -> int:
    """The place of the first of *found* that is right, from 1; 0 when none is.

    >>> rank(["apache2-doc", "nginx", "apache2"], ["apache2", "nginx"]), rank(["vim"], ["emacs"])
    (2, 0)
    """
    return next((place for place, name in enumerate(found, 1) if name in right), 0)


def names(output: str) -> list[str]:
    """The packages in what apt-cache or axi-cache prints, in its order.

    >>> names("a-b - does - this\\n"), names("100% b - that\\n83% c - so\\n")
    (['a-b'], ['b', 'c'])
    """
    return [line.partition(" - ")[0].rpartition("% ")[2] for line in output.split("\n") if line]


def ranking_row(found: Sequence[Ranking]) -> Row:
    """Short when a tool that must not be ahead is; not measured when none of these could be asked."""
    ours, *others = found
    bars = [other for other in others if other.name in MEASURED_BY and not other.missing]
    reached = all(ours.mean_reciprocal >= other.mean_reciprocal for other in bars) if bars else None
    return Row(
        f"ranking: mean reciprocal rank, {len(QUESTIONS)} questions with a known answer",
        ours.mean_reciprocal if bars else None, None, RANK, tuple(_beside(other) for other in others), _among(ours),
        wanted=f"no less than {' and '.join(MEASURED_BY)}", reached=reached,
    )


def ranking_table(found: Sequence[Ranking]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(head, lines): a question a line, then what follows from all of them."""
    lines = [
        (words, ", ".join(right), *(_shown(ranking, place) for ranking in found))
        for place, (words, right) in enumerate(QUESTIONS.items())
    ]
    means = ("**mean reciprocal rank**", "", *("" if one.missing else f"{one.mean_reciprocal:.2f}" for one in found))
    first = (f"**in the first {FIRST}**", "", *("" if one.missing else str(one.among_the_first) for one in found))
    return (*HEAD, *(one.name for one in found)), [*lines, means, first]


def _beside(other: Ranking) -> Beside:
    if other.missing:
        return Beside(other.name, None, missing=other.missing)
    return Beside(other.name, other.mean_reciprocal, RANK, answers=_among(other))


def _among(ranking: Ranking) -> str:
    return f"{ranking.among_the_first} in the first {FIRST}"


def _shown(ranking: Ranking, place: int) -> str:
    return ranking.missing or str(ranking.ranks[place] or "-")


def _output(command: Sequence[str], env: dict[str, str]) -> str:
    return run(command, env).output.decode("utf-8", "replace")
