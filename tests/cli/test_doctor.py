"""`doctor`: what it prints of places that are fit and of ones that are not."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]


def test_index_and_spool_are_tried_when_no_place_is_named(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("index", "spool"):
        (tmp_path / place).mkdir()
        monkeypatch.setenv(f"PKGINDEX_{place.upper()}", str(tmp_path / place))
    found = ask("doctor", "--jsonl")
    assert found.code == 0
    assert [(hit["directory"], hit["use"], hit["fit"]) for hit in found.objects] == [
        (str(tmp_path / place), place, True) for place in ("index", "spool")]
    assert os.listdir(tmp_path / "index") == os.listdir(tmp_path / "spool") == []


def test_a_host_without_a_spool_is_told_that_it_needs_none(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKGINDEX_INDEX", str(tmp_path))
    monkeypatch.setenv("PKGINDEX_SPOOL", str(tmp_path / "none"))
    found = ask("doctor")
    assert found.code == 0 and "needs none to ask" in found.err
    assert found.lines[0].startswith(f"{tmp_path} (index): ") and found.lines[-1] == "  an index and a spool may lie here"


def test_a_place_without_hard_links_is_refused_with_the_sentence(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(file: str, name: str) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    found = ask("doctor", str(tmp_path))
    assert found.code == 3
    assert any(line.startswith("  bad   exclusive link") and "hard links" in line for line in found.lines)
    assert found.lines[-1] == "  an index must not lie here"


def test_where_nobody_may_write_one_can_still_ask(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "mkdir", refused)
    found = ask("doctor", str(tmp_path))
    assert found.code == 0 and found.lines[-1] == "  this host can ask here, and neither pack nor submit"


def test_a_place_that_is_not_there_is_an_error(ask: Ask, tmp_path: Path) -> None:
    found = ask("doctor", str(tmp_path / "missing"))
    assert found.code == 3 and found.out == b"" and "is the share mounted" in found.err
