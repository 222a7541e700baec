"""The packages of the sample spool as an index with every kind of file: shards, dead and loose packages, and deltas on top."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests"))

from packer.test_commit import Mirror
from packer.world import REPO, drop, make, packed
from pkgindex.config import Settings
from pkgindex.packer import spill
from pkgindex.packer.retire import retire
from pkgindex.packer.submissions import Submission
from pkgindex.snapshot.reader import Reader
from pkgindex.store.local import LocalBackend

SAMPLE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "spool", REPO, "incoming")
PARTITION = "package"
# One package in so many is packed again, into a shard of its own or left loose, or is committed with other needs.
PACKED_AGAIN_EVERY, LOOSE_EVERY, COMMITTED_EVERY = 5, 9, 20


@contextmanager
def small_tails() -> Iterator[None]:
    """A few commits are enough for files of deltas."""
    before = spill.TAIL_BYTES_MAX, spill.TAIL_PUBLISHES
    spill.TAIL_BYTES_MAX, spill.TAIL_PUBLISHES = 200, 0
    try:
        yield
    finally:
        spill.TAIL_BYTES_MAX, spill.TAIL_PUBLISHES = before


def large_index(root: str) -> None:
    """Made in the directory *root*; its files are those of its one generation."""
    os.makedirs(root)
    backend = LocalBackend(root)
    make(backend, PARTITION)
    packed(backend, *_sample(), loose_packages_max=0)
    names = list(Reader(backend, REPO).snapshot().names(""))
    with tempfile.TemporaryDirectory() as folder:
        packed(backend, drop(folder, _versions(names[::PACKED_AGAIN_EVERY], "again")), loose_packages_max=0)
        packed(backend, drop(folder, _versions(names[::LOOSE_EVERY], "loose")))
    with small_tails():
        mirror = Mirror(backend)
        for name, needed in zip(names[::COMMITTED_EVERY], names[1::COMMITTED_EVERY], strict=False):
            mirror.commit({name: (needed,)})
    retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0))


def _sample() -> list[Submission]:
    return [Submission(os.path.join(SAMPLE, name), name, f"sample-{name}", "") for name in sorted(os.listdir(SAMPLE))]


def _versions(names: Sequence[str], word: str) -> list[dict[str, Any]]:
    """Each of these packages as it may become."""
    return [{"name": name, "version": "99", "summary": f"{name}, {word}", "depends": [names[number - 1]],
             "files": [f"/usr/bin/{name}", f"/usr/share/doc/{name}/{word}"]} for number, name in enumerate(names)]
