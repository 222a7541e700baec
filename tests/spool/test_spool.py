from __future__ import annotations

import errno
import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkgindex.errors import BadInput, NoIndex, NoSpace, StoreError
from pkgindex.spool import moves, names
from pkgindex.spool.spool import Spool
from pkgindex.store import files


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spool"))
    spool.create()
    spool.add("debian")
    return spool


def incoming(spool: Spool) -> str:
    return spool.folder("debian", names.INCOMING)


def content(spool: Spool, name: str) -> bytes:
    return Path(incoming(spool), name).read_bytes()


def test_creating_a_spool_twice_changes_nothing(spool: Spool) -> None:
    before = sorted(os.listdir(spool.root))
    spool.create()
    assert sorted(os.listdir(spool.root)) == before == [names.SENTINEL, "debian"]


def test_repositories_are_the_folders_that_can_be_one(spool: Spool) -> None:
    for folder in ("arch", "Debian", ".hidden", "lost+found"):
        os.mkdir(os.path.join(spool.root, folder))
    Path(spool.root, "file").touch()
    assert spool.repositories() == ["arch", "debian"]


def test_without_the_sentinel_nothing_is_touched(spool: Spool, tmp_path: Path) -> None:
    os.unlink(os.path.join(spool.root, names.SENTINEL))
    before = [(folder, sorted(folders), sorted(files)) for folder, folders, files in os.walk(spool.root)]
    for touch in (
        spool.require,
        spool.repositories,
        lambda: spool.add("new"),
        lambda: spool.incoming("debian"),
        lambda: spool.rejected("debian"),
        lambda: spool.submit("debian", __file__),
        lambda: spool.submit_bytes("debian", "x", b""),
        lambda: spool.full_marked("debian"),
        lambda: spool.clear_full("debian"),
    ):
        with pytest.raises(NoIndex, match=r"mount the disk .*pkgindex init"):
            touch()
    assert [(folder, sorted(folders), sorted(files)) for folder, folders, files in os.walk(spool.root)] == before


@pytest.mark.parametrize("repo", ["", "..", "../x", "a/b", "Debian", ".git"])
def test_a_name_that_cannot_be_a_repository_leads_nowhere(spool: Spool, repo: str) -> None:
    for ask in (spool.add, spool.incoming, spool.clear_full, lambda repo: spool.submit_bytes(repo, "x", b"")):
        with pytest.raises(BadInput, match="cannot be the name of a repository"):
            ask(repo)


def test_an_unknown_repository_is_not_made_by_a_submission(spool: Spool) -> None:
    with pytest.raises(BadInput, match="pkgindex init"):
        spool.submit_bytes("debain", "x", b"")
    assert spool.repositories() == ["debian"]


def test_a_submitted_file_is_listed_with_its_content(spool: Spool, tmp_path: Path) -> None:
    file = tmp_path / "Packages.gz"
    file.write_bytes(os.urandom(3 << 20))
    assert spool.submit("debian", str(file)) == "Packages.gz"
    (entry,) = spool.incoming("debian")
    assert (entry.name, entry.size, entry.unfit) == ("Packages.gz", 3 << 20, "")
    assert content(spool, "Packages.gz") == file.read_bytes()
    assert os.listdir(incoming(spool)) == ["Packages.gz"]


def test_the_mode_and_another_name_stand_in_the_name(spool: Spool, tmp_path: Path) -> None:
    file = tmp_path / "x.part"
    file.touch()
    assert spool.submit("debian", str(file), "full", "Packages") == "Packages@full"


def test_a_submission_is_durable_before_it_is_acknowledged(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def noting_fsync(descriptor: int) -> None:
        done.append("flush " + os.readlink(f"/proc/self/fd/{descriptor}").rpartition("/")[2][:8])
        fsync(descriptor)

    def noting_link(source: str, target: str) -> None:
        done.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "link", noting_link)
    spool.submit_bytes("debian", "x", b"1")
    assert done == ["flush .submit-", "link", "flush incoming"]


def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(spool: Spool) -> None:
    found = [spool.submit_bytes("debian", "x.gz", b"%d" % number) for number in range(4)]
    assert found == ["x.gz", "x.gz@copy-2", "x.gz@copy-3", "x.gz@copy-4"]
    assert [content(spool, name) for name in found] == [b"0", b"1", b"2", b"3"]
    assert {names.parse(name).filename for name in found} == {"x.gz"}


def test_submitters_at_the_same_time_lose_nothing(spool: Spool) -> None:
    def submit(first: int) -> None:
        for number in range(first, first + 15):
            spool.submit_bytes("debian", "same", b"%d" % number)

    threads = [threading.Thread(target=submit, args=(first,)) for first in (0, 15, 30, 45)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(content(spool, entry.name)) for entry in spool.incoming("debian")) == list(range(60))


