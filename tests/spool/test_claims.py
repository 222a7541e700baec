from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pkgindex.errors import NoIndex, StoreError
from pkgindex.spool import identity, names
from pkgindex.spool.claims import Claims
from pkgindex.spool.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spool"))
    spool.create()
    spool.add("debian")
    return spool


@pytest.fixture
def claims(spool: Spool) -> Claims:
    return Claims(spool, "debian", identity.current())


def drop(spool: Spool, name: str, content: bytes = b"") -> None:
    Path(spool.folder("debian", names.INCOMING), name).write_bytes(content)


def waiting(spool: Spool) -> list[str]:
    return sorted(entry.name for entry in spool.incoming("debian"))


def rejected_text(spool: Spool, name: str) -> str:
    return Path(spool.folder("debian", names.REJECTED), name + ".reason").read_text()


def test_a_claim_leaves_incoming_and_keeps_its_content(spool: Spool, claims: Claims) -> None:
    drop(spool, "x.gz@full", b"content")
    (claim,) = claims.claim(spool.incoming("debian"))
    assert (claim.filename, claim.mode, claim.size, claim.unfit) == ("x.gz", "full", 7, "")
    assert Path(claim.path).read_bytes() == b"content"
    assert claim.path.endswith(f"x.gz@full@id-{claim.id}")
    assert waiting(spool) == []
    assert claims.done(claim)
    assert not claims.done(claim)
    claims.close()
    assert os.listdir(spool.folder("debian", names.CLAIMED)) == []


