"""Moves whose answers get lost: what is there decides, not what the call said."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pkgindex.spool import moves

LIES = {"link": errno.EEXIST, "unlink": errno.ENOENT, "rename": errno.ENOENT}


def lying(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From now on the call does its work, and answers as a server that has forgotten that it did."""
    call: Callable[..., None] = getattr(os, name)

    def lie(*arguments: str) -> None:
        call(*arguments)
        raise OSError(LIES[name], os.strerror(LIES[name]))

    monkeypatch.setattr(os, name, lie)


@pytest.mark.parametrize("lost", [("link",), ("unlink",), ("link", "unlink")])
def test_a_file_is_placed_whatever_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: tuple[str, ...]) -> None:
    source, target = tmp_path / "temporary", tmp_path / "drop"
    source.write_bytes(b"submission")
    for name in lost:
        lying(monkeypatch, name)
    assert moves.place(str(source), str(target))
    assert target.read_bytes() == b"submission" and not source.exists()


def test_a_taken_name_is_not_ours_although_the_file_has_two_names(tmp_path: Path) -> None:
    source, target = tmp_path / "temporary", tmp_path / "drop"
    source.write_bytes(b"mine")
    os.link(source, tmp_path / "backup")
    target.write_bytes(b"theirs")
    assert not moves.place(str(source), str(target))
    assert target.read_bytes() == b"theirs" and source.exists()


def test_a_file_is_moved_whatever_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "incoming", tmp_path / "claimed"
    source.write_bytes(b"submission")
    lying(monkeypatch, "rename")
    assert moves.move(str(source), str(target))
    assert target.read_bytes() == b"submission"
