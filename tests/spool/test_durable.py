"""What the spool has said is done outlasts a power cut: every name that it gave, and the content of every file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pkgindex.spool import moves, names
from pkgindex.spool.claims import Claim, Claims
from pkgindex.spool.identity import current
from pkgindex.spool.spool import Spool
from store.durable import require_durable

REPO = "debian"
Act = Callable[[Path], None]
# Seconds: every lease is.
LONG_OVER = -1.0
# By place: who writes there, and what it has claimed.
WRITERS: dict[Path, Claims] = {}
CLAIMED: dict[Path, list[Claim]] = {}


def spool(place: Path) -> Spool:
    return Spool(str(place / "srv/spool"))


def makes(place: Path) -> None:
    spool(place).create()


def makes_deep_down(place: Path) -> None:
    Spool(str(place / "srv/of/ours/spool")).create()


def adds(place: Path) -> None:
    spool(place).add(REPO)


def submits(place: Path) -> None:
    spool(place).submit_bytes(REPO, "Packages", b"content")


def submits_a_file(place: Path) -> None:
    spool(place).submit(REPO, __file__)


def marks(place: Path) -> None:
    """As a person does it, some time before."""
    marker = Path(spool(place).folder(REPO, names.INCOMING, names.FULL_MARKER))
    marker.touch()
    moves.flush_directory(str(marker.parent))


def clears(place: Path) -> None:
    spool(place).clear_full(REPO)


def claims(place: Path) -> None:
    Claims(spool(place), REPO, current()).claim(spool(place).incoming(REPO))


def claims_in_a_folder_that_was_taken_away(place: Path) -> None:
    """By a writer that took this one for dead, while it slept between its heartbeat and its move."""
    ours = Claims(spool(place), REPO, current())
    entries = spool(place).incoming(REPO)
    ours.beat = lambda: None  # type: ignore[method-assign]
    ours.claim(entries)


def rejects(place: Path) -> None:
    ours = Claims(spool(place), REPO, current())
    [claim] = ours.claim(spool(place).incoming(REPO))
    assert ours.reject(claim, "it is no package") == "Packages"


def holds(place: Path) -> None:
    WRITERS[place] = Claims(spool(place), REPO, current())
    CLAIMED[place] = WRITERS[place].claim(spool(place).incoming(REPO))
    # Its heartbeat too, which nobody needs to find.
    moves.flush_directory(spool(place).folder(REPO, names.CLAIMED, WRITERS[place].writer.folder))


def gives_back(place: Path) -> None:
    [claim] = CLAIMED[place]
    assert WRITERS[place].give_back(claim)
    WRITERS[place].close()


def recovers(place: Path) -> None:
    assert WRITERS[place].recover(LONG_OVER, lambda identity: False).returned == ["Packages"]


ACTS: dict[str, tuple[list[Act], Act]] = {
    "a spool is made": ([], makes),
    "a spool is made in a new directory": ([], makes_deep_down),
    "a repository is added": ([makes], adds),
    "bytes are submitted": ([makes, adds], submits),
    "a file is submitted": ([makes, adds], submits_a_file),
    "the set is said to be full no more": ([makes, adds, marks], clears),
    "a submission is claimed": ([makes, adds, submits], claims),
    "a submission is claimed, and its folder is made anew": ([makes, adds, submits], claims_in_a_folder_that_was_taken_away),
    "a submission is rejected": ([makes, adds, submits], rejects),
    "a submission is given back": ([makes, adds, submits, holds], gives_back),
    "what another writer claimed is given back": ([makes, adds, submits, claims, holds], recovers),
}


@pytest.mark.parametrize("name", ACTS)
def test_when_it_is_done_nothing_of_it_can_be_lost_and_no_flush_is_needless(tmp_path: Path, name: str) -> None:
    before, act = ACTS[name]

    def prepare(place: Path) -> Callable[[], object]:
        (place / "srv").mkdir()
        moves.flush_directory(str(place))
        for earlier in before:
            earlier(place)
        return partial(act, place)

    assert require_durable(tmp_path, prepare) > 0
