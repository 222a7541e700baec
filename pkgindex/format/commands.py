"""Lists of commands: which package of a repository has which, made from a generation and kept by whoever asks.

    pkgindex 1 commands debian 42 debian 1198276\n      magic, format, kind, repository, generation, ordering, bytes that follow
    7z\tp7zip-full\t/usr/bin\t-\n                       command, package, directory, `+` where it is installed

The lines are in the order of their bytes, so that a command is found without reading the others. All this is apart from the
other formats and imports nothing, because a shell waits for it after every mistyped word.

A list is no part of the index: it is made again from any generation, and what does not fit is no list.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A command, its package, the directory that it lies in, whether it is installed.
Row = tuple[str, str, str, bool]

MAGIC = b"pkgindex 1 commands "
HEADER_BYTES_MAX = 256
INSTALLED, OFFERED = "+", "-"
# What the names of commands are made of, for who looks for names with one letter more or another one.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_.+ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# A name that is no longer has little in common with others that are two steps away.
TWO_STEPS_CHARACTERS_MIN = 5
NAME_CHARACTERS_MAX = 255
# In a longer list the thousand names that are one step away are sought one by one, which takes 7 ms; of a shorter one all
# names are read, which takes 0.5 ms for the 1,400 of a host, and 20 for the 46,000 of a distribution.
SOUGHT_BYTES_MIN = 1 << 18


def encode(repo: str, generation: int, ordering: str, rows: Iterable[Row]) -> bytes:
    """The list of *rows*, without those whose names are no line, since nobody types them."""
    texts = ("\t".join((*row[:3], INSTALLED if row[3] else OFFERED)) for row in rows)
    lines = {text.encode("utf-8", "surrogateescape") for text in texts if text.count("\t") == 3 and "\n" not in text}
    body = b"".join([b"%b\n" % line for line in sorted(lines)])
    return MAGIC + f"{repo} {generation} {ordering} {len(body)}\n".encode() + body


def decode(data: bytes, repo: str, generation: int) -> Commands | None:
    """The list in *data*; None when it is not one of this generation, or not whole."""
    end = data.find(b"\n", 0, HEADER_BYTES_MAX)
    fields = data[len(MAGIC) : end].split(b" ")
    body = data[end + 1 :]
    if not data.startswith(MAGIC) or end < 0 or len(fields) != 4 or not data[:end].isascii():
        return None
    if fields[:2] != [repo.encode(), b"%d" % generation] or fields[3] != b"%d" % len(body):
        return None
    return Commands(repo, generation, fields[2].decode(), body)


class Commands:
    """The commands of one generation of a repository; *ordering*, that of its versions, tells whose packages these are."""

    __slots__ = ("_body", "generation", "ordering", "repo")

    def __init__(self, repo: str, generation: int, ordering: str, body: bytes) -> None:
        self.repo = repo
        self.generation = generation
        self.ordering = ordering
        self._body = body

    def named(self, name: str) -> list[Row]:
        """The rows of a command, in the order of its packages."""
        key = name.encode("utf-8", "surrogateescape") + b"\t"
        start = end = self._from(key)
        while self._body.startswith(key, end):
            end = self._body.index(b"\n", end) + 1
        return [_row(line) for line in self._body[start:end].split(b"\n")[:-1]]

    def names(self) -> set[str]:
        """All commands."""
        lines = self._body.decode("utf-8", "surrogateescape").split("\n")[:-1]
        return {line.partition("\t")[0] for line in lines}

    def near(self, name: str) -> list[tuple[int, Row]]:
        """What a mistyped *name* may have meant: the rows of the commands that are one step away (a letter more, less, or
        another one, or two neighbours that changed places); where there are none and the name is long enough, two."""
        if len(name) > NAME_CHARACTERS_MAX:
            return []
        names = self.names() if len(self._body) <= SOUGHT_BYTES_MIN else None
        one = one_step(name) if names is None else one_step(name) & names
        found = [(1, row) for other in sorted(one) for row in self.named(other)]
        if not found and len(name) >= TWO_STEPS_CHARACTERS_MIN:
            found = [(2, row) for other in sorted(_two_steps(name, names or self.names())) for row in self.named(other)]
        return found

    def _from(self, key: bytes) -> int:
        """Where the first line begins that is not before *key*."""
        body = self._body
        low, high = 0, len(body)
        while low < high:
            start = body.rfind(b"\n", 0, (low + high) // 2) + 1
            end = body.index(b"\n", start) + 1
            if body[start:end] < key:
                low = end
            else:
                high = start
        return low


def one_step(name: str) -> set[str]:
    """The names that one slip of the hand makes of *name*.

    >>> {"gi", "git", "gitt", "igt", "gut"} <= one_step("git") | {"git"}, "gita" in one_step("git"), "gtia" in one_step("git")
    (True, True, False)
    """
    cuts = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    found = {before + after[1:] for before, after in cuts if after}
    found.update(before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1)
    found.update(before + letter + after[1:] for before, after in cuts if after for letter in LETTERS)
    found.update(before + letter + after for before, after in cuts for letter in LETTERS)
    return found - {name, ""}


def steps(one: str, other: str, most: int) -> int:
    """How many letters more, less, or others, and neighbours that changed places, make one name of the other; no letter is
    changed twice. What is above *most* is some number above it.

    Optimal string alignment: Damerau, A technique for computer detection and correction of spelling errors (1964).

    >>> steps("gti", "git", 2), steps("pyhton", "python3", 2), steps("ca", "abc", 5)
    (1, 2, 3)
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, another in enumerate(other, 1):
            best = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != another))
            if row > 1 and column > 1 and letter == other[column - 2] and another == one[row - 2]:
                best = min(best, before[column - 2] + 1)
            current.append(best)
        if min(last) > most and min(current) > most:
            return most + 1
        before, last = last, current
    return last[-1]


def _two_steps(name: str, others: Iterable[str]) -> Iterator[str]:
    """Those of *others* that are two steps from *name*; what has too few letters in common is not compared."""
    letters = set(name)
    lengths = range(len(name) - 2, len(name) + 3)
    for other in others:
        if len(other) in lengths and len(letters.symmetric_difference(other)) <= 4 and steps(name, other, 2) == 2:
            yield other


def _row(line: bytes) -> Row:
    name, package, directory, installed = line.decode("utf-8", "surrogateescape").split("\t")
    return name, package, directory, installed == INSTALLED
