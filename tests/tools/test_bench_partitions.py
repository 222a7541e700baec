"""What partitions and backends cost is counted rightly, and the page has a figure for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench_cache
import bench_calls
import bench_pages
import bench_partition_steps
import bench_partitions
import bench_subsets
import bench_timing
from bench_calls import Calls
from bench_data import REPO, Place
from docs.docpages import text
from pkgindex.config import Settings
from pkgindex.format.manifest import PARTITIONS
from pkgindex.packer.target import Target

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="NOT TESTED: strace is not installed")
MIB = 1 << 20


# Calls


@pytest.mark.parametrize(("line", "expected"), [
    ('openat(AT_FDCWD</>, "/i/a", O_RDONLY|O_CLOEXEC) = 3</i/a>', Calls(1, 1, 0, 0, 0, 2)),
    ('openat(AT_FDCWD</>, "/i", O_RDONLY|O_DIRECTORY) = 3</i>', Calls(1, 1, 0, 0, 0, 1)),
    ('openat(AT_FDCWD</>, "/i/b", O_RDONLY) = -1 ENOENT (No such file or directory)', Calls(1, 1, 0, 0, 0, 1)),
    ('read(3</i/a>, ""..., 4096) = 700', Calls(1, 0, 700, 0, 0, 1)),
    ('pread64(3</i/a>, ""..., 9000000, 0) = 2097153', Calls(1, 0, 2 * MIB + 1, 0, 0, 3)),
    ('read(3</i/a>, "", 4096) = 0', Calls(1, 0, 0, 0, 0, 0)),
    ('mmap(NULL, 5000, PROT_READ, MAP_SHARED, 3</i/a>, 0) = 0x7f0000000000', Calls(1, 0, 5000, 0, 0, 1)),
    ('write(4</i/a>, ""..., 12) = 12', Calls(1, 0, 0, 12, 0, 1)),
    ('newfstatat(3</i/a>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0', Calls(1, 0, 0, 0, 0, 0)),
    ('newfstatat(AT_FDCWD</>, "/i/a", {st_mode=S_IFREG|0644, ...}, 0) = 0', Calls(1, 0, 0, 0, 0, 1)),
    ('getdents64(3</i>, 0x1 /* 5 entries */, 32768) = 144', Calls(1, 0, 0, 0, 0, 1)),
    ('getdents64(3</i>, 0x1 /* 0 entries */, 32768) = 0', Calls(1, 0, 0, 0, 0, 0)),
    ('fsync(4</i/a>) = 0', Calls(1, 0, 0, 0, 1, 1)),
    ('linkat(AT_FDCWD</>, "/i/tmp/x", AT_FDCWD</>, "/i/a", 0) = 0', Calls(1, 0, 0, 0, 0, 1)),
    ('sendto(5<UNIX-STREAM:[1->2]>, ""..., 90, MSG_NOSIGNAL, NULL, 0) = 90', Calls(1, 0, 0, 90, 0, 1)),
    ('recvfrom(5<UNIX-STREAM:[1->2]>, ""..., 16384, 0, NULL, NULL) = 300', Calls(1, 0, 300, 0, 0, 0)),
    ('read(3</elsewhere/a>, ""..., 4096) = 700', Calls(0, 0, 0, 0, 0, 0)),
    ('read(3</index/a>, ""..., 4096) = 700', Calls(0, 0, 0, 0, 0, 0)),
    ("+++ exited with 0 +++", Calls(0, 0, 0, 0, 0, 0)),
])
def test_a_call_costs_what_a_client_of_a_share_sends(line: str, expected: Calls) -> None:
    assert bench_calls.summed(bench_calls.calls_in([line], "/i")) == expected


def test_what_is_read_in_pieces_comes_over_the_wire_once() -> None:
    lines = ['read(3</i/a>, ""..., 4096) = 4096', 'read(3</i/a>, ""..., 4096) = 10', 'read(3</i/b>, ""..., 4096) = 10']
    assert bench_calls.summed(bench_calls.calls_in(lines, "/i")).round_trips == 2


@needs_strace
def test_the_calls_of_a_program_on_one_place_are_counted(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "traces").mkdir()
    code = f"import os; f = open({str(tmp_path / 'place' / 'a')!r}, 'wb'); f.write(b'12345'); f.flush(); os.fsync(f.fileno())"
    came: list[int] = []
    calls = bench_calls.calls_of(
        [sys.executable, "-c", f"{code}; print(); input()"], str(tmp_path / "place"), str(tmp_path / "traces"),
        lambda: came.append(1),
    )
    assert (calls.opened, calls.bytes_read, calls.bytes_written, calls.flushes, came) == (1, 0, 5, 1, [1])
    assert calls.round_trips >= 4 and os.listdir(tmp_path / "traces") == []


def test_what_of_a_file_is_in_memory_is_counted_in_pages(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "file").write_bytes(bytes(100_000))
    bench_timing.drop_from_cache(str(tmp_path))
    assert bench_cache.cached_bytes(str(tmp_path)) == 0
    (tmp_path / "file").read_bytes()
    assert bench_cache.cached_bytes(str(tmp_path)) == 102_400


# Steps


@pytest.fixture
def published(tmp_path: Path) -> str:
    folder = tmp_path / REPO
    folder.mkdir()
    words = f"local:{folder}"
    (tmp_path / "libc6.json").write_text('{"name": "libc6", "releases": [{"version": "1", "architecture": "all"}]}')
    (tmp_path / "change").write_bytes(bench_partitions._change(1, "curl", ["libc6"]))
    backend = bench_partition_steps.backend_of(words)()
    target = Target(backend, REPO, Settings())
    bench_subsets.pack_files(target, [str(tmp_path / "libc6.json")], "first")
    assert len(list(bench_partition_steps.publish(backend, [str(tmp_path / "change")]))) == 1
    assert any(name.startswith("forward/") for name in bench_partitions.blobs(backend))
    return words


@pytest.mark.parametrize(("question", "name"), [("deps", "curl"), ("rdeps", "libc6")])
def test_a_process_asks_and_says_how_long_it_took(published: str, question: str, name: str) -> None:
    command = [*bench_partitions._steps(published), question, name, "3"]
    done = subprocess.run(command, input="\n\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len([float(line) for line in done.stdout.split()]) == 3


def test_a_question_without_an_answer_is_not_measured(published: str) -> None:
    with pytest.raises(SystemExit, match="deps libc6: nothing"):
        list(bench_partition_steps.asked(published, "deps", "libc6", 1))


@needs_strace
def test_a_directory_is_measured(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "bench"))
    listing = tmp_path / "Packages"
    listing.write_text("Package: libc6\nVersion: 1\nArchitecture: amd64\n")
    with bench_partitions._kept(place, "directory") as kept:
        measured = bench_partitions.Measured(place, kept, "directory", "bucket")
        written = dict(zip(bench_partitions.WRITE_HEAD, measured.writing([str(listing)]), strict=True))
        read = list(measured.reading())
    assert (written["backend"], written["partition"]) == ("directory", "bucket")
    assert int(written["flushes"]) >= 1 and int(written["on a share: round trips"]) > 4
    assert [line[:3] for line in read] == [("directory", "bucket", "deps curl"), ("directory", "bucket", "rdeps libc6")]
    assert {len(line) for line in read} == {len(bench_partitions.READ_HEAD)}


# The page


@given(st.text("ab\n", max_size=9), st.text("cd\n", max_size=9), st.text("ef", max_size=9), st.text("gh", max_size=9))
def test_only_what_is_between_the_marks_changes(before: str, after: str, old: str, new: str) -> None:
    page = before + bench_pages.marked("a", old) + after
    assert bench_pages.replaced(page, "a", new) == before + bench_pages.marked("a", new) + after
    assert bench_pages.replaced(page, "b", new) == f"{page.rstrip()}\n\n{bench_pages.marked('b', new)}\n"


def test_the_page_has_a_figure_for_every_partition_of_every_backend() -> None:
    page = text("partitions.md")
    assert bench_partitions.PARTITIONS == PARTITIONS
    for head in (bench_partitions.WRITE_HEAD, bench_partitions.READ_HEAD):
        assert cells(head) in [cells(line.strip("|").split("|")) for line in page.splitlines()]
    measured = page.partition(bench_pages.BEGIN.format(name="partitions"))[2].partition(bench_pages.END)[0]
    found = {cells(line.strip("|").split("|")[:2]) for line in measured.splitlines() if line.startswith("|")}
    assert {(backend, partition) for backend in bench_partitions.BACKENDS for partition in PARTITIONS} <= found
    for partition in PARTITIONS:
        assert f"| `{partition}` |" in page
    for backend in bench_partitions.BACKENDS:
        assert f"| {backend.removeprefix('a ')}" in page.replace("| a directory", "| directory")


def cells(words: object) -> tuple[str, ...]:
    assert isinstance(words, list | tuple)
    return tuple(word.strip() for word in words)
