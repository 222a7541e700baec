"""What verifying comes to: faults, each with its file and remedy, and how much was looked at."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgpack

from pkgindex.errors import Corrupt, Gone, NewerFormat, StoreError
from pkgindex.format.envelope import REMEDY

FAULTS_MAX = 1000
# What a file that was written whole, but wrongly, may make of a reader.
MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, msgpack.UnpackException)


class Fault(NamedTuple):
    """One thing that is wrong: in which file (its name in the repository), what, and what to do."""

    file: str
    problem: str
    remedy: str


class Checked(NamedTuple):
    """How much was read again: files by kind, and what was found in them."""

    generations: int = 0
    pages: int = 0
    forward: int = 0
    reverse: int = 0
    dead: int = 0
    deltas: int = 0
    shards: int = 0
    bytes: int = 0
    names: int = 0
    packages: int = 0
    edges: int = 0
    pairs: int = 0
    postings: int = 0


class Verdict(NamedTuple):
    """`generation` is the one that was checked; `unlisted` faults were found beyond the first `FAULTS_MAX`."""

    repo: str
    generation: int
    faults: tuple[Fault, ...]
    unlisted: int
    checked: Checked
    seconds: float

    @property
    def sound(self) -> bool:
        return not self.faults


class Findings:
    """Faults and counts, as they come."""

    def __init__(self, repo: str) -> None:
        self.repo = repo
        self.faults: list[Fault] = []
        self.unlisted = 0
        self.counts: Counter[str] = Counter()

    @property
    def rebuild(self) -> str:
        return f"run 'pkgindex pack --rebuild {self.repo}'"

    @property
    def listing(self) -> str:
        """The remedy where facts are lost that stand nowhere else in full."""
        return f"{self.rebuild}, then drop again the listing that it came from"

    def fault(self, file: str, problem: str, remedy: str = "") -> None:
        """Something is wrong in *file*; without a *remedy* a rebuild mends it and loses nothing."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(file, problem, remedy or self.rebuild))
        else:
            self.unlisted += 1

    def failed(self, file: str, error: StoreError, remedy: str = "") -> None:
        """*file* cannot be read."""
        problem = str(error).removeprefix(f"{file}: ").removesuffix(f"; {REMEDY}")
        if isinstance(error, NewerFormat):
            remedy = "upgrade pkgindex"
        elif isinstance(error, Gone):
            problem = "is missing, or the disk cannot read it"
        elif not isinstance(error, Corrupt):
            # May not be read, is no file: the message says what to do, and it is no rebuild.
            problem, _, remedy = problem.rpartition(": ")
        self.fault(file, problem, remedy)

    def verdict(self, generation: int, seconds: float) -> Verdict:
        checked = Checked(**{field: self.counts[field] for field in Checked._fields})
        return Verdict(self.repo, generation, tuple(self.faults), self.unlisted, checked, seconds)
