"""What leaves the program: data to stdout, words to stderr.

Invariants:

* Bytes that are no UTF-8 (surrogates in our texts) leave as they came; in JSON as `\\udcXX` escapes.
* A hit is a line: a newline within a name or path is shown as `\\n`. On a terminal every other control character
  is escaped too, because whoever names a file must not steer the terminal of whoever looks for it. Only where lines end
  with NUL (`--null`) is nothing escaped.
* Text leaves in large pieces, since a common word has 400,000 hits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from pkgindex.cli import shapes
from pkgindex.cli.shapes import FIRST_LINES, PIECE_LINES, Counted, Wanted
from pkgindex.cli.terminal import dimensions, escaped, styled, wants_color

if TYPE_CHECKING:
    from pkgindex.cli.pager import Paged

COLUMNS = 80

Lines = Callable[["Output", Iterable[Any]], Iterable[str]]
Failures = Callable[[], Iterable[tuple[str, Exception]]]


class Output:
    """Where one command writes what is *wanted*; *color* is `auto`, `always` or `never`."""

    def __init__(self, wanted: Wanted = Wanted(), color: str = "auto", quiet: bool = False) -> None:  # noqa: B008 - a value
        self.wanted = wanted
        self.shape = wanted.shape
        self.quiet = quiet
        self.terminal = sys.stdout.isatty()
        self.colored = color == "always" or (
            color == "auto" and not wanted.null and wants_color(os.environ, self.terminal)
        )
        # Whether hits of several repositories may stand side by side, so that each says where it is from.
        self.many_repositories = False
        # Whether anything was said to whoever watches: what is clear by then needs no second remark.
        self.said = False
        self._end = "\0" if wanted.null else "\n"
        self._ticking = False
        self._paged: Paged | None = None
        self._waiting: list[str] = []

    def page(self, setting: str) -> None:
        """Let a long answer on a terminal go through a pager."""
        from pkgindex.cli.pager import Paged, chosen

        columns, rows = dimensions(sys.stdout.fileno())
        command = chosen(setting, os.environ)
        if command and rows:
            self._paged = Paged(command, columns, rows, _print)

    # Data

    def hits(self, command: str, hits: Iterable[Any], lines: Lines, failures: Failures,
             more: Callable[[], Mapping[str, Any]] = dict) -> int:
        """Print *hits* in the shape that is wanted; how many there were. *more* is what a document says besides."""
        counted = Counted(hits)
        if self.shape == "json":
            self._document(command, counted, failures, more)
        else:
            self.lines(self._texts(counted, lines))
        return counted.count

    def _texts(self, hits: Counted, lines: Lines) -> Iterable[str]:
        if self.shape == "jsonl":
            return shapes.objects(hits)
        if self.shape == "count":
            return shapes.counts(hits, self.wanted.json)
        if self.shape == "format":
            return shapes.formatted(self, hits)
        return shapes.tabled(self, hits) if self.shape == "columns" else lines(self, hits)

    def lines(self, lines: Iterable[str]) -> None:
        """Print *lines*, whose texts were made `safe`."""
        self._pieces(lines, self._end, self._end)

    def safe(self, text: str) -> str:
        """*text* as it may stand in a line."""
        if self.wanted.null or text.isprintable():
            return text
        return escaped(text) if self.terminal else text.replace("\n", "\\n")

    def paint(self, text: str, style: str) -> str:
        """*text*, made safe, in a style of `STYLES` where there are colours."""
        text = self.safe(text)
        return styled(text, style) if self.colored else text

    def marked(self, text: str, places: Iterable[tuple[int, int]], style: str = "") -> str:
        """*text*, made safe, with what stands at *places* marked where there are colours."""
        if not self.colored:
            return self.safe(text)
        pieces, done = [], 0
        for start, end in sorted(places):
            pieces += [self._in(text[done:start], style), self.paint(text[max(start, done):end], "hit")]
            done = max(done, end)
        return "".join([*pieces, self._in(text[done:], style)])

    def _in(self, text: str, style: str) -> str:
        return self.paint(text, style) if style else self.safe(text)

    def where(self, repo: str) -> str:
        """`REPO/` before a package where several repositories answer."""
        return f"{repo}/" if self.many_repositories else ""

    def paths(self, hits: Iterable[Any]) -> Iterator[str]:
        """A line for each hit that has a path: `package: /path`."""
        iterator = iter(hits)
        while piece := list(islice(iterator, PIECE_LINES)):
            yield from self._path_lines(piece)

    def _path_lines(self, hits: list[Any]) -> list[str]:
        if not self.colored and not self.many_repositories:
            lines = [f"{package}: {path}" for _, _, package, path in hits]
            # One look at all of them: hardly ever is there anything to escape.
            if "".join(lines).isprintable():
                return lines
        return [f"{self.where(hit.repo)}{self.paint(hit.package, 'name')}: {self.safe(hit.path)}" for hit in hits]

    def _document(self, command: str, hits: Iterable[Any], failures: Failures, more: Callable[[], Mapping[str, Any]]) -> None:
        iterator = shapes.objects(hits)
        # Looked for before the first sign is written: a question that cannot be asked prints no half document.
        first = list(islice(iterator, 1))
        self._write(shapes.head(command))
        self._pieces(chain(first, iterator), ",\n", "", before="\n")
        self._write(shapes.tail(failures(), more()))

    def _pieces(self, texts: Iterable[str], between: str, after: str, before: str = "") -> None:
        """Write *texts*: the first few at once for whoever waits, then many at a time."""
        iterator, size, start = iter(texts), FIRST_LINES, before
        while piece := list(islice(iterator, size)):
            self.settle()
            self._write(start + between.join(piece) + after)
            start, size = "" if after else between, PIECE_LINES

    def _write(self, text: str) -> None:
        if self._paged is not None:
            self._paged.write(text)
        else:
            _print(text.encode("utf-8", "surrogateescape"))

    # Words

    def say(self, words: str) -> None:
        """A remark for whoever watches."""
        self.said = True
        if words and not self.quiet:
            self.complain(words)

    def complain(self, words: str) -> None:
        """What must be said even to those who want quiet; after the answer where a pager has the screen."""
        self.settle()
        if self._paged is not None and self._paged.running:
            self._waiting.append(words)
            return
        if self._paged is not None:
            self._paged.release()
        complain(words)

    def tick(self, words: str) -> None:
        """How long work goes on: one line on a terminal that is written over, and nothing elsewhere."""
        if not self.quiet and sys.stderr.isatty():
            from pkgindex.cli.wording import with_bar

            columns = dimensions(sys.stderr.fileno())[0] or COLUMNS
            sys.stderr.write(f"\r\x1b[K{with_bar(escaped(words))[:columns - 1]}")
            sys.stderr.flush()
            self._ticking = True

    def settle(self) -> None:
        """Take the line of `tick` away."""
        if self._ticking:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._ticking = False

    def close(self) -> None:
        """Nothing more comes: the screen is the shell's again."""
        self.settle()
        paged, self._paged = self._paged, None
        if paged is not None and paged.close():
            for words in self._waiting:
                complain(words)


def complain(words: str) -> None:
    # Where both go to one place, what was printed before is read before. What fails here fails again at the end.
    with suppress(OSError):
        sys.stdout.flush()
    # A message of ours may have lines, such as one with a caret below the fault; what it quotes has none by then.
    sys.stderr.write("pkgindex: " + "\n".join(map(escaped, words.split("\n"))) + "\n")
    sys.stderr.flush()


def flush() -> None:
    sys.stdout.flush()


def _print(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
