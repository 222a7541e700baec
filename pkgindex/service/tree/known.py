"""What a server knows of the repository that it serves: the tree of one generation.

Invariants:

* `tree` is what generation `generation` holds: both change in `settle`, in one step for who reads them.
* Whether that is the newest one is asked of the storage, each time.
"""

from __future__ import annotations

from typing import NamedTuple

from pkgindex.service.tree.state import Changes, Tree
from pkgindex.store.backend import Backend
from pkgindex.store.generations import Generations


class Done(NamedTuple):
    """What a piece of work came to: the generation that was read or published, how the tree differs, and the answers.

    `published` is how many packages a publish changed, `conflicts` how often another writer was first.
    """

    generation: int
    changes: Changes
    answers: tuple[bytes, ...] = ()
    published: int = 0
    conflicts: int = 0


class Known:
    """The tree of a repository, as far as it was heard of: at first nothing."""

    def __init__(self, backend: Backend) -> None:
        self.tree = Tree()
        self.generation = 0
        self._generations = Generations(backend)

    def fresh(self) -> bool:
        """Whether no newer generation is there."""
        return self._generations.is_head(self.generation)

    def settle(self, done: Done) -> None:
        """Make what was *done* part of the tree."""
        self.tree.take(done.changes)
        self.generation = done.generation
