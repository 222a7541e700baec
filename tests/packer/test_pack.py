"""What a pack does with what it is given: nothing for nothing, each submission for itself, all or not at all."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packer.world import REPO, Expected, checked, drop, make, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import NoSpace, Rejected, StoreError
from pkgindex.packer import collect, shards
from pkgindex.packer.pack import pack
from pkgindex.packer.publish import Head, all_blobs, publish, withdraw
from pkgindex.packer.reading import Refusal
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.sources import relations
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

CURL = {"name": "curl", "version": "1", "depends": ["libc6"], "summary": "web client", "files": ["/usr/bin/curl"]}
LIBC = {"name": "libc6", "version": "2", "summary": "library", "files": ["/lib/libc.so"]}
PACKAGES = """Package: {name}
Version: 1
Architecture: all
Depends: libc6
Description: {name} does it

"""


def listing(*names: str) -> str:
    return "".join(PACKAGES.format(name=name) for name in names)


def contents(*pairs: tuple[str, str]) -> str:
    return "".join(f"{path:<40} utils/{name}\n" for path, name in pairs)


def expected(*submissions: Submission) -> dict[str, Any]:
    model = Expected()
    model.pack(submissions)
    return model.all()


class Counting(MemoryBackend):
    """Counts what is read and made."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []
        self.creations: list[str] = []

    def read(self, name: str) -> bytes:
        self.reads.append(name)
        return super().read(name)

    def create(self, name: str, data: bytes) -> None:
        self.creations.append(name)
        super().create(name, data)


def test_the_same_again_makes_no_generation(tmp_path: Path) -> None:
    backend = MemoryBackend()
    assert packed(backend, drop(tmp_path, [CURL, LIBC])).generation == 1
    again = drop(tmp_path, [LIBC, CURL])
    report = packed(backend, again)
    assert (report.generation, report.packed, report.change.names) == (0, (again,), ())
    assert backend.names("generations") == ["0000000000000001"]


def test_who_stays_remembers_no_relation_of_what_it_has_packed(tmp_path: Path) -> None:
    """A watcher's memory grew by each relation that it had ever read, up to 200,000."""
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL, LIBC]))
    assert newest(backend).package("curl") is not None
    assert relations._cache == {}


def test_what_changes_nothing_leaves_nothing_behind(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL, LIBC]))
    before = backend.blobs()
    packed(backend, drop(tmp_path, [CURL]))
    packed(backend, drop(tmp_path, [{"name": "nobody", "removed": True}]))
    assert backend.blobs() == before
    assert not list(Path(backend.scratch()).iterdir())


def test_a_listing_whose_very_bytes_stand_is_not_read_again(tmp_path: Path) -> None:
    backend = MemoryBackend()
    told: list[str] = []

    def dropped(text: str) -> int:
        submission = drop(tmp_path, text, "Packages")
        return pack(Target(backend, REPO, Settings(), told.append), [submission]).generation

    assert dropped(listing("a", "b")) == 1
    assert "reading Packages" in told
    told.clear()
    assert dropped(listing("a", "b")) == 0
    assert told == []
    assert dropped(listing("a", "b", "c")) == 2
    assert dropped(listing("a", "b")) == 3


def test_the_same_listing_packed_otherwise_is_read_again_and_changes_nothing(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, listing("a", "b"), "Packages"))
    squeezed = drop(tmp_path, lzma.compress(listing("a", "b").encode()), "Packages.xz")
    assert packed(backend, squeezed).generation == 0


def test_a_listing_over_which_something_was_laid_takes_it_back(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, listing("a"), "Packages"))
    packed(backend, drop(tmp_path, [CURL]))
    last = drop(tmp_path, listing("a"), "Packages")
    assert packed(backend, last).change.changed == 1
    assert newest(backend).package("curl") is not None, "its files are not what Packages speaks for"
    entry = newest(backend).entry("curl")
    assert entry is not None and not entry.meta


def test_when_part_of_a_set_changes_the_rest_of_it_stays(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, listing("a", "b"), "main/Packages"), drop(tmp_path, listing("c"), "contrib/Packages"))
    now = [drop(tmp_path, listing("a"), "main/Packages"), drop(tmp_path, listing("c"), "contrib/Packages")]
    report = packed(backend, *now)
    assert (report.change.names, report.generation) == (("-b",), 2)
    checked(newest(backend), expected(*now))


def test_a_set_that_speaks_for_more_than_what_changed_brings_all_of_it_along(tmp_path: Path) -> None:
    first = [{"name": "a", "version": "1", "summary": "one"}]
    second = [{"name": "b", "version": "1"}, {"name": "b", "architecture": "amd64", "files": ["/b"]}]
    third = [{"name": "c", "architecture": "amd64", "files": ["/c"]}]
    backend = MemoryBackend()
    packed(backend, *[drop(tmp_path, content, mode="full") for content in (first, second, third)])
    now = [drop(tmp_path, content, mode="full") for content in ([{"name": "a", "version": "2"}], second, third)]
    packed(backend, *now)
    checked(newest(backend), expected(*now))