def test_an_identity_is_durable_before_it_is_used(spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync, flushed = os.fsync, []

    def noting(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    drop(spool, "x")
    monkeypatch.setattr(os, "fsync", noting)
    (claim,) = claims.claim(spool.incoming("debian"))
    # The folder's name, then the new name in it: after a power cut in between there may be both names, but never neither.
    folder = os.path.dirname(claim.path)
    assert flushed == [os.path.dirname(folder), folder, spool.folder("debian", names.INCOMING)]


def test_what_was_written_to_after_it_was_packed_goes_back_under_a_new_identity(spool: Spool, claims: Claims) -> None:
    drop(spool, "x.gz@full", b"half")
    (claim,) = claims.claim(spool.incoming("debian"))
    assert claims.give_back_anew(claim)
    (again,) = claims.claim(spool.incoming("debian"))
    assert (again.filename, again.mode, again.size) == ("x.gz", "full", 4)
    assert again.id != claim.id
    assert not claims.give_back_anew(claim)


def test_the_age_of_a_claim_is_that_of_its_last_change(spool: Spool, claims: Claims) -> None:
    drop(spool, "x")
    (claim,) = claims.claim(spool.incoming("debian"))
    assert 0.0 <= claims.age_seconds(claim) < 600.0
    os.utime(claim.path, (1_000_000_000, 1_000_000_000))
    assert claims.age_seconds(claim) > 100_000_000.0
    claims.done(claim)
    assert claims.age_seconds(claim) == 0.0


def test_the_oldest_is_claimed_first_and_equals_by_name(spool: Spool, claims: Claims) -> None:
    for name, mtime_ns in (("b", 5), ("a", 5), ("c", 1)):
        drop(spool, name)
        os.utime(os.path.join(spool.folder("debian", names.INCOMING), name), ns=(mtime_ns, mtime_ns))
    assert [claim.filename for claim in claims.claim(spool.incoming("debian"))] == ["c", "a", "b"]


def test_what_was_taken_by_somebody_else_is_left_out(spool: Spool, claims: Claims) -> None:
    drop(spool, "x")
    listed = spool.incoming("debian")
    other = Claims(spool, "debian", identity.current())
    assert len(other.claim(listed)) == 1
    assert claims.claim(listed) == []
    assert claims.stuck == {}


def test_a_submission_given_back_keeps_its_identity(spool: Spool, claims: Claims) -> None:
    drop(spool, "x@incremental")
    (first,) = claims.claim(spool.incoming("debian"))
    assert claims.give_back(first)
    assert claims.give_back(first)
    assert waiting(spool) == [f"x@incremental@id-{first.id}"]
    (second,) = claims.claim(spool.incoming("debian"))
    assert second == first
    other = Claims(spool, "debian", identity.current())
    claims.give_back(second)
    other.claim(spool.incoming("debian"))
    assert not claims.give_back(second)


def test_the_mode_of_a_set_is_for_those_that_say_none_and_outlives_a_crash(spool: Spool, claims: Claims) -> None:
    for name in ("a", "b@incremental"):
        drop(spool, name)
    assert [claim.mode for claim in claims.claim(spool.incoming("debian"), mode="full")] == ["full", "incremental"]
    Claims(spool, "debian", identity.current()).recover(-1, lambda id: False)
    assert [names.parse(name)[:2] for name in waiting(spool)] == [("a", "full"), ("b", "incremental")]


def test_a_file_that_is_still_written_to_is_noticed(spool: Spool, claims: Claims) -> None:
    path = os.path.join(spool.folder("debian", names.INCOMING), "x")
    with open(path, "wb", buffering=0) as writer:
        writer.write(b"1")
        (claim,) = claims.claim(spool.incoming("debian"))
        assert claims.is_unchanged(claim)
        writer.write(b"2")
    assert not claims.is_unchanged(claim)
    claims.done(claim)
    assert not claims.is_unchanged(claim)


def test_a_rejected_submission_lies_beside_its_reason(spool: Spool, claims: Claims) -> None:
    drop(spool, "x.gz", b"broken")
    (claim,) = claims.claim(spool.incoming("debian"))
    assert claims.reject(claim, "line 3: no name\n\nwas: \x1b[2J", "Name it.") == "x.gz"
    assert spool.rejected("debian") == ["x.gz"]
    assert Path(spool.folder("debian", names.REJECTED), "x.gz").read_bytes() == b"broken"
    fields = rejected_text(spool, "x.gz").splitlines()
    assert fields[:2] == ["File: x.gz", "Repository: debian"]
    assert fields[2].startswith("Rejected: 20")
    assert fields[3:] == [f"Submission: {claim.id}", "Reason: line 3: no name", " .", r" was: \x1b[2J", "Remedy: Name it."]
    assert claims.reject(claim, "again") is None
    assert spool.rejected("debian") == ["x.gz"]


def test_nothing_rejected_is_ever_overwritten(spool: Spool, claims: Claims) -> None:
    # A submission may be called like the reason of another.
    wanted = ["x.reason", "x@copy-2", "x@copy-3", "x@copy-4"]
    for number, name in enumerate(["x.reason", "x", "x", "x"]):
        drop(spool, name, b"%d" % number)
        (claim,) = claims.claim(spool.incoming("debian"))
        assert claims.reject(claim, "no") == wanted[number]
    folder = spool.folder("debian", names.REJECTED)
    assert [Path(folder, name).read_bytes() for name in wanted] == [b"0", b"1", b"2", b"3"]
    assert spool.rejected("debian") == sorted(wanted)


def test_what_a_power_cut_left_under_both_names_is_rejected_once(spool: Spool, claims: Claims) -> None:
    """On a disk that keeps directories apart: of the move into `rejected` only the new name was durable."""
    drop(spool, "x")
    (claim,) = claims.claim(spool.incoming("debian"))
    assert claims.reject(claim, "no") == "x"
    os.link(spool.folder("debian", names.REJECTED, "x"), claim.path)
    assert claims.reject(claim, "no") == "x"
    assert spool.rejected("debian") == ["x"]
    assert not os.path.lexists(claim.path)


def test_a_file_put_among_the_rejected_by_hand_stays(spool: Spool, claims: Claims) -> None:
    Path(spool.folder("debian", names.REJECTED), "x").write_bytes(b"mine")
    drop(spool, "x", b"yours")
    (claim,) = claims.claim(spool.incoming("debian"))
    assert claims.reject(claim, "no") == "x@copy-2"
    assert spool.rejected("debian") == ["x@copy-2"]
    assert Path(spool.folder("debian", names.REJECTED), "x").read_bytes() == b"mine"


def test_a_rejection_that_was_cut_short_is_taken_up_again(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(spool, "x", b"1")
    (claim,) = claims.claim(spool.incoming("debian"))
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(os, "rename", interrupted)
        claims.reject(claim, "no")
    assert claims.reject(claim, "no") == "x"
    assert sorted(os.listdir(spool.folder("debian", names.REJECTED))) == ["x", "x.reason"]


def interrupted(source: str, target: str) -> None:
    raise KeyboardInterrupt


def test_what_is_no_regular_file_is_rejected_unopened(spool: Spool, claims: Claims, tmp_path: Path) -> None:
    folder = spool.folder("debian", names.INCOMING)
    os.mkfifo(os.path.join(folder, "fifo"))
    os.symlink(tmp_path / "elsewhere", os.path.join(folder, "link"))
    os.makedirs(os.path.join(folder, "directory", "below"))
    found = claims.claim(spool.incoming("debian"))
    assert {claim.filename: claim.unfit for claim in found} == {
        "fifo": "a FIFO",
        "link": "a symbolic link",
        "directory": "a directory",
    }
    assert {claims.reject(claim, f"it is {claim.unfit}") for claim in found} == {"fifo", "link", "directory"}
    assert waiting(spool) == []
    assert os.listdir(os.path.join(spool.folder("debian", names.REJECTED), "directory")) == ["below"]


@pytest.mark.parametrize(
    "name", ["n" * 255, "ü" * 127, "a\nb", os.fsdecode(b"\xff\xfe.gz"), "x..", "x@full@copy-2", "-", " ", "heartbeat"]
)
def test_weird_names_survive_every_way_through_the_spool(spool: Spool, claims: Claims, name: str) -> None:
    drop(spool, name, b"content")
    (claim,) = claims.claim(spool.incoming("debian"))
    claims.give_back(claim)
    (again,) = claims.claim(spool.incoming("debian"))
    assert again.id == claim.id
    rejected = claims.reject(again, "no")
    assert rejected is not None
    assert all(line.isprintable() for line in rejected_text(spool, rejected).splitlines())
    assert Path(spool.folder("debian", names.REJECTED), rejected).read_bytes() == b"content"


def test_long_names_that_shortening_makes_equal_do_not_meet(spool: Spool, claims: Claims) -> None:
    tail = "z" * 80 + "@id-" + "a" * 16
    for middle in "xy":
        drop(spool, "a" * 140 + middle + tail, middle.encode())
    found = claims.claim(spool.incoming("debian"), mode="incremental")
    assert sorted(Path(claim.path).read_bytes() for claim in found) == [b"x", b"y"]


def test_a_rename_that_was_done_though_the_answer_says_otherwise_counts(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def lying(source: str, target: str) -> None:
        rename(source, target)
        raise FileNotFoundError(2, "No such file or directory")

    drop(spool, "x")
    drop(spool, "y")
    listed = spool.incoming("debian")
    monkeypatch.setattr(os, "rename", lying)
    first, second = claims.claim(listed)
    assert claims.give_back(first)
    assert claims.reject(second, "no") == "y"
    assert waiting(spool) == [f"x@id-{first.id}"]
    assert spool.rejected("debian") == ["y"]


def test_an_unlink_that_was_done_though_the_answer_says_otherwise_is_no_error(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def lying(path: str) -> None:
        unlink(path)
        raise FileNotFoundError(2, "No such file or directory")

    drop(spool, "x")
    (claim,) = claims.claim(spool.incoming("debian"))
    monkeypatch.setattr(os, "unlink", lying)
    claims.done(claim)
    assert not os.path.lexists(claim.path)


def test_one_that_cannot_be_moved_costs_no_other(spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if source.endswith("/b"):
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    for name in "abc":
        drop(spool, name)
    monkeypatch.setattr(os, "rename", refusing)
    assert [claim.filename for claim in claims.claim(spool.incoming("debian"))] == ["a", "c"]
    assert claims.stuck == {"b": "Permission denied"}
    assert waiting(spool) == ["b"]


def test_a_writer_whose_folder_was_tidied_away_goes_on(spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(spool, "x")
    beat = claims.beat

    def beat_then_lose() -> None:
        beat()
        claims_folder = spool.folder("debian", names.CLAIMED, claims.writer.folder)
        os.unlink(os.path.join(claims_folder, names.HEARTBEAT))
        os.rmdir(claims_folder)

    monkeypatch.setattr(claims, "beat", beat_then_lose)
    (claim,) = claims.claim(spool.incoming("debian"))
    assert os.path.exists(claim.path)
    beat()
    assert claims.done(claim)


def test_without_the_sentinel_nothing_is_touched(spool: Spool, claims: Claims) -> None:
    drop(spool, "x")
    drop(spool, "y")
    listed = spool.incoming("debian")
    (claim,) = claims.claim(listed[:1])
    os.unlink(os.path.join(spool.root, names.SENTINEL))
    for touch in (
        claims.beat,
        claims.close,
        lambda: claims.claim(listed),
        lambda: claims.done(claim),
        lambda: claims.give_back(claim),
        lambda: claims.reject(claim, "no"),
        lambda: claims.recover(0, lambda id: True),
    ):
        with pytest.raises(NoIndex):
            touch()
    assert os.path.exists(claim.path)


def test_closing_leaves_what_is_still_claimed(spool: Spool, claims: Claims) -> None:
    claims.close()
    drop(spool, "x")
    (claim,) = claims.claim(spool.incoming("debian"))
    claims.close()
    assert os.path.exists(claim.path)


def test_of_four_threads_each_submission_goes_to_one(spool: Spool) -> None:
    for number in range(400):
        drop(spool, str(number))
    listed = spool.incoming("debian")
    found: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        claims = Claims(spool, "debian", identity.current())
        start.wait()
        found.extend(claim.filename for claim in claims.claim(listed))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, found)) == list(range(400))


CLAIMER = """
import sys
from pkgindex.spool import identity
from pkgindex.spool.claims import Claims
from pkgindex.spool.spool import Spool
spool = Spool(sys.argv[1])
claims = Claims(spool, "debian", identity.current())
listed = spool.incoming("debian")
sys.stdin.read()
for claim in claims.claim(listed):
    print(claim.filename)
"""


def test_of_four_processes_each_submission_goes_to_one(spool: Spool) -> None:
    for number in range(400):
        drop(spool, str(number))
    command = [sys.executable, "-c", CLAIMER, spool.root]
    claimers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    found = [line for claimer in claimers for line in claimer.communicate("go")[0].split()]
    assert all(claimer.returncode == 0 for claimer in claimers)
    assert sorted(map(int, found)) == list(range(400))


@pytest.mark.parametrize("refused", ["fsync", "lstat"])
def test_a_claim_that_fails_half_way_goes_back(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """Nobody is told of it, so nobody would give it back before the writer is dead."""
    call = getattr(os, refused)

    def refusing(what: object, **named: object) -> object:
        path = os.readlink(f"/proc/self/fd/{what}") if isinstance(what, int) else str(what)
        if "@id-" in path or (isinstance(what, int) and os.path.basename(path) != names.CLAIMED):
            raise OSError(5, "Input/output error")
        return call(what, **named)

    drop(spool, "x")
    with monkeypatch.context() as patch:
        patch.setattr(os, refused, refusing)
        with suppress(StoreError):
            assert claims.claim(spool.incoming("debian")) == [] and claims.stuck == {"x": "Input/output error"}
    (name,) = waiting(spool)
    assert name.startswith("x@id-")
    claims.close()
    assert os.listdir(spool.folder("debian", names.CLAIMED)) == []


def test_a_claim_that_a_share_has_forgotten_is_not_taken_for_lost(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    lstat = os.lstat

    def forgetting(path: str) -> os.stat_result:
        if "@id-" in path:
            raise FileNotFoundError(2, "No such file or directory")
        return lstat(path)

    drop(spool, "x")
    monkeypatch.setattr(os, "lstat", forgetting)
    assert claims.claim(spool.incoming("debian")) == []
    assert claims.stuck == {"x": "No such file or directory"}
    assert len(waiting(spool)) == 1
