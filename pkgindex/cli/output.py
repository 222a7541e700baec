"""What leaves the program: data to stdout, words to stderr.

    lines   for people, and for grep
    jsonl   an object a line: the fields of the hit
    json    {"schema": 1, "command": "owner", "hits": [{...}, ...], "failures": [{"repo": ..., "reason": ...}]}

Invariants:

* Bytes that are no UTF-8 (surrogates in our texts) leave as they came; in JSON as `\\udcXX` escapes.
* A hit is a line: a newline within a name or path is shown as `\\n`. On a terminal every other control character
  is escaped too, because whoever names a file must not steer the terminal of whoever looks for it.
* Text leaves in large pieces, since a common word has 400,000 hits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

SCHEMA = 1
PIECE_LINES = 4096
BAR_CHARACTERS = 20
FIRST_LINES = 64

_STYLES = {"name": "1", "match": "36", "good": "32", "bad": "31", "faint": "2"}

Lines = Callable[["Output", Iterable[Any]], Iterable[str]]


class Output:
    """Where one command writes. *shape* is `lines`, `jsonl` or `json`; *color* `auto`, `always` or `never`."""

    def __init__(self, shape: str = "lines", color: str = "auto", quiet: bool = False) -> None:
        self.shape = shape
        self.quiet = quiet
        self.terminal = sys.stdout.isatty()
        self.colored = color == "always" or (color == "auto" and _wants_color(os.environ, self.terminal))
        # Whether hits of several repositories may stand side by side, so that each says where it is from.
        self.many_repositories = False
        # Whether anything was said to whoever watches: what is clear by then needs no second remark.
        self.said = False
        self._ticking = False

    # Data

    def hits(
        self, command: str, hits: Iterable[Any], lines: Lines, failures: Callable[[], Iterable[tuple[str, Exception]]]
    ) -> int:
        """Print *hits* in the shape that is wanted; how many there were."""
        counted = _Counted(hits)
        if self.shape == "lines":
            self.lines(lines(self, counted))
        elif self.shape == "jsonl":
            self._pieces(_objects(counted), "\n", "\n")
        else:
            self._document(command, counted, failures)
        return counted.count

    def lines(self, lines: Iterable[str]) -> None:
        """Print *lines*, whose texts were made `safe`."""
        self._pieces(lines, "\n", "\n")

    def safe(self, text: str) -> str:
        """*text* as it may stand in a line."""
        if text.isprintable():
            return text
        return _escaped(text) if self.terminal else text.replace("\n", "\\n")

    def paint(self, text: str, style: str) -> str:
        """*text*, made safe, in a colour of `_STYLES` where there are colours."""
        text = self.safe(text)
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colored and text else text

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

    def _document(self, command: str, hits: Iterable[Any], failures: Callable[[], Iterable[tuple[str, Exception]]]) -> None:
        import json

        _write(f'{{"schema": {SCHEMA}, "command": {json.dumps(command)}, "hits": [')
        self._pieces(_objects(hits), ",\n", "", before="\n")
        failed = [{"repo": repo, "reason": str(error)} for repo, error in failures()]
        _write(f'\n], "failures": {json.dumps(failed)}}}\n')

    def _pieces(self, texts: Iterable[str], between: str, after: str, before: str = "") -> None:
        """Write *texts*: the first few at once for whoever waits, then many at a time."""
        iterator, size, start = iter(texts), FIRST_LINES, before
        while piece := list(islice(iterator, size)):
            self.settle()
            _write(start + between.join(piece) + after)
            start, size = "" if after else between, PIECE_LINES

    # Words

    def say(self, words: str) -> None:
        """A remark for whoever watches."""
        self.said = True
        if words and not self.quiet:
            self.complain(words)

    def complain(self, words: str) -> None:
        """What must be said even to those who want quiet."""
        self.settle()
        complain(words)

    def tick(self, words: str) -> None:
        """How long work goes on: one line on a terminal that is written over, and nothing elsewhere."""
        if not self.quiet and sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{with_bar(_escaped(words))[:_columns() - 1]}")
            sys.stderr.flush()
            self._ticking = True

    def settle(self) -> None:
        """Take the line of `tick` away."""
        if self._ticking:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._ticking = False


def record(hit: Any) -> dict[str, Any]:
    """The object that stands for a hit in JSON."""
    return hit if isinstance(hit, dict) else dict(zip(hit._fields, hit, strict=True))


def describe(words: Iterable[str], most: int = 20) -> str:
    """A list in a sentence, cut where it is long."""
    found = list(words)
    return ", ".join(found[:most]) + (f" and {len(found) - most:,} more" if len(found) > most else "")


def complain(words: str) -> None:
    # Where both go to one place, what was printed before is read before. What fails here fails again at the end.
    with suppress(OSError):
        sys.stdout.flush()
    # A message of ours may have lines, such as one with a caret below the fault; what it quotes has none by then.
    sys.stderr.write("pkgindex: " + "\n".join(map(_escaped, words.split("\n"))) + "\n")
    sys.stderr.flush()


def with_bar(words: str) -> str:
    """Words that end in `3 of 4`, with a bar that shows how far that is.

    >>> with_bar("writing packages, 3 of 4"), with_bar("reading Packages.xz")
    ('writing packages, 3 of 4  [###############.....]', 'reading Packages.xz')
    """
    rest, _, total = words.rpartition(" of ")
    done = rest.rpartition(" ")[2]
    if not (done.isdigit() and total.isdigit() and int(total) > 0 and int(done) <= int(total)):
        return words
    filled = BAR_CHARACTERS * int(done) // int(total)
    return f"{words}  [{'#' * filled}{'.' * (BAR_CHARACTERS - filled)}]"


def flush() -> None:
    sys.stdout.flush()


def size(count: float) -> str:
    """Bytes for people.

    >>> size(999), size(104_857_600)
    ('999 B', '100.0 MiB')
    """
    if count < 1 << 10:
        return f"{count:.0f} B"
    unit, shift = ("KiB", 10) if count < 1 << 20 else ("MiB", 20) if count < 1 << 30 else ("GiB", 30)
    return f"{count / (1 << shift):,.1f} {unit}"


def table(output: Output, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], right: frozenset[int]) -> Iterator[str]:
    """Rows under their heads, as wide as they need; columns in *right* end at the same place."""
    cells = [heads, *[tuple([output.safe(cell) for cell in row]) for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for number, row in enumerate(cells):
        padded = [cell.rjust(width) if place in right else cell.ljust(width)
                  for place, (cell, width) in enumerate(zip(row, widths, strict=True))]
        line = "  ".join(padded).rstrip()
        yield output.paint(line, "faint") if number == 0 else line


class _Counted:
    """The hits, counted as they go by; a piece at a time, because one by one costs as much as printing them."""

    def __init__(self, hits: Iterable[Any]) -> None:
        self._hits = iter(hits)
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        size = FIRST_LINES
        while piece := list(islice(self._hits, size)):
            self.count += len(piece)
            yield from piece
            size = PIECE_LINES


def _objects(hits: Iterable[Any]) -> Iterator[str]:
    """Each hit as JSON. `path` answers may be long, so theirs is written by hand, at a fifth of the time."""
    from json.encoder import JSONEncoder
    from json.encoder import encode_basestring_ascii as quoted

    encode = JSONEncoder(check_circular=False).encode
    for hit in hits:
        if len(hit) == 4 and hit.__class__.__name__ == "PathHit":
            repo, generation, package, path = hit
            yield (f'{{"repo": "{repo}", "generation": {generation}, "package": {quoted(package)}, '
                   f'"path": {quoted(path)}}}')
        else:
            yield encode(record(hit))


def _escaped(text: str) -> str:
    """Without control characters, lone surrogates, and what turns the direction of a line around."""
    if text.isprintable():
        return text
    return "".join([sign if sign.isprintable() or _is_harmless(sign) else _escape(sign) for sign in text])


def _is_harmless(sign: str) -> bool:
    # Spaces of all widths are not printable to Python, nor what is newer than its tables; neither steers a terminal.
    code = ord(sign)
    return code > 0x9F and not 0xD800 <= code <= 0xDFFF and code not in _TURNING


_TURNING = frozenset((0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)))


def _escape(sign: str) -> str:
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode("ascii")


def _wants_color(environment: Mapping[str, str], terminal: bool) -> bool:
    """As no-color.org and bixense.com/clicolors have it."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") != "0" or environment.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return terminal and environment.get("TERM") != "dumb" and environment.get("CLICOLOR") != "0"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80


def _write(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
