from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pkgindex.errors import Exists, Gone, NoIndex, NoSpace, StoreError
from pkgindex.format.envelope import seal
from pkgindex.store import files, filesystem, flushing, local
from pkgindex.store.local import LocalBackend
from store.contract import BackendContract, finished, makers

READ_PATH = ("faults", "files", "local", "names")
MANY = flushing.FILES_EACH_MAX + 1


@pytest.fixture(params=["local", "remote"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> LocalBackend:
    return LocalBackend(str(tmp_path), remote=request.param == "remote")


class TestLocalBackend(BackendContract):
    @pytest.fixture(params=["local", "remote"])
    def backend(self, request: pytest.FixtureRequest, tmp_path: Path) -> LocalBackend:
        return LocalBackend(str(tmp_path), remote=request.param == "remote")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached the disk, in order: `fsync tmp/link`, `link generations/1` ..."""
    made: list[str] = []
    fsync, link = os.fsync, os.link

    def recorded_fsync(handle: int) -> None:
        fsync(handle)
        made.append(f"fsync {os.readlink(f'/proc/self/fd/{handle}')}")

    def recorded_link(file: str, path: str) -> None:
        link(file, path)
        made.append(f"link {path}")

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "link", recorded_link)
    return made


def failing(call: Callable[..., object], code: int, *, after: bool = False) -> Callable[..., object]:
    """*call* that answers with an error, having done its work (`after`) or not."""

    def fail(*arguments: object, **options: object) -> object:
        if after:
            call(*arguments, **options)
        raise OSError(code, os.strerror(code))

    return fail


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_link_flushes_its_content_before_and_its_directories_after(
    backend: LocalBackend, calls: list[str], tmp_path: Path
) -> None:
    backend.link("generations/1", b"manifest")
    content, link, *directories = calls
    assert content.startswith(f"fsync {tmp_path}/tmp/link-")
    assert link == f"link {tmp_path}/generations/1"
    assert sorted(directories) == [f"fsync {tmp_path}", f"fsync {tmp_path}/generations"]
    calls.clear()
    backend.link("generations/2", b"manifest")
    assert calls[2:] == [f"fsync {tmp_path}/generations"]
    assert files_below(tmp_path) == ["generations/1", "generations/2"]


def test_a_flush_takes_files_first_then_each_directory_once_and_all_above_that_are_new(
    backend: LocalBackend, calls: list[str], tmp_path: Path
) -> None:
    for name in ("forward/1f/a", "forward/1f/b", "forward/2e/c"):
        backend.create(name, b"")
    backend.flush(["forward/1f/a", "forward/1f/b", "forward/2e/c"])
    assert sorted(calls[:3]) == [f"fsync {tmp_path}/forward/{name}" for name in ("1f/a", "1f/b", "2e/c")]
    assert sorted(calls[3:]) == [f"fsync {tmp_path}{name}" for name in ("", "/forward", "/forward/1f", "/forward/2e")]
    calls.clear()
    backend.create("forward/1f/d", b"")
    backend.flush(["forward/1f/d"])
    assert calls == [f"fsync {tmp_path}/forward/1f/d", f"fsync {tmp_path}/forward/1f"]


def test_a_directory_that_is_made_again_is_flushed_into_its_parent_again(
    backend: LocalBackend, calls: list[str], tmp_path: Path
) -> None:
    for name in ("d/one", "d/two"):
        backend.create(name, b"")
        backend.flush([name])
        backend.remove(name)
        (tmp_path / "d").rmdir()
    assert calls.count(f"fsync {tmp_path}") == 2


def many(backend: LocalBackend, generation: int = 1) -> list[str]:
    names = [f"forward/{number % 7}/{number}.{generation}" for number in range(MANY)]
    for name in names:
        backend.create(name, b"content")
    return names


def test_many_files_are_flushed_at_once_on_a_local_disk_and_each_on_a_share(
    backend: LocalBackend, calls: list[str]
) -> None:
    names = many(backend)
    with pytest.raises(Exists):
        backend.create(names[0], b"")
    backend.flush(names)
    assert len(calls) == (MANY + 9 if backend.remote else 0)
    # What is not known to have been made here is not covered by an error that came before.
    calls.clear()
    backend.flush(names)
    assert len(calls) == MANY + 7


def test_a_kernel_that_hides_errors_of_syncfs_flushes_each(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LocalBackend(str(tmp_path), remote=False)
    old = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((old[0], old[1], "4.18.0-553.el8", old[3], old[4])))
    backend.flush(many(backend))
    assert len(calls) == MANY + 9


def test_a_writer_that_is_idle_holds_no_handle(tmp_path: Path) -> None:
    def open_handles() -> int:
        return len(os.listdir("/proc/self/fd"))

    backend = LocalBackend(str(tmp_path), remote=False)
    before = open_handles()
    names = many(backend)
    assert open_handles() == before + 1
    backend.flush(names)
    assert open_handles() == before
    backend.create("lost", b"")
    backend.remove("lost")
    with pytest.raises(Exists):
        backend.create(names[0], b"")
    assert open_handles() == before


@pytest.mark.parametrize(("code", "kind"), [(errno.EIO, StoreError), (errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace)])
def test_a_flush_that_failed_is_never_tried_again(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[StoreError]
) -> None:
    backend.create("d/lost", b"")
    backend.create("d/other", b"")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(os.fsync, code))
        with pytest.raises(kind, match="d/lost"):
            backend.flush(["d/lost"])
    with pytest.raises(StoreError, match="d/lost is lost: an earlier flush"):
        backend.flush(["d/other", "d/lost"])
    with pytest.raises(Exists):
        backend.create("d/lost", b"")
    with pytest.raises(StoreError, match="d/lost is lost"):
        backend.flush(["d/lost"])
    backend.flush(["d/other"])
    backend.remove("d/lost")
    backend.create("d/lost", b"")
    backend.flush(["d/lost"])


def test_when_the_whole_disk_fails_to_flush_all_that_was_waiting_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ctypes

    class Library:
        def __init__(self, name: object, use_errno: bool) -> None:
            pass

        def syncfs(self, handle: int) -> int:
            ctypes.set_errno(errno.EIO)
            return -1

    backend = LocalBackend(str(tmp_path), remote=False)
    backend.create("bystander", b"")
    names = many(backend)
    with monkeypatch.context() as patch:
        patch.setattr(ctypes, "CDLL", Library)
        with pytest.raises(StoreError, match="cannot be written"):
            backend.flush(names)
    for name in ("bystander", names[0]):
        with pytest.raises(StoreError, match="is lost"):
            backend.flush([name])
    backend.flush(many(backend, generation=2))


@pytest.mark.parametrize("code", [errno.EEXIST, errno.ENOENT, errno.EIO])
@pytest.mark.parametrize("how", ["link", "adopt"])
def test_a_link_whose_answer_was_lost_has_won(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str, code: int
) -> None:
    (tmp_path / "generations").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", failing(os.link, code, after=True))
        makers(backend)[how]("generations/1", b"mine")
        assert backend.read("generations/1") == b"mine"
    assert files_below(tmp_path) == ["generations/1"]


def test_a_backup_that_links_every_file_makes_no_winner(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link = os.link
    backend.link("generations/1", b"theirs")

    def backed_up(file: str, path: str) -> None:
        link(file, f"{tmp_path}/backup")
        link(file, path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", backed_up)
        with pytest.raises(Exists):
            backend.link("generations/1", b"mine")
    assert backend.read("generations/1") == b"theirs"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_hard_links_is_refused_with_the_reason(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int
) -> None:
    monkeypatch.setattr(os, "link", failing(os.link, code))
    with pytest.raises(StoreError, match=r"generations/1 cannot be linked .* hard links"):
        backend.link("generations/1", b"")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("call", ["write", "fsync", "close"])
@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace), (errno.EIO, StoreError)])
def test_what_cannot_be_written_whole_has_no_name(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: str, code: int, kind: type[StoreError]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(getattr(os, call), code, after=call == "close"))
        with pytest.raises(kind, match="/tmp/link-"):
            backend.link("generations/1", b"manifest")
        if call != "fsync":
            with pytest.raises(kind, match="d/blob"):
                backend.create("d/blob", b"content")
    assert files_below(tmp_path) == []
    backend.create("d/blob", b"content")
    backend.flush(["d/blob"])


def test_an_interrupted_write_leaves_nothing(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(handle: int, data: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    for act in (backend.create, backend.link):
        with pytest.raises(KeyboardInterrupt):
            act("d/blob", b"content")
    assert files_below(tmp_path) == []


def test_short_writes_and_short_reads_are_carried_on(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.read, os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    monkeypatch.setattr(os, "read", lambda handle, size: read(handle, min(size, 5)))
    data = bytes(range(256))
    backend.create("blob", data)
    assert backend.read("blob") == data


def test_a_directory_that_another_host_makes_meanwhile_is_fine(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "mkdir", failing(os.mkdir, errno.EEXIST, after=True))
    backend.create("a/b/c/blob", b"content")
    backend.link("d/e/blob", b"content")
    assert backend.read("a/b/c/blob") == backend.read("d/e/blob") == b"content"


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ESTALE, errno.EIO])
def test_stale_and_unreadable_files_are_gone(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    backend.create("blob", b"content")
    for call in ("open", "read"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(getattr(os, call), code))
            with pytest.raises(Gone, match="blob is no longer there"):
                backend.read("blob")


@pytest.mark.parametrize(
    ("code", "said"), [(errno.EROFS, "mounted read-only"), (errno.EACCES, "run as the user"), (errno.EMFILE, "Too many")]
)
def test_a_disk_that_may_not_be_written_says_so(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    monkeypatch.setattr(os, "open", failing(os.open, code))
    for act in (backend.create, backend.link):
        with pytest.raises(StoreError, match=said):
            act("d/blob", b"")


def test_a_share_that_is_away_is_asked_again_and_says_so(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.create("blob", b"content")
    monkeypatch.setattr(os, "open", failing(os.open, errno.ENOTCONN))
    with pytest.raises(Gone, match="its share is away"):
        backend.read("blob")
    with pytest.raises(StoreError, match="its share is away"):
        backend.create("other", b"")


def test_a_symbolic_link_is_not_followed(backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "blob").symlink_to("/etc/hostname")
    for act in (backend.read, backend.size):
        with pytest.raises(StoreError, match="remove it"):
            act("blob")
    with pytest.raises(Exists):
        backend.create("blob", b"")


@pytest.mark.parametrize("remote", [False, True])
def test_a_missing_root_is_no_index_and_is_not_made(tmp_path: Path, remote: bool) -> None:
    root = tmp_path / "share" / "debian"
    backend = LocalBackend(str(root), remote)
    assert backend.names("generations") == []
    for make in (backend.create, backend.link):
        with pytest.raises(NoIndex, match="is the share mounted"):
            make("generations/1", b"")
    for ask in (backend.scratch, backend.free_bytes):
        with pytest.raises(NoIndex, match="is the share mounted"):
            ask()
    assert list(tmp_path.iterdir()) == []


def test_age_is_the_difference_of_two_stamps_of_the_same_clock(backend: LocalBackend, tmp_path: Path) -> None:
    backend.create("d/blob", b"")
    written = os.stat(tmp_path / "d/blob").st_mtime
    os.utime(tmp_path / "d/blob", (written - 3600, written - 3600))
    assert 3600 <= backend.age_seconds("d/blob") < 3660
    assert files_below(tmp_path) == ["d/blob"]


def test_ages_of_many_files_ask_the_clock_once(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.create("d/blob", b"")
    asked = []
    utime = os.utime

    def counted(handle: int) -> None:
        asked.append(handle)
        utime(handle)

    monkeypatch.setattr(os, "utime", counted)
    monkeypatch.setattr(local, "PROBE_SECONDS", 60)
    for _ in range(50):
        backend.age_seconds("d/blob")
    assert len(asked) == 1


def test_files_are_made_as_the_umask_says(backend: LocalBackend, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        backend.create("d/blob", b"")
        backend.link("d/linked", b"")
        backend.adopt(finished(backend, b""), "d/adopted")
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "d").iterdir()}
    assert modes == {"blob": "0o640", "linked": "0o640", "adopted": "0o640"}
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o750


def test_an_adopted_file_must_lie_on_the_same_file_system(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = finished(backend, b"shard")
    monkeypatch.setattr(os, "link", failing(os.link, errno.EXDEV))
    with pytest.raises(StoreError, match="shards/one is not on the file system"):
        backend.adopt(file, "shards/one")
    assert os.path.exists(file)


def test_reading_imports_nothing_that_only_writers_need(tmp_path: Path) -> None:
    """Beyond what it takes to know a file of ours, which every reader has."""
    LocalBackend(str(tmp_path)).create("blob", b"content")
    program = (
        "import sys, pkgindex.format.envelope; before = set(sys.modules); from pkgindex.store.local import LocalBackend\n"
        f"backend = LocalBackend({str(tmp_path)!r}); backend.read('blob'); backend.names(''); backend.size('blob')\n"
        "print(*set(sys.modules) - before)"
    )
    # Without `site`, whose .pth files import what they like.
    command = [sys.executable, "-S", "-c", program]
    search = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=search)
    ours = {name for name in ran.stdout.split() if name.startswith("pkgindex.")}
    assert ours == {f"pkgindex.{name}" for name in ("store", *(f"store.{part}" for part in READ_PATH))}
    assert set(ran.stdout.split()) - ours <= {"errno", "stat", "_stat", "time"}


@pytest.fixture
def in_user_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    """A backend on what says that it is a GlusterFS."""
    mounts = tmp_path / "mounts"
    mounts.write_text("27 1 254:0 / / rw - fuse.glusterfs x rw\n")
    monkeypatch.setattr(filesystem, "MOUNTS", str(mounts))
    monkeypatch.setattr(local, "REMEMBERED_LOOK_SECONDS", 0.001)
    return LocalBackend(str(tmp_path))


def shorter(monkeypatch: pytest.MonkeyPatch, times: int, length: int) -> None:
    """For so many reads a file seems to have only *length* bytes."""
    left = [times]
    read_all = files.read_all

    def remembered(handle: int) -> bytes:
        left[0] -= 1
        return read_all(handle)[: length if left[0] >= 0 else None]

    monkeypatch.setattr(files, "read_all", remembered)


@pytest.mark.parametrize("length", [0, 5, 40])
def test_what_seems_shorter_than_it_says_is_read_again(
    in_user_space: LocalBackend, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    data = seal("page", "1-aaaaaa", ["x" * 100])
    in_user_space.create("pages/0", data)
    shorter(monkeypatch, 3, length)
    assert in_user_space.read("pages/0") == data


def test_what_stays_short_is_given_as_it_is(in_user_space: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "REMEMBERED_SECONDS", 0.05)
    data = seal("page", "1-aaaaaa", ["x" * 100])
    in_user_space.create("pages/0", data[:-1])
    assert in_user_space.read("pages/0") == data[:-1]


def test_where_lengths_are_not_remembered_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = LocalBackend(str(tmp_path), remote=True)
    backend.create("pages/0", seal("page", "1-aaaaaa", [])[:-1])
    monkeypatch.setattr(local.time, "sleep", lambda seconds: pytest.fail("it waited"))
    assert len(backend.read("pages/0")) == len(seal("page", "1-aaaaaa", [])) - 1


def mount(directory: Path, kib: int) -> str:
    """Mount a small disk there; the reason why not, or nothing."""
    if os.geteuid() != 0 or sys.platform != "linux":
        return "only root may mount a small disk"
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(directory)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no mount command"
    return f"mount says: {ran.stderr.strip()}" if ran.returncode else ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    reason = mount(tmp_path, 256)
    if reason:
        pytest.skip(reason)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_disk_full_at_any_moment_tears_nothing(small_disk: Path) -> None:
    old, data = b"old" * 1000, bytes(range(256)) * 160
    outcomes = []
    for free_kib in (0, *range(4, 65, 4)):
        root = small_disk / f"free{free_kib}"
        root.mkdir()
        backend = LocalBackend(str(root), remote=False)
        backend.link("generations/1", old)
        filler = root / "filler"
        filler.write_bytes(bytes(backend.free_bytes() - free_kib * 1024))
        for how, make in (("create", backend.create), ("link", backend.link)):
            try:
                make("generations/2", data)
                assert backend.read("generations/2") == data
                outcomes.append((free_kib, how, True))
                backend.remove("generations/2")
            except NoSpace as error:
                assert "pkgindex gc" in str(error)
                outcomes.append((free_kib, how, False))
            assert backend.read("generations/1") == old
            assert files_below(root) == ["filler", "generations/1"]
        filler.unlink()
        backend.link("generations/2", data)
        backend.remove("generations/2")
    assert outcomes == [(kib, how, kib >= 40) for kib in (0, *range(4, 65, 4)) for how in ("create", "link")]


@pytest.mark.parametrize("call", ["open", "listdir"])
def test_no_such_file_is_believed_when_the_directory_says_so_too(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Elsewhere than where a share is seen to be one, too."""
    backend.create("d/blob", b"content")
    asked, left = getattr(os, call), [1]

    def forgetting(path: str, *arguments: object) -> object:
        if left and path.endswith(("/d", "/blob")):
            left.pop()
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return asked(path, *arguments)

    monkeypatch.setattr(os, call, forgetting)
    assert (backend.read("d/blob") if call == "open" else backend.names("d")) in (b"content", ["blob"])
    assert left == []
    with pytest.raises(Gone):
        backend.read("d/other")
    assert backend.names("e") == []