def test_a_listing_takes_nothing_from_what_other_listings_speak_for(tmp_path: Path) -> None:
    backend, model = MemoryBackend(), Expected()
    steps = [
        ("Packages", listing("a", "b")),
        ("Contents-all", contents(("usr/a", "a"), ("usr/both", "a"), ("usr/both", "b"))),
        ("Contents-amd64", contents(("usr/b", "b"), ("usr/a", "a"))),
        ("Translation-en", "Package: a\nDescription-md5: 0\nDescription-en: an a\n longer text\n\n"),
        ("Translation-de", "Package: a\nDescription-md5: 0\nDescription-de: ein a\n langer Text\n\n"),
        ("Packages", listing("b", "c")),
        ("Contents-amd64", contents(("usr/c", "c"))),
        ("Translation-en", "Package: b\nDescription-md5: 0\nDescription-en: a b\n text\n\n"),
        ("Contents-all", contents(("usr/b2", "b"))),
        ("Translation-de", "Package: c\nDescription-md5: 0\nDescription-de: ein c\n Text\n\n"),
    ]
    for generation, (name, text) in enumerate(steps, 1):
        submission = drop(tmp_path, text, name)
        assert packed(backend, submission, loose_packages_max=generation % 3).generation == generation
        model.pack([submission])
        checked(newest(backend), model.all())


def test_a_submission_packed_before_is_packed_no_more(tmp_path: Path) -> None:
    backend = MemoryBackend()
    first, second = drop(tmp_path, [CURL]), drop(tmp_path, [{**CURL, "version": "2"}, {"name": "curl", "removed": True}])
    packed(backend, first)
    packed(backend, second)
    report = packed(backend, first)
    assert (report.generation, report.packed) == (0, (first,))
    assert newest(backend).package("curl") is None
    assert newest(backend).manifest.recent == (first.id, second.id)


def test_a_listing_that_stood_is_remembered_as_packed_with_what_was_laid_over_it(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [], mode="full"))
    packed(backend, drop(tmp_path, [LIBC], mode="full"))
    again = drop(tmp_path, [LIBC], mode="full")
    over = drop(tmp_path, [CURL])
    packed(backend, again, over)
    assert packed(backend, again, over).generation == 0, "packed again after a crash"
    assert newest(backend).package("curl") is not None


def test_one_bad_package_costs_itself_and_is_named(tmp_path: Path) -> None:
    backend = MemoryBackend()
    bad: dict[str, Any] = {"name": "../../etc/passwd\n", "version": "1"}
    report = packed(backend, drop(tmp_path, [CURL, bad, LIBC], "some.jsonl"))
    assert (report.change.added, report.refused) == (2, ())
    assert [line.split(":")[0] for line in report.faults] == ["some.jsonl"]
    assert "line 2" in report.faults[0]


def test_a_submission_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    backend = MemoryBackend()
    good, bad, cut = drop(tmp_path, [CURL]), drop(tmp_path, b"\0\1\2garbage", "x.bin"), drop(tmp_path, b"\xfd7zXZ\0cut", "P.xz")
    report = packed(backend, bad, good, cut)
    assert report.packed == (good,)
    assert {refusal.submission for refusal in report.refused} == {bad, cut}
    assert all(isinstance(refusal.error, Rejected) and refusal.submission.filename in str(refusal.error)
               for refusal in report.refused)
    checked(newest(backend), expected(good))
    assert newest(backend).manifest.recent == (good.id,)


def test_with_nothing_that_can_be_read_there_is_no_generation(tmp_path: Path) -> None:
    backend = MemoryBackend()
    assert packed(backend, drop(tmp_path, b"garbage", "x.bin")).generation == 0
    assert packed(backend).generation == 0
    assert backend.blobs() == {}


def test_a_set_may_be_told_to_wait_for_a_part_that_cannot_be_read(tmp_path: Path) -> None:
    backend = MemoryBackend()

    def postpones(refusal: Refusal) -> bool:
        return refusal.submission.mode == "full"

    parts = [drop(tmp_path, listing("a"), "Packages", "full"), drop(tmp_path, b"\xfd7zXZ\0cut", "Packages.xz", "full")]
    with pytest.raises(Rejected):
        pack(Target(backend, REPO, Settings()), parts, postpones)
    assert backend.blobs() == {}


