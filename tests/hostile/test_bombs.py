"""The quick form of the battery of bombs and intruders: what asks for more than it is costs itself, and nobody else."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest

from battery import hostile
from battery.bombs import QUESTIONS, QUICK, SUBMISSIONS
from packer.world import drop, newest, packed
from pkgindex.errors import Corrupt, Rejected
from pkgindex.format import forward
from pkgindex.packer.collect import collect
from pkgindex.packer.submissions import Submission
from pkgindex.sources import jsonstream
from pkgindex.sources.hosts.constraints import ALTERNATIVES_MAX, relations
from pkgindex.sources.limits import Limits
from pkgindex.store.memory import MemoryBackend
from snapshot.test_damaged_shards import asked, believed, name_of


@pytest.mark.parametrize("name", sorted(QUICK))
def test_a_bomb_is_refused_and_what_lies_beside_it_is_packed(name: str) -> None:
    assert [row.faults for row in hostile.rows(bomb for bomb in (*SUBMISSIONS, *QUESTIONS) if bomb.name == name)] == [()]


@pytest.mark.slow
def test_no_bomb_takes_more_than_its_share() -> None:
    assert [row for row in hostile.rows((*SUBMISSIONS, *QUESTIONS)) if row.faults] == []


def test_nothing_leads_out_of_the_spool_and_the_index() -> None:
    found = list(hostile.intruding())
    assert [row.faults for row in found if row.faults] == []
    assert len(found) == 3


def test_choices_of_many_bounds_are_not_multiplied() -> None:
    bounds = [(">=", str(number)) for number in range(1000)]
    assert len(relations("a", [bounds, bounds, bounds])) == 1
    assert len(relations("a", [bounds[:16], bounds[:16]])) == ALTERNATIVES_MAX


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW more AS WITH RECURSIVE endless(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM endless) SELECT x FROM endless",
        "CREATE TRIGGER more AFTER INSERT ON facts BEGIN DELETE FROM facts; END",
    ],
)
@pytest.mark.parametrize("kind", ["text", "paths"])
def test_a_foreign_database_is_refused_by_its_checksum_and_by_what_is_in_it(
    tmp_path: Path, kind: str, statement: str
) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [{"name": "a", "version": "1", "files": ["/a"]}]), loose_packages_max=0)
    blobs = backend.blobs()
    name = name_of(blobs, kind)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(blobs[name])
    connection.execute(statement)
    foreign = connection.serialize()
    connection.close()
    with pytest.raises(Corrupt, match=f"{name}: (its checksum|{len(foreign)} bytes)"):
        asked(newest(MemoryBackend({**blobs, name: foreign})))
    with pytest.raises(Corrupt, match=f"{name}: holds views or triggers"):
        asked(newest(believed(blobs, name, foreign)))


def test_what_is_said_of_one_package_or_few_is_bounded(tmp_path: Path) -> None:
    """And the same number of bytes about many packages is packed."""
    limits = Limits(together_bytes_max=20_000)
    for packages in (1, 1000):
        lines = "".join(f"usr/share/{number:06}  utils/p{number % packages}\n" for number in range(3000))
        submission = drop(tmp_path, lines, "Contents-amd64")
        if packages > 1:
            assert collect(submission, str(tmp_path / "many"), 16, limits).packages == packages
            continue
        with pytest.raises(Rejected, match="Contents-amd64: says more than 20000 bytes of one package or of a few"):
            collect(submission, str(tmp_path / "one"), 16, limits)


def test_listings_that_come_to_more_than_readers_read_are_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = MemoryBackend()
    monkeypatch.setattr(forward, "UNPACKED_BYTES_MAX", 80)
    packed(backend, *_listings(tmp_path, "ab"))
    with pytest.raises(Rejected, match="the listings have 107 bytes of paths of 'p' together, more than 80"):
        packed(backend, *_listings(tmp_path, "abc"))
    assert newest(backend).package("p").files == {"amd64": [b"/usr/" + name * 30 for name in (b"a", b"b")]}


def _listings(folder: Path, names: str) -> list[Submission]:
    return [drop(folder, f"usr/{name * 30}  utils/p\n", "Contents-amd64") for name in names]


def test_a_value_of_more_parts_than_a_package_has_is_refused() -> None:
    data = b'[{"name": "a", "x": [' + b"[]," * 500_000 + b"[]]}]"
    with pytest.raises(Rejected, match="a value of more than 1000 parts: split it"):
        list(jsonstream.values(io.BytesIO(data), "a.json", Limits(value_items_max=1000)))
    assert len(list(jsonstream.values(io.BytesIO(data), "a.json", Limits()))) == 1
