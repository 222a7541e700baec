from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from pkgindex.errors import StoreError
from pkgindex.spool import outstanding as looking
from pkgindex.spool.claims import Claims
from pkgindex.spool.identity import current
from pkgindex.spool.outstanding import outstanding
from pkgindex.spool.spool import Spool

REPO = "host"
NAME = "dpkg.jsonl"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spool"))
    spool.create()
    spool.add(REPO)
    return spool


def test_what_was_submitted_is_outstanding_until_it_has_left_the_spool(spool: Spool) -> None:
    assert outstanding(spool, REPO, NAME) == {}
    first = spool.submit_bytes(REPO, NAME, b"1", "incremental")
    second = spool.submit_bytes(REPO, NAME, b"2", "incremental")
    spool.submit_bytes(REPO, "other.jsonl", b"")
    assert outstanding(spool, REPO, NAME) == {first: "", second: ""}
    writer = current()
    claims = Claims(spool, REPO, writer)
    one, two = (claim for claim in claims.claim(spool.incoming(REPO)) if claim.filename == NAME)
    assert outstanding(spool, REPO, NAME) == {os.path.basename(claim.path): writer.folder for claim in (one, two)}
    claims.done(one)
    claims.give_back(two)
    assert outstanding(spool, REPO, NAME) == {os.path.basename(two.path): ""}


def test_what_changes_its_place_while_it_is_looked_for_is_found(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claimed when `incoming` is listed, given back before its folder is."""
    spool.submit_bytes(REPO, NAME, b"1", "incremental")
    claims = Claims(spool, REPO, current())
    (claim,) = claims.claim(spool.incoming(REPO))
    listed = looking._listed

    def given_back(folder: str) -> list[str]:
        claims.give_back(claim)
        return listed(folder)

    monkeypatch.setattr(looking, "_listed", given_back)
    assert outstanding(spool, REPO, NAME) == {os.path.basename(claim.path): ""}


def _refuse_to_list(monkeypatch: pytest.MonkeyPatch, folder: str, code: int, gone: bool) -> None:
    """Answer *code* when *folder* is listed; *gone*: it is taken away just before."""
    listdir = os.listdir

    def refusing(path: str) -> list[str]:
        if path.endswith(folder):
            if gone:
                shutil.rmtree(path, ignore_errors=True)
            raise OSError(code, os.strerror(code), path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refusing)


@pytest.mark.parametrize(("code", "seen"), [(errno.EACCES, True), (errno.ESTALE, False), (errno.ENOENT, False)])
def test_a_folder_that_cannot_be_looked_into_may_hold_one_and_one_that_is_gone_does_not(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, code: int, seen: bool
) -> None:
    writer = current()
    Claims(spool, REPO, writer).beat()
    _refuse_to_list(monkeypatch, writer.folder, code, gone=not seen)
    assert outstanding(spool, REPO, NAME) == ({NAME: writer.folder} if seen else {})


def test_a_folder_that_a_share_has_forgotten_for_a_moment_is_asked_again(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.submit_bytes(REPO, NAME, b"1", "incremental")
    writer = current()
    (claim,) = Claims(spool, REPO, writer).claim(spool.incoming(REPO))
    listdir, forgotten = os.listdir, [writer.folder]

    def forgetting(path: str) -> list[str]:
        if os.path.basename(path) in forgotten:
            forgotten.clear()
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", forgetting)
    assert outstanding(spool, REPO, NAME) == {os.path.basename(claim.path): writer.folder}
    assert forgotten == []


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ESTALE])
def test_a_folder_that_is_there_and_cannot_be_listed_is_told(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    writer = current()
    Claims(spool, REPO, writer).beat()
    _refuse_to_list(monkeypatch, writer.folder, code, gone=False)
    with pytest.raises(StoreError, match=os.strerror(code)):
        outstanding(spool, REPO, NAME)


def test_a_spool_that_cannot_be_read_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: str) -> list[str]:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    monkeypatch.setattr(os, "listdir", refusing)
    with pytest.raises(StoreError, match="Input/output error"):
        outstanding(spool, REPO, NAME)