class Full(MemoryBackend):
    """Has no space for anything after so many changes."""

    def __init__(self, blobs: dict[str, bytes], changes: int) -> None:
        super().__init__(blobs)
        self.left = changes

    def _spent(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise NoSpace("no space left to write: make some")

    def create(self, name: str, data: bytes) -> None:
        self._spent()
        super().create(name, data)

    def adopt(self, file: str, name: str) -> None:
        self._spent()
        super().adopt(file, name)

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        self._spent()
        super().link(name, data, ready)


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("limit", [0, 64])
def test_a_disk_that_fills_up_at_any_step_leaves_the_old_generation_and_nothing_else(
    tmp_path: Path, limit: int, remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Full, "remote", remote)
    start = MemoryBackend()
    old, new = drop(tmp_path, [LIBC]), drop(tmp_path, [CURL, {"name": "wget", "version": "1", "files": ["/w"]}])
    packed(start, old, loose_packages_max=limit)
    failures = 0
    while True:
        backend = Full(start.blobs(), failures)
        try:
            packed(backend, new, loose_packages_max=limit)
        except NoSpace:
            failures += 1
            assert backend.blobs() == start.blobs()
            assert not list(Path(backend.scratch()).iterdir())
            continue
        break
    checked(newest(backend), expected(old, new))
    # Two forward files, a reverse file, a page and the manifest; where nothing stays loose two shards and two dead lists.
    assert failures == (5 if limit else 9)


def test_where_there_is_not_enough_space_nothing_is_begun(tmp_path: Path) -> None:
    backend = MemoryBackend(capacity_bytes=1000)
    with pytest.raises(NoSpace, match="they stay in the spool"):
        packed(backend, drop(tmp_path, [CURL]))
    assert backend.blobs() == {}


def test_a_publish_that_took_place_is_never_withdrawn(tmp_path: Path) -> None:
    """Whatever interrupts the writer after its link: what was published stays."""

    class Interrupted(MemoryBackend):
        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            super().link(name, data, ready)
            raise KeyboardInterrupt

    backend = Interrupted()
    submission = drop(tmp_path, [CURL])
    with pytest.raises(KeyboardInterrupt):
        packed(backend, submission)
    checked(newest(backend), expected(submission))


def test_a_link_that_may_not_be_durable_is_not_acknowledged_and_packing_again_changes_nothing(tmp_path: Path) -> None:
    class Unsure(MemoryBackend):
        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            super().link(name, data, ready)
            raise StoreError("no answer")

    backend = Unsure()
    submission = drop(tmp_path, [CURL])
    with pytest.raises(StoreError, match="no answer"):
        packed(backend, submission)
    checked(newest(backend), expected(submission))
    assert packed(backend, submission).generation == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError, NoSpace])
def test_a_publish_that_did_not_take_place_is_withdrawn(tmp_path: Path, error: type[BaseException]) -> None:
    class Refusing(MemoryBackend):
        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            raise error("not today")

    backend = Refusing()
    with pytest.raises(error):
        packed(backend, drop(tmp_path, [CURL]), loose_packages_max=0)
    assert backend.blobs() == {}


def test_withdrawing_takes_one_stamp_away_and_nothing_else(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL]), loose_packages_max=0)
    before = backend.blobs()
    for name in ("forward/1f/x.2-aaaaaa", "pages/0.2-aaaaaa", "shards/text-1.2-aaaaaa.sqlite", "dead/text-1.2-aaaaaa"):
        backend.create(name, b"")
    backend.create("forward/1f/x.2-bbbbbb", b"")
    backend.create("forward/1f/.nfs0001", b"")
    withdraw(backend, "2-aaaaaa")
    assert backend.blobs() == {**before, "forward/1f/x.2-bbbbbb": b"", "forward/1f/.nfs0001": b""}
    withdraw(backend, newest(backend).manifest.page_stamps[0])
    assert backend.blobs().keys() >= before.keys(), "a stamp that was published is no rubbish"


@pytest.mark.parametrize("partition", ["package", "bucket", "whole"])
def test_one_change_writes_what_changed_and_reads_what_it_touches(tmp_path: Path, partition: str) -> None:
    backend = Counting()
    make(backend, partition)
    many = [{"name": f"p{number}", "version": "1", "depends": ["libc6"], "files": [f"/p{number}"]} for number in range(300)]
    packed(backend, drop(tmp_path, [*many, LIBC]))
    backend.reads.clear()
    backend.creations.clear()
    packed(backend, drop(tmp_path, [{**many[7], "version": "2"}]))
    kinds = {name.split("/")[0] for name in backend.creations}
    assert kinds == {"forward", "pages"}, "a new version with the same needs rewrites no reverse file"
    assert len(backend.creations) == (3 if partition == "whole" else 2), "one file for all: the pages of all must say so"
    assert len(backend.reads) <= 8