def test_without_hard_links_nothing_is_overwritten_either(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert [spool.submit_bytes("debian", "x", data) for data in (b"1", b"2")] == ["x", "x@copy-2"]
    assert (content(spool, "x"), content(spool, "x@copy-2")) == (b"1", b"2")


def test_a_link_that_was_made_though_the_answer_says_taken_is_ours(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def lying(source: str, target: str) -> None:
        link(source, target)
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(os, "link", lying)
    assert spool.submit_bytes("debian", "x", b"1") == "x"
    assert [entry.name for entry in spool.incoming("debian")] == ["x"]


@given(st.binary(min_size=1, max_size=300).map(os.fsdecode))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_listed_or_refused(spool: Spool, filename: str) -> None:
    try:
        name = spool.submit_bytes("debian", filename, b"")
    except BadInput:
        return
    assert name in [entry.name for entry in spool.incoming("debian")]
    os.unlink(os.path.join(incoming(spool), name))


@pytest.mark.parametrize("filename", ["n" * 300 + ".deb", "new\nline", os.fsdecode(b"\xff\xfe"), "..gz"[1:].join("xx"), "-rf"])
def test_weird_names_are_submissions_like_others(spool: Spool, filename: str) -> None:
    name = spool.submit_bytes("debian", filename, b"1")
    assert content(spool, name) == b"1"


def test_what_is_no_regular_file_is_listed_as_unfit_and_not_opened(spool: Spool) -> None:
    folder = incoming(spool)
    os.mkfifo(os.path.join(folder, "fifo"))
    os.symlink("/etc/passwd", os.path.join(folder, "link"))
    os.mkdir(os.path.join(folder, "directory"))
    with socket.socket(socket.AF_UNIX) as unix:
        here = os.open(folder, os.O_RDONLY)
        unix.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    found = {entry.name: entry.unfit for entry in spool.incoming("debian")}
    assert found == {"fifo": "a FIFO", "link": "a symbolic link", "directory": "a directory", "socket": "a socket"}


def test_unfinished_files_are_not_listed(spool: Spool) -> None:
    for name in (".nfs0001", ".full", "x.part", "x.tmp", "x~", ".x.abc", "x"):
        Path(incoming(spool), name).touch()
    assert [entry.name for entry in spool.incoming("debian")] == ["x"]


def test_only_a_regular_file_is_submitted_and_a_fifo_holds_nobody(spool: Spool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, reason in ((tmp_path / "fifo", "a FIFO"), (tmp_path, "a directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(BadInput, match=reason):
            spool.submit("debian", str(path))
    assert os.listdir(incoming(spool)) == []


def test_a_full_disk_leaves_nothing_behind(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NoSpace, match="make room"):
        spool.submit_bytes("debian", "x", b"1")
    assert os.listdir(incoming(spool)) == []


def test_a_repository_without_its_folders_is_an_empty_one(spool: Spool) -> None:
    os.mkdir(os.path.join(spool.root, "bare"))
    assert spool.incoming("bare") == []
    assert spool.rejected("bare") == []
    assert not spool.full_marked("bare")
    spool.submit_bytes("bare", "x", b"")
    assert [entry.name for entry in spool.incoming("bare")] == ["x"]


def test_the_marker_of_a_full_set_comes_and_goes(spool: Spool) -> None:
    assert not spool.full_marked("debian")
    Path(incoming(spool), names.FULL_MARKER).touch()
    assert spool.full_marked("debian")
    assert spool.incoming("debian") == []
    spool.clear_full("debian")
    spool.clear_full("debian")
    assert not spool.full_marked("debian")


def test_what_the_system_refuses_names_the_place(spool: Spool) -> None:
    os.rmdir(incoming(spool))
    Path(incoming(spool)).touch()
    with pytest.raises(StoreError, match=names.INCOMING):
        spool.incoming("debian")


def test_a_directory_that_cannot_be_flushed_is_no_error() -> None:
    moves.flush_directory("/proc")


def test_a_spool_whose_making_was_cut_short_is_made_by_the_next_call(tmp_path: Path) -> None:
    """An empty directory in its place would be taken for a disk that is not mounted, by all who must not make a spool there."""
    unfinished = tmp_path / "spool.new"
    unfinished.mkdir()
    (unfinished / ".submit-left").write_bytes(b"half")
    assert not (tmp_path / "spool").exists()
    Spool(str(tmp_path / "spool")).create()
    Spool(str(tmp_path / "spool")).require()
    assert not unfinished.exists()


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EIO, errno.ESTALE, errno.EMFILE])
@pytest.mark.parametrize("call", ["open", "fstat"])
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(b"{}")

    def refusing(*arguments: object) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch, pytest.raises((BadInput, StoreError), match=r"x\.json.*: (see|raise) ") as caught:
        patch.setattr(os, call, refusing)
        spool.submit("debian", str(file))
    assert isinstance(caught.value, StoreError) is (code in (errno.EIO, errno.ESTALE))


def test_what_waits_is_not_forgotten_because_a_share_has_forgotten_the_folder(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.submit_bytes("debian", "x", b"")

    def forgetting(path: str) -> object:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "scandir", forgetting)
    with pytest.raises(StoreError, match="incoming"):
        spool.incoming("debian")


def test_a_repository_that_the_disk_does_not_show_is_not_taken_for_none(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(path: str, **named: bool) -> os.stat_result:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="Input/output error: check"):
        patch.setattr(files, "is_there", refusing)
        spool.submit_bytes("debian", "x", b"")
