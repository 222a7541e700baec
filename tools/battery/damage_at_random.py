"""The same with an index of any size: a copy of it is damaged on its disk, at random, and asked of what is in it."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator

from battery.asking import RAISED, WRONG, answers, outcomes, questions
from battery.damage import KINDS, Row, by_kind
from battery.wounds import drawn
from pkgindex.model.paths import shown
from pkgindex.query.index import Index
from pkgindex.snapshot.verify import verify
from pkgindex.store.local import LocalBackend

PACKAGES, FILES = 3, 2
# A whole index is verified for one damage of each kind.
VERIFIED_A_KIND = 1


def rows_of(directory: str, tries: int, seed: int) -> Iterator[Row]:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="pkgindex-damage-") as folder:
        root = os.path.join(folder, os.path.basename(os.path.abspath(directory)))
        shutil.copytree(directory, root)
        yield from _Copy(folder, root, dice).rows(tries)


class _Copy:
    """The index in *folder*, whose one repository is *root*."""

    def __init__(self, folder: str, root: str, dice: random.Random) -> None:
        self._root, self._dice = root, dice
        with Index(folder) as index:
            self._repo = os.path.basename(root)
            names = dice.sample(list(index.names()), 200)
            shipped = [(name, shown(path)) for name in names for record in index.package(name)
                       for paths in record[2].files.values() for path in paths[:1]]
        chosen = dice.sample(shipped, PACKAGES)
        words = [name.rpartition("-")[2] for name, _ in chosen[:FILES]]
        self._asked = questions([name for name, _ in chosen], [path for _, path in chosen[:FILES]], words)
        self._right = answers(self._backend, self._repo, self._asked)

    @property
    def _backend(self) -> LocalBackend:
        """One that remembers nothing of what was there before."""
        return LocalBackend(self._root)

    def rows(self, tries: int) -> Iterator[Row]:
        files = by_kind([os.path.relpath(f"{top}/{name}", self._root) for top, _, names in os.walk(self._root)
                         for name in names])
        for kind in KINDS:
            counts: Counter[str] = Counter()
            faults = [fault for number in range(tries if files.get(kind) else 0)
                      for fault in self._trial(self._dice.choice(files[kind]), number < VERIFIED_A_KIND, counts)]
            yield Row(kind, len(files.get(kind, ())), counts, tuple(faults))

    def _trial(self, name: str, verified: bool, counts: Counter[str]) -> Iterator[str]:
        path = f"{self._root}/{name}"
        with open(path, "rb") as file:
            data = file.read()
        how, changed = drawn(data, self._dice)
        if changed == data:
            return
        counts["damages"] += 1
        _put(path, changed)
        try:
            for told in outcomes(self._backend, self._repo, self._asked, self._right, name):
                counts[told.outcome] += 1
                if told.outcome in (WRONG, RAISED):
                    yield f"{name}, {how}: {told.detail}"
            if verified:
                counts["verified"] += 1
                if verify(self._backend, self._repo).sound:
                    counts["not found"] += 1
                    yield f"{name}, {how}: verify finds nothing"
        finally:
            _put(path, data)


def _put(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
