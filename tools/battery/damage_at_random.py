"""The same with an index of any size: a copy of it is damaged on its disk, at random, and asked of what is in it."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from battery.asking import answers, files_read, questions
from battery.damage import KINDS, Asked, Row, by_kind, leaves_no_generation, told_of
from battery.large import large_index
from battery.wounds import Wound, drawn
from packer.world import REPO
from pkgindex.model.paths import shown
from pkgindex.query.index import Index
from pkgindex.snapshot.verify import verify
from pkgindex.store.local import LocalBackend

PACKAGES, FILES = 3, 2
# A whole index is verified for one damage in so many of each kind.
VERIFIED_EVERY = 5


def rows_of(directory: str, tries: int, seed: int) -> Iterator[Row]:
    """Of the repository in *directory*; empty: of one that is made."""
    with tempfile.TemporaryDirectory(prefix="pkgindex-damage-") as folder:
        root = os.path.join(folder, os.path.basename(os.path.abspath(directory)) if directory else REPO)
        if directory:
            shutil.copytree(directory, root)
        else:
            large_index(root)
        yield from _Copy(folder, root, random.Random(seed)).rows(tries)


class _Copy:
    """The index in *folder*, whose one repository is *root*."""

    def __init__(self, folder: str, root: str, dice: random.Random) -> None:
        self._root, self._dice = root, dice
        self._repo = os.path.basename(root)
        self._blobs = _blobs(root)
        with Index(folder) as index:
            names = sorted(index.names())
            shipped = [(name, shown(path)) for name in dice.sample(names, min(200, len(names)))
                       for record in index.package(name) for paths in record[2].files.values() for path in paths[:1]]
        chosen = dice.sample(shipped, PACKAGES)
        words = [name.rpartition("-")[2] for name, _ in chosen[:FILES]]
        asked = questions([name for name, _ in chosen], [path for _, path in chosen[:FILES]], words)
        right = answers(self._backend, self._repo, asked)
        self._asked = Asked(asked, right, files_read(self._blobs, self._repo, asked))

    @property
    def _backend(self) -> LocalBackend:
        """One that remembers nothing of what was there before."""
        return LocalBackend(self._root)

    def rows(self, tries: int) -> Iterator[Row]:
        files = by_kind(list(self._blobs))
        for kind in KINDS:
            counts: Counter[str] = Counter()
            faults = [f"{wound}: {fault}" for wound in self._wounds(files.get(kind, []), tries)
                      for fault in self._trial(wound, counts)]
            yield Row(kind, len(files.get(kind, ())), counts, tuple(faults))

    def _wounds(self, files: list[str], tries: int) -> Iterator[Wound]:
        """Every second one to a file that a question looks at."""
        looked_at = [name for name in files if self._asked.concerned(name)]
        for number in range(tries if files else 0):
            yield drawn(self._blobs, self._dice.choice(looked_at if number % 2 and looked_at else files), self._dice)

    def _trial(self, wound: Wound, counts: Counter[str]) -> Iterator[str]:
        counts["damages"] += 1
        with self._damaged(wound):
            yield from told_of(self._backend, self._repo, self._asked, wound.name, counts)
            if counts["damages"] % VERIFIED_EVERY == 0 and not leaves_no_generation(wound):
                counts["verified"] += 1
                if verify(self._backend, self._repo).sound:
                    counts["not found"] += 1
                    yield "verify finds nothing"

    @contextmanager
    def _damaged(self, wound: Wound) -> Iterator[None]:
        path = f"{self._root}/{wound.name}"
        os.unlink(path)
        if wound.name in wound.blobs:
            _put(path, wound.blobs[wound.name])
        try:
            yield
        finally:
            _put(path, self._blobs[wound.name])


def _blobs(root: str) -> dict[str, bytes]:
    found = {}
    for top, _, names in os.walk(root):
        for name in names:
            with open(f"{top}/{name}", "rb") as file:
                found[os.path.relpath(f"{top}/{name}", root)] = file.read()
    return found


def _put(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
