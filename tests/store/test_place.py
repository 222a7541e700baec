"""Places that are directories: what makes them, and that they stay."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pkgindex.errors import NoSpace
from pkgindex.store.place import place_at
from store.durable import require_durable

REPO = "debian"


@pytest.mark.parametrize("scheme", ["", "memory:"])
@pytest.mark.parametrize("made_before", [False, True])
def test_the_names_of_a_new_index_outlast_a_power_cut_whoever_made_it(
    tmp_path: Path, scheme: str, made_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it was the writer's to flush what is in it, and nobody's to flush its own name."""
    # The directories above the test's own are not its concern.
    there = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: there(path, mode) and str(path).startswith(f"{tmp_path}/"))

    def prepare(place: Path) -> Callable[[], object]:
        if made_before:
            (place / "srv/index" / REPO).mkdir(parents=True)
        return lambda: place_at(f"{scheme}{place}/srv/index").made(REPO)

    assert require_durable(tmp_path, prepare) > 0


def test_who_finds_no_room_for_a_new_index_is_told_to_make_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the advice was another place, or another user."""

    def refuse(path: str, **more: object) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), path)

    monkeypatch.setattr(os, "makedirs", refuse)
    with pytest.raises(NoSpace, match=f"{tmp_path}/srv/{REPO}.*make room .*--index"):
        place_at(f"{tmp_path}/srv").made(REPO)
