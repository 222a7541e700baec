"""The disk that forgets what was not flushed, and a short form of the battery on it: a cut at each acknowledgement."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import pytest

from battery import fusing, powercut, unflushed
from battery.ground import Ground
from battery.stories import STORIES
from battery.volatile import CUTS, ROOT, Disk, Refused, fingerprint, lay_out
from docs.docpages import tables

EVERY_SLOW = 25
KINDS = [pytest.param(kind, marks=pytest.mark.skipif(bool(fusing.reason_against(kind)), reason=fusing.reason_against(kind)))
         for kind in powercut.KINDS]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    (tmp_path / "old").write_bytes(b"old")
    return Disk(str(tmp_path))


def after(disk: Disk, how: str) -> dict[str, bytes | None]:
    return {path: file.data for path, file in CUTS[how](disk, random.Random(1)).items()}


def test_a_file_lasts_when_its_content_and_its_name_were_flushed(disk: Disk) -> None:
    new = disk.make(ROOT, "new", 0o100644)
    disk.do("write", new.number, 0, b"content")
    assert after(disk, "nothing") == {"old": b"old"}
    assert after(disk, "names") == {"old": b"old", "new": b""}
    assert after(disk, "names, and zeros") == {"old": b"old", "new": bytes(7)}
    assert after(disk, "contents") == {"old": b"old"}
    disk.do("fsync", ROOT)
    assert after(disk, "nothing") == {"old": b"old", "new": b""}
    disk.do("fsync", new.number)
    assert after(disk, "nothing") == after(disk, "all") == {"old": b"old", "new": b"content"}


def test_what_is_written_over_or_taken_away_is_back_when_that_was_not_flushed(disk: Disk) -> None:
    old = disk.look_up(ROOT, "old")
    disk.do("write", old.number, 0, b"n")
    disk.do("unlink", ROOT, "old")
    assert (after(disk, "nothing"), after(disk, "contents"), after(disk, "all")) == ({"old": b"old"}, {"old": b"nld"}, {})
    disk.do("syncfs")
    assert after(disk, "nothing") == {}


def test_of_a_move_each_directory_makes_its_own_half_durable(disk: Disk) -> None:
    folder = disk.make(ROOT, "folder", 0o040755)
    disk.do("fsync", ROOT)
    disk.do("rename", ROOT, "old", folder.number, "moved")
    assert after(disk, "nothing") == {"folder": None, "old": b"old"}
    disk.do("fsync", folder.number)
    assert after(disk, "nothing") == {"folder": None, "folder/moved": b"old", "old": b"old"}
    disk.do("fsync", ROOT)
    assert after(disk, "nothing") == {"folder": None, "folder/moved": b"old"}


def test_of_what_was_not_flushed_a_move_is_kept_as_a_whole_or_not_at_all(disk: Disk) -> None:
    folder = disk.make(ROOT, "folder", 0o040755)
    disk.do("rename", ROOT, "old", folder.number, "moved")
    left = [CUTS["some"](disk, random.Random(seed)) for seed in range(20)]
    assert {tuple(found) for found in left} == {("old",), ("folder", "old"), ("folder", "folder/moved")}


def test_what_cannot_be_done_is_refused_and_not_recorded(disk: Disk) -> None:
    folder = disk.make(ROOT, "folder", 0o040755)
    disk.make(folder.number, "within", 0o100644)
    before = list(disk.record)
    old = disk.look_up(ROOT, "old").number
    for verb, *arguments in (("unlink", ROOT, "nobody"), ("unlink", ROOT, "folder"), ("link", old, ROOT, "old"),
                             ("rename", ROOT, "old", ROOT, "folder"), ("make", ROOT, "old", 0o100644, 99), ("fsync", 99)):
        with pytest.raises(Refused):
            disk.do(verb, *arguments)
    assert disk.record == before


def test_a_record_played_again_leaves_the_same(disk: Disk, tmp_path: Path) -> None:
    twin = Disk(str(tmp_path))
    disk.do("link", disk.look_up(ROOT, "old").number, ROOT, "twin")
    disk.do("truncate", disk.make(ROOT, "new", 0o100600).number, 5)
    for change in disk.record:
        twin.play(change)
    left = {how: cut(twin, random.Random(1)) for how, cut in CUTS.items()}
    assert left == {how: cut(disk, random.Random(1)) for how, cut in CUTS.items()}
    (tmp_path / "laid").mkdir()
    lay_out(left["all"], str(tmp_path / "laid"))
    assert (tmp_path / "laid/old").stat().st_ino == (tmp_path / "laid/twin").stat().st_ino
    again = Disk(str(tmp_path / "laid"))
    assert [file.data for file in again.left(lambda place: True, lambda inode: inode.data).values()] == [
        file.data for file in left["all"].values()]


def test_what_differs_by_its_times_only_is_judged_once(disk: Disk) -> None:
    before = fingerprint(CUTS["all"](disk, random.Random(1)))
    disk.do("utime", disk.look_up(ROOT, "old").number, 5)
    assert fingerprint(CUTS["all"](disk, random.Random(1))) == before
    disk.do("chmod", disk.look_up(ROOT, "old").number, 0o600)
    assert fingerprint(CUTS["all"](disk, random.Random(1))) != before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("story", ["submit", "pack into shards", "pack after a pack that was killed"])
def test_what_was_said_to_be_done_outlasts_a_power_cut(tmp_path: Path, story: str, kind: str) -> None:
    row = powercut.row(story, kind, str(tmp_path / "ground"), every=0)
    assert row.failures == ()
    assert row.cuts == 1 and row.states == len(CUTS) and row.changes > 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("story", powercut.TOLD)
def test_a_power_cut_anywhere_leaves_all_well(tmp_path: Path, story: str, kind: str) -> None:
    row = powercut.row(story, kind, str(tmp_path / "ground"), EVERY_SLOW)
    assert row.failures == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_story_whose_end_is_not_durable_fails(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A battery that finds nothing is worth something when it can."""

    def told(root: str) -> tuple[Ground, powercut.Told]:
        ground = Ground(root)
        ground.keep()
        return ground, Careless(ground)

    class Careless:
        def __init__(self, ground: Ground) -> None:
            self._path = Path(ground.here, "promise")

        def tell(self) -> None:
            self._path.write_bytes(b"kept")
            fusing.mark(str(self._path.parent), "promised")

        def judge(self, marks: object) -> None:
            assert not marks or self._path.read_bytes() == b"kept"

    monkeypatch.setitem(powercut.TOLD, "careless", told)
    row = powercut.row("careless", kind, str(tmp_path / "ground"))
    assert {failure.kept for failure in row.failures} >= {"nothing", "names", "names, and zeros"}
    assert "all" not in {failure.kept for failure in row.failures}


def test_each_story_has_its_rows_on_the_page_and_left_nothing_broken() -> None:
    figures, flushes = tables("reliability.md", "Power cut, for real")[:2]
    assert [(row["what was done"], row["on"]) for row in figures] == list(product(powercut.TOLD, powercut.KINDS))
    assert {row["failures"] for row in figures} <= {"0"}
    names = [row["taken out"] for row in flushes]
    assert names == [mutant.name for mutant in unflushed.flushes() if mutant.name in names]


def test_each_flush_is_looked_for_first_in_stories_that_there_are() -> None:
    assert {story for stories in unflushed.FIRST.values() for story in stories} <= set(powercut.TOLD)
    assert len(unflushed.flushes()) > 30


def test_the_stories_have_names_of_their_own() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES)
