"""What was written in an older format is still read: the indexes beside this file were made by `make_golden.py`, and stay."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from golden import make_golden
from pkgindex.errors import OlderShard
from pkgindex.packer.merge import merge
from pkgindex.packer.target import Target
from pkgindex.query.index import Index
from pkgindex.snapshot.verify import verify
from pkgindex.store.local import LocalBackend

HERE = Path(__file__).resolve().parent


@pytest.fixture(params=[1, 2])
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The index of each format that had no deltas, from the first on."""
    return unpacked(request.param, tmp_path / "golden")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The same index, made by the code as it is."""
    root = tmp_path / "made"
    root.mkdir()
    make_golden.build(root)
    return root


def unpacked(number: int, root: Path) -> Path:
    with tarfile.open(HERE / f"format-{number}.tar.xz") as archive:
        # Debian 12's Python is one that has no filters yet; later ones ask for one.
        archive.extractall(root, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return root


def answers(root: Path) -> dict[str, object]:
    """Every kind of question, without what differs from one making to the next."""
    with Index(str(root)) as index, Index(str(root), at=2) as before:
        [status] = index.status()
        return {
            "status": status._replace(age_seconds=0.0, bytes=0),
            "names": list(index.names()),
            "packages": {name: index.package(name) for name in index.names()},
            "paths": list(index.paths("/")),
            "owner": index.owner("/usr/bin/curl", "lib64/ld-linux-x86-64.so.2", "/usr/bin/wget", "/no/such"),
            "search": [list(index.search(question)) for question in ("library", "section:web", "depends:libc6 curl")],
            "dependants": index.dependants("libc6", constraints=True),
            "provided": index.dependencies("docbook2X", resolve=True),
            "why": index.why("curl", "zlib1g"),
            "before": [list(before.names()), list(before.paths("leaving")), before.dependants("curl")],
        }


def test_format_1_is_still_read(tmp_path: Path) -> None:
    root = str(unpacked(1, tmp_path))
    with Index(root) as index, Index(root, at=2) as before:
        assert list(index.names()) == ["curl", "docbook2X", "libc6", "libcurl4", "wget", "zlib1g"]
        owners = index.owner("/usr/bin/curl", "/usr/share/doc/docbook2X/odd\nname")
        assert [hit.package for hit in owners] == ["curl", "docbook2X"]
        assert [hit.path for hit in index.files("libc6")] == ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]
        # libc6 was laid over: its old summary is dead in the first shard. leaving is gone, and was there before.
        assert [hit.summary for hit in index.search("library") if hit.package == "libc6"] == ["GNU C library: shared libraries"]
        assert [edge.name for edge in index.dependants("libc6")] == ["curl", "libcurl4", "wget", "zlib1g"]
        assert [edge.name for edge in index.why("curl", "zlib1g")] == ["libcurl4", "zlib1g"]
        assert [edge.relation for edge in index.dependencies("docbook2X")] == ["python3:any (>= 3.11) | pypy3"] * 2
        assert list(index.paths("leaving")) == []
        assert [hit.package for hit in before.paths("leaving")] == ["leaving"]


def test_of_format_1_words_are_not_answered_from_shards_until_they_are_written_anew(tmp_path: Path) -> None:
    root = unpacked(1, tmp_path)
    with Index(str(root)) as index:
        [shard, *_] = index.snapshot(make_golden.REPO).text_shards
        assert list(shard.names("")) == ["curl", "docbook2X", "libcurl4"]
        for ask in (lambda: shard.postings("curl"), lambda: shard.attribute("section", "web"), shard.fields):
            with pytest.raises(OlderShard, match="format 1, which lists no attributes; run 'pkgindex pack --rebuild REPO'"):
                ask()
    backend = LocalBackend(str(root / make_golden.REPO))
    assert {fault.file.partition("-")[0] for fault in verify(backend, make_golden.REPO).faults} == {"shards/text"}
    assert merge(Target(backend, make_golden.REPO, make_golden.LOOSE)) is not None
    assert verify(backend, make_golden.REPO).sound
    with Index(str(root)) as index:
        assert [hit.package for hit in index.search("section:web")] == ["curl"]
        assert index.recovered == []


def test_what_is_read_of_every_format_is_what_was_put_in(golden: Path, made: Path) -> None:
    assert answers(golden) == answers(made)


def test_the_golden_index_has_everything_that_the_format_has(golden: Path) -> None:
    with Index(str(golden)) as index:
        manifest = index.snapshot(make_golden.REPO).manifest
    assert {shard.kind for shard in manifest.shards if shard.dead} == {"text", "paths"}
    assert set(manifest.loose) == {"leaving", "wget"}
    assert {path.parent.name for path in (golden / make_golden.REPO).glob("*/*.*")} >= {"pages", "dead", "shards"}


def test_what_is_read_of_deltas_is_what_was_committed(tmp_path: Path) -> None:
    root, made = unpacked(make_golden.FORMAT, tmp_path / "golden"), tmp_path / "made"
    made.mkdir()
    make_golden.build_committed(made)
    assert answers(root) == answers(made)
    with Index(str(root)) as index:
        snapshot = index.snapshot(make_golden.REPO)
        assert list(index.names()) == ["app", "curl", "docbook2X", "libapp", "libc6", "zlib1g"]
        assert [edge.name for edge in index.dependants("libapp")] == ["app", "docbook2X"]
        assert [edge.name for edge in index.dependants("libc6")] == ["curl", "libapp"]
        assert [hit.path for hit in index.files("curl")] == ["/usr/bin/curl", "/usr/share/man/man1/curl.1.gz"]
        assert set(snapshot.loose) == {"curl", "docbook2X", "libcurl4", "zlib1g"}
        assert snapshot.manifest.deltas
        assert snapshot.manifest.tail
        assert snapshot.manifest.folded
    assert verify(LocalBackend(str(root / make_golden.REPO)), make_golden.REPO).sound


def test_there_is_an_index_of_each_format() -> None:
    assert {path.name for path in HERE.glob("*.tar.xz")} == {f"format-{n}.tar.xz" for n in range(1, make_golden.FORMAT + 1)}