def test_a_package_that_nobody_names_any_more_leaves_no_trace_in_the_directory(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL]))
    assert sorted(dict(newest(backend).entries())) == ["curl", "libc6"]
    packed(backend, drop(tmp_path, [{"name": "curl", "removed": True}]))
    assert (dict(newest(backend).entries()), newest(backend).manifest.names) == ({}, 0)
    packed(backend, drop(tmp_path, [LIBC]))
    checked(newest(backend), expected(drop(tmp_path, [LIBC])))


@pytest.mark.parametrize("names", [(), ("a", "b", "c")])
def test_pages_never_become_fewer_than_what_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """The first pack guesses how many names there will be; a guess too high once lost names with the next pack."""
    monkeypatch.setattr("pkgindex.format.page.NAMES_PER_PAGE", 2)
    backend, model = MemoryBackend(), Expected()
    many = [{"name": f"p{number}", "version": "1"} for number in range(20)]
    first = [drop(tmp_path, many), drop(tmp_path, many), drop(tmp_path, many)]
    packed(backend, *first)
    model.pack(first)
    second = drop(tmp_path, [{"name": name, "version": "1"} for name in names] or [{**many[0], "version": "2"}])
    packed(backend, second)
    model.pack([second])
    checked(newest(backend), model.all())


def test_a_removal_after_the_files_in_one_submission_counts(tmp_path: Path) -> None:
    backend = MemoryBackend()
    submission = drop(tmp_path, [CURL, LIBC, {"name": "curl", "removed": True}, {"name": "libc6", "removed": True},
                                 {**LIBC, "files": ["/new"]}])
    packed(backend, submission)
    checked(newest(backend), expected(submission))
    assert list(newest(backend).owners([b"/usr/bin/curl", b"/lib/libc.so", b"/new"])) == [(b"/new", "libc6")]


def test_several_processes_come_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkgindex.packer.pack.ALONE_BYTES_MAX", 0)
    index = tmp_path / "index"
    index.mkdir()
    backend, model = LocalBackend(str(index)), Expected()
    submissions = [
        drop(tmp_path, listing(*[f"p{number}" for number in range(400)]), "Packages"),
        drop(tmp_path, contents(*[(f"usr/{number}", f"p{number % 400}") for number in range(5000)]), "Contents-all"),
    ]
    packed(backend, *submissions, processes=2)
    model.pack(submissions)
    checked(newest(backend), model.all())


def test_blobs_are_listed_with_what_is_not_ours(tmp_path: Path) -> None:
    backend = MemoryBackend({"forward/1f/.nfs1": b"", "pages/x": b"", "tmp/y": b"", "shards/z": b"", "generations/1": b""})
    assert sorted(all_blobs(backend)) == ["forward/1f/.nfs1", "pages/x", "shards/z"]


def test_a_generation_knows_its_parent(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL]))
    first = Head(backend, REPO)
    packed(backend, drop(tmp_path, [LIBC]))
    second = newest(backend).manifest
    assert (second.parent, second.parent_checksum) == (1, first.checksum)


def test_an_ordering_is_kept(tmp_path: Path) -> None:
    backend = MemoryBackend()
    head = Head(backend, REPO)
    publish(head, head.next(ordering="rpm"), "000000", [], 32)
    packed(backend, drop(tmp_path, [CURL, LIBC]))
    assert newest(backend).manifest.ordering == "rpm"
    rebuild(Target(backend, REPO, Settings()))
    assert newest(backend).manifest[:4] == (REPO, 3, "package", "rpm")


def test_a_partition_is_kept(tmp_path: Path) -> None:
    backend = MemoryBackend()
    head = Head(backend, REPO, "whole")
    publish(head, head.next(), "000000", [], 32)
    packed(backend, drop(tmp_path, [CURL, LIBC]))
    assert newest(backend).manifest.partition == "whole"
    assert sum(name.startswith("forward/") for name in backend.blobs()) == 1


@pytest.mark.parametrize("lost", ["facts", "paths", "edges", "forwards", "rows", "ranges"])
def test_a_scratch_file_that_is_lost_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """It was once, and a generation without its packages came of it."""
    backend = LocalBackend(str(tmp_path))
    make(backend, "package")
    missed = []

    def losing(file: Any, *arguments: Any, **options: Any) -> Any:
        if lost in str(file) and arguments[:1] == ("rb",):
            missed.append(file)
            raise FileNotFoundError(2, "No such file or directory", file)
        return open(file, *arguments, **options)

    for module in (collect, shards):
        monkeypatch.setattr(module, "open", losing, raising=False)
    with pytest.raises(OSError, match="No such file"):
        packed(backend, drop(tmp_path, [CURL, LIBC]), loose_packages_max=0)
    assert missed
    assert Head(backend, REPO).manifest.packages == 0
