"""Shards that are not what they should be: another's, foreign, cut, or with any byte changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packer.world import REPO, drop, newest, packed
from pkgindex.errors import Corrupt, NewerFormat, StoreError
from pkgindex.format.envelope import checksum
from pkgindex.format.manifest import encode
from pkgindex.format.names import shard_name
from pkgindex.query import patterns
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

KINDS = ("text", "paths")


def content(version: str) -> list[dict[str, object]]:
    return [
        {"name": f"p{number}", "version": version, "summary": "web server", "description": "serves the web",
         "files": [f"/usr/bin/p{number}", f"/usr/share/doc/p{number}/copyright"]}
        for number in range(90)
    ]  # fmt: skip


class Blobs(dict[str, bytes]):
    """Those of a backend; not to be printed whole when a test fails."""

    def __repr__(self) -> str:
        return f"<{len(self)} blobs>"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path_factory.mktemp("drops"), content("1")))
    return Blobs(backend.blobs())


def asked(snapshot: Snapshot) -> tuple[object, ...]:
    narrow, may, select = patterns.substring("p7/copy")
    return (
        list(snapshot.owners([b"/usr/bin/p7", b"/usr/bin/nobody"])),
        [paths for batch in snapshot.matching(narrow, may, select) for paths in batch],
        sum(len(paths) for paths, _ in snapshot.matching("", lambda text: True, lambda paths: list(range(len(paths))))),
        [listing for shard in snapshot.text_shards for listing in (
            shard.postings("web"), shard.cost("server"), list(shard.words_like("p", str.isascii)), shard.fields(),
            shard.attribute("version", "1"), shard.attribute_cost("arch", "all"),
            list(shard.attributes_like("~", "p", str.isascii)),
            shard.packages(shard.numbers_of(["p7", "p8", "nobody"]).values()), list(shard.names_like("p1", str.isascii)),
        )],
        snapshot.similar("p77", 3),
        list(snapshot.names("p8")),
    )


def name_of(blobs: dict[str, bytes], kind: str) -> str:
    return next(name for name in blobs if name.startswith(f"shards/{kind}"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_shard_of_another_size_is_corrupt(sound: dict[str, bytes], kind: str) -> None:
    name = name_of(sound, kind)
    for data in (b"", sound[name][:4096], sound[name][:-1], sound[name] + b"\0"):
        with pytest.raises(Corrupt, match=f"{name}: {len(data)} bytes where its manifest says {len(sound[name])}"):
            asked(newest(MemoryBackend({**sound, name: data})))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filler", [b"\0", b"x", b"SQLite format 3\0"])
def test_a_file_that_is_no_database_is_corrupt(sound: dict[str, bytes], kind: str, filler: bytes) -> None:
    name = name_of(sound, kind)
    size = len(sound[name])
    with pytest.raises(Corrupt, match=f"{name}: .*--rebuild"):
        asked(newest(MemoryBackend({**sound, name: (filler * size)[:size]})))


def changed(blobs: dict[str, bytes], kind: str, *statements: str) -> MemoryBackend:
    """The shard of *kind* with *statements* run in it, of the size and checksum that the manifest says."""
    name = name_of(blobs, kind)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(blobs[name])
    for statement in statements:
        connection.execute(statement)
    data = connection.serialize()
    connection.close()
    assert len(data) == len(blobs[name])
    return believed(blobs, name, data)


def believed(blobs: dict[str, bytes], name: str, data: bytes) -> MemoryBackend:
    """The shard *name* holds *data*, and the manifest says its checksum: what else stands between it and an answer?"""
    manifest = newest(MemoryBackend(blobs)).manifest
    named = {shard_name(shard.kind, shard.number, shard.stamp): shard for shard in manifest.shards}
    named[name] = named[name]._replace(checksum=checksum(data), size=len(data))
    head = f"generations/{manifest.generation:016d}"
    token = blobs[head].split(b" ")[3].decode().partition("-")[2]
    return MemoryBackend({**blobs, name: data, head: encode(manifest._replace(shards=tuple(named.values())), token)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA application_id = 7",
        "UPDATE facts SET value = 'other' WHERE key = 'kind'",
        "UPDATE facts SET value = 77 WHERE key = 'number'",
        "UPDATE facts SET value = '9-aaaaaa' WHERE key = 'stamp'",
        "DELETE FROM facts",
        "DROP TABLE facts",
    ],
)
def test_a_database_that_is_not_this_shard_is_corrupt(sound: dict[str, bytes], kind: str, statement: str) -> None:
    with pytest.raises(Corrupt, match=name_of(sound, kind)):
        asked(newest(changed(sound, kind, statement)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_shard_of_a_later_format_is_told_apart(sound: dict[str, bytes], kind: str) -> None:
    with pytest.raises(NewerFormat, match="upgrade"):
        asked(newest(changed(sound, kind, "PRAGMA user_version = 3")))


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("paths", "UPDATE blocks SET frame = zeroblob(length(frame))"),
        ("paths", "UPDATE blocks SET frame = 'text'"),
        ("paths", "UPDATE blocks SET frame = 7"),
        ("paths", "UPDATE blocks SET frame = substr(frame, 1, length(frame) - 1)"),
        ("paths", "UPDATE blocks SET id = id + 1000"),
        ("paths", "UPDATE keys SET block = 'x'"),
        ("text", "UPDATE terms SET postings = zeroblob(7)"),
        ("text", "UPDATE terms SET postings = 'text'"),
        ("text", "UPDATE terms SET postings = 7"),
        ("text", "UPDATE packages SET id = id + 1000"),
        ("text", "UPDATE attributes SET first = first || 'x'"),
        ("text", "UPDATE attributes SET block = block + 1"),
        ("text", "UPDATE attributes SET block = 'x'"),
        ("text", "UPDATE lists SET frame = zeroblob(length(frame))"),
        ("text", "UPDATE lists SET frame = 'text'"),
        ("text", "UPDATE lists SET frame = 7"),
        ("text", "DELETE FROM lists"),
    ],
)
def test_rows_that_are_not_what_they_should_be_are_corrupt(sound: dict[str, bytes], kind: str, statement: str) -> None:
    with pytest.raises(Corrupt, match=name_of(sound, kind)):
        asked(newest(changed(sound, kind, statement)))


def test_two_shards_that_changed_places_are_corrupt(tmp_path: Path) -> None:
    backend = MemoryBackend()
    for version in ("1", "2"):
        packed(backend, drop(tmp_path, content(version)[:80]), loose_packages_max=0)
        packed(backend, drop(tmp_path, [{"name": f"more{version}", "version": "1", "files": ["/m"]}]), loose_packages_max=0)
    blobs = backend.blobs()
    texts = [name for name in blobs if name.startswith("shards/text")]
    pairs = [(one, other) for one in texts for other in texts if one < other and len(blobs[one]) == len(blobs[other])]
    assert pairs
    for one, other in pairs:
        swapped = MemoryBackend({**blobs, one: blobs[other], other: blobs[one]})
        if {one, other} & {f"shards/text-{shard.number}.{shard.stamp}.sqlite" for shard in newest(backend).manifest.shards}:
            with pytest.raises(Corrupt, match="its checksum is not that"):
                asked(newest(swapped))
            with pytest.raises(Corrupt, match="holds shard"):
                asked(newest(believed(blobs, one, blobs[other])))


@settings(max_examples=3 * settings().max_examples)
@example(kind="text", where=15756, flip=16)
@given(kind=st.sampled_from(KINDS), where=st.integers(0, 2**32), flip=st.integers(1, 255))
def test_any_byte_changed_is_an_answer_or_an_error_of_ours(sound: dict[str, bytes], kind: str, where: int, flip: int) -> None:
    """Where its checksum is believed, a damaged row may be another answer, but never a crash; else it is `Corrupt`."""
    name = name_of(sound, kind)
    data = bytearray(sound[name])
    data[where % len(data)] ^= flip
    try:
        asked(newest(believed(sound, name, bytes(data))))
    except StoreError as error:
        assert name in str(error)
    with pytest.raises(Corrupt, match=f"{name}: its checksum is not that"):
        asked(newest(MemoryBackend({**sound, name: bytes(data)})))


def test_a_shard_on_disk_is_read_as_one_in_memory(sound: dict[str, bytes], tmp_path: Path) -> None:
    odd = tmp_path / "100% odd?mode=rw#x"
    odd.mkdir()
    backend = LocalBackend(str(odd))
    for name, data in sound.items():
        if name.startswith("generations/"):
            backend.link(name, data)
        else:
            backend.create(name, data)
    before = sorted(str(path) for path in odd.rglob("*"))
    assert asked(newest(backend)) == asked(newest(MemoryBackend(sound)))
    assert sorted(str(path) for path in odd.rglob("*")) == before, "a reader writes nothing"
    assert newest(backend).repo == REPO
