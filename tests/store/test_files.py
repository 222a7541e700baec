"""Calls whose answers may be lost, as a share's are when its server comes back: what is there decides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pkgindex.store import files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "temporary"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def _answers_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks again, and hears that the name is there: it does not know that it is its own."""
    really = os.link

    def link(source: str, target: str) -> None:
        if not os.path.exists(target):
            really(source, target)
        raise FileExistsError(17, "File exists", source, None, target)

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("_answers_are_lost")
def test_a_link_that_was_made_and_refused_was_made(file: Path) -> None:
    files.link(str(file), f"{file}-published")
    assert os.path.samefile(file, f"{file}-published")


@pytest.mark.usefixtures("_answers_are_lost")
def test_a_link_that_another_writer_made_first_was_not(file: Path) -> None:
    Path(f"{file}-published").write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        files.link(str(file), f"{file}-published")


@pytest.mark.usefixtures("_answers_are_lost")
def test_the_links_are_counted_on_the_file_that_is_opened(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name a share answers from memory: one link, as it was before."""
    before, stat = os.stat(file), os.stat

    def remembered(path: str, **how: bool) -> os.stat_result:
        return before if path == str(file) else stat(path, **how)

    monkeypatch.setattr(os, "stat", remembered)
    files.link(str(file), f"{file}-published")
