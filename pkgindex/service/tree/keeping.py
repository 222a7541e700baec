"""Keeping up: what was committed is put into shards and pages, while others commit.

Whoever does it is a writer as any other: it has its turn for each publish, and commits come in between.
"""

from __future__ import annotations

from pkgindex.packer.fold import Folding
from pkgindex.packer.settle import Settling
from pkgindex.packer.target import Target
from pkgindex.service.tree.committing import Behind
from pkgindex.service.tree.turns import Turns


def keep_up(target: Target, turns: Turns, behind: Behind) -> None:
    """Put into shards and pages what *behind* says, in turns: a commit waits for one step at most.

    Raises `NoSpace` and other `StoreError`; what was published by then stays.
    """
    if behind.loose:
        with Folding(target) as folding:
            folding.build()
            with turns.one():
                folding.publish()
    if behind.unsettled:
        settling, last = Settling(target), False
        while not last:
            with turns.one():
                last = settling.step()
