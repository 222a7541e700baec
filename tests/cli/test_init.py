"""`init` where an earlier one was killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pkgindex.cli.main import main
from pkgindex.store.flushing import Flushing


def test_what_a_killed_init_made_is_durable_before_it_is_said_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--index", str(tmp_path / "index"), "--spool", str(tmp_path / "spool"), "init", "sky"]
    with monkeypatch.context() as killed:
        killed.setattr(Flushing, "flush_name", lambda *names: None)
        assert main(words) == 0
    fsync, flushed = os.fsync, []

    def noting(handle: int) -> None:
        flushed.append(os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    assert main(words) == 0
    assert "generations" in flushed
