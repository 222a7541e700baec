"""The benchmark measures what it says: how it reads lists, times, judges and compares. None of the tests looks at a clock."""

from __future__ import annotations

import doctest
import importlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench
import bench_answers
import bench_data
import bench_engines
import bench_machine
import bench_packing
import bench_peers
import bench_questions
import bench_ranking
import bench_readers
import bench_regexes
import bench_rereading
import bench_rows
import bench_search
import bench_subsets
import bench_table
import bench_text
import bench_timing
from bench_table import Beside, Row
from pkgindex.query.index import Index

MODULES = [path.stem for path in Path(bench.__file__).parent.glob("bench*.py")]
CONTENTS = b"""\
usr/bin/curl                     web/curl
usr/share/doc/a b                web/curl,contrib/libs/libcurl4
"""
PACKAGES = """\
Package: curl
Version: 1
Architecture: amd64
Depends: libcurl4 (= 1), python3:any | pypy
Description: fetches

Package: libcurl4
Version: 1
Architecture: amd64
Description: fetches for others
"""


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_tools_hold(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


# Lists


def apt_lists(folder: Path, suffix: str = "") -> Path:
    lists = folder / "lists"
    lists.mkdir()
    for end in bench_data.WANTED.values():
        (lists / f"mirror_debian_dists_bookworm_{end}{suffix}").write_bytes(
            PACKAGES.encode() if end.endswith("Packages") else CONTENTS
        )
    (lists / f"mirror_debian_dists_bookworm-updates_{bench_data.WANTED['Packages']}").write_text("")
    return lists


@pytest.mark.parametrize("suffix", ["", ".lz4", ".gz"])
def test_the_lists_of_the_one_suite_are_found_packed_or_not(tmp_path: Path, suffix: str) -> None:
    found = bench_data.find(str(apt_lists(tmp_path, suffix)))
    assert sorted(found.files) == ["Contents-all", "Contents-amd64", "Packages"]
    assert all("bookworm_main" in path for path in found.files.values())


@pytest.mark.parametrize("end", bench_data.WANTED.values())
def test_a_list_that_is_missing_is_named_with_how_to_get_it(tmp_path: Path, end: str) -> None:
    lists = apt_lists(tmp_path)
    next(lists.glob(f"*bookworm_{end}")).unlink()
    with pytest.raises(SystemExit, match="apt-file update"):
        bench_data.find(str(lists))


def test_lists_that_changed_have_another_fingerprint(tmp_path: Path) -> None:
    lists = bench_data.find(str(apt_lists(tmp_path)))
    before = lists.fingerprint()
    assert lists.fingerprint() == before
    with open(lists.files["Packages"], "a", encoding="utf-8") as file:
        file.write("\n")
    assert lists.fingerprint() != before


def test_what_was_made_from_other_lists_is_forgotten(tmp_path: Path) -> None:
    place = bench_data.Place(str(tmp_path / "bench"))
    place.state["cold"] = {}
    place.fresh("other")
    assert bench_data.Place(place.root).state == {"lists": "other"}
    Path(place.path("state.json")).write_text("{")
    assert bench_data.Place(place.root).state == {}


def test_writing_to_the_twin_leaves_the_index_as_it_is(tmp_path: Path) -> None:
    place = bench_data.Place(str(tmp_path / "bench"))
    repository = Path(place.index, bench_data.REPO)
    repository.mkdir(parents=True)
    (repository / "writer.lock").write_text("held")
    target = bench_subsets.target_of(place.index)
    listing = tmp_path / "Packages"
    listing.write_text(PACKAGES)
    bench_subsets.pack_files(target, [str(listing)], "first")
    twin = place.twin()
    assert twin == place.twin()
    assert not Path(twin, bench_data.REPO, "writer.lock").exists()
    Path(place.path("change.json")).write_bytes(bench_subsets.change(7, twin))
    bench_subsets.pack_files(bench_subsets.target_of(twin), [place.path("change.json")], "second")
    with Index(place.index) as index, Index(twin) as changed:
        assert [list(found[2].releases) for found in index.package("curl")] == [[("1", "amd64")]]
        assert [list(found[2].releases) for found in changed.package("curl")] == [[("7-bench", "amd64")]]


def test_a_subset_has_every_so_manieth_package_the_one_that_is_changed_and_their_files(tmp_path: Path) -> None:
    place = bench_data.Place(str(tmp_path / "bench"))
    peers = bench_peers.Peers(place, bench_data.find(str(apt_lists(tmp_path))), print)
    place.emptied("plain")
    names = ["aa", "bb", "cc", "curl"]
    Path(peers.packages).write_text("\n".join(f"Package: {name}\nVersion: 1\n" for name in names))
    Path(peers.pairs).write_bytes(b"".join(b"/usr/bin/%s x\t%s\n" % (name.encode(), name.encode()) for name in names))
    with Index(bench_subsets.subset(place, peers, 2)) as index:
        assert list(index.names()) == ["aa", "cc", "curl"]
        assert [hit.package for hit in index.paths("/usr")] == ["aa", "cc", "curl"]


# What others are given


def test_paragraphs_keep_continued_lines() -> None:
    lines = ["Package: a\n", "Depends: b,\n", " c\n", "\n", "\n", "Package: d\n"]
    assert list(bench_peers.stanzas(lines)) == [{"Package": "a", "Depends": "b, c"}, {"Package": "d"}]


def test_a_program_that_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert bench_peers.missing("rg") == "not installed: apt-get install ripgrep"


def test_each_package_gets_a_file_of_its_own_paths(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs"
    pairs.write_bytes(b"/bin/a\tzz\n/bin/b\tc\n/bin/b\tzz\n/bin/c d\tcc\n")
    engine = bench_engines.Codesearch(bench_data.Place(str(tmp_path / "bench")))
    engine.deal_out(str(pairs))
    found = {path.name: path.read_bytes() for path in Path(engine.text).rglob("*") if path.is_file()}
    assert found == {"zz": b"/bin/a\n/bin/b\n", "c": b"/bin/b\n", "cc": b"/bin/c d\n"}
    assert engine.bytes_of_text() == sum(map(len, found.values()))


PROGRAM = """\
#!/bin/sh
echo "indexing" >&2
echo "{said}" >&2
exit {code}
"""


@pytest.mark.parametrize(("said", "code", "told"), [
    ("done", 0, ""), ("x/y: too many trigrams, ignoring", 0, "left out 1 packages"), ("out of memory", 2, "exited with 2"),
])
def test_an_index_of_codesearch_that_is_not_whole_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: int, told: str
) -> None:
    program = tmp_path / "programs" / "cindex"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(said=said, code=code))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    place = bench_data.Place(str(tmp_path / "bench"))
    place.emptied("codesearch")
    if told:
        with pytest.raises(SystemExit, match=told):
            bench_engines.Codesearch(place).build()
    else:
        assert bench_engines.Codesearch(place).build().exit == 0


def test_the_databases_of_apt_xapian_index_lie_in_the_directory_of_the_benchmark(tmp_path: Path) -> None:
    place = bench_data.Place(str(tmp_path / "bench"))
    env = bench_engines.Xapian(place, {"APT_CONFIG": place.path("apt", "apt.conf")}).env
    assert {"APT_CONFIG", "AXI_DB_PATH", "AXI_CACHE_PATH", "XDG_CACHE_HOME"} == set(env)
    assert all(path.startswith(place.root) for path in env.values())


def test_random_paths_are_real_ones_and_each_once(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs"
    everything = [b"/usr/share/%05d/some file" % number for number in range(3_000)]
    pairs.write_bytes(b"".join(path + b"\tname\n" for path in everything))
    found = bench_questions.sample_paths(str(pairs), 100)
    assert len(set(found)) == 100
    assert set(found) <= set(everything)
    assert found == bench_questions.sample_paths(str(pairs), 100)


# Timing


def test_a_program_is_run_with_its_input_and_its_lines_are_counted() -> None:
    ran = bench_timing.run([sys.executable, "-c", "import sys; print(sys.stdin.read()); sys.exit(3)"], stdin=b"1\n2")
    assert (ran.output, ran.exit) == (b"1\n2\n", 3)
    assert ran.peak_kib > 1_000
    assert bench_timing.lines([sys.executable, "-c", "print('a' * 200_000); print()"])() == 2


def test_the_environment_of_a_program_is_ours_and_what_is_added() -> None:
    code = "import os; print('PATH' in os.environ, os.environ['ADDED'])"
    assert bench_timing.run([sys.executable, "-c", code], {"ADDED": "x"}).output == b"True x\n"


def test_tasks_are_asked_in_turns_and_keep_their_first_answer() -> None:
    asked: list[str] = []
    timed = bench_timing.interleaved({name: lambda name=name: asked.append(name) or len(asked) for name in "ab"}, rounds=2)
    in_turns = [name for place, name in enumerate(asked) if place == 0 or asked[place - 1] != name]
    assert in_turns == ["a", "b"] * 3
    assert [timed[name].answer for name in "ab"] == [1, 2]


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_the_median_lies_in_the_middle_and_quantiles_are_values(values: list[float]) -> None:
    middle = bench_timing.median(values)
    assert sum(value < middle for value in values) <= len(values) / 2 >= sum(value > middle for value in values)
    for share in (0.5, 0.99, 1.0):
        found = bench_timing.quantile(values, share)
        assert found in values
        assert sum(value <= found for value in values) >= int(share * 1000) * len(values) / 1000


def test_files_dropped_from_the_cache_are_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 10_000)
    bench_timing.drop_from_cache(str(tmp_path), str(tmp_path / "folder" / "file"))
    assert (tmp_path / "folder" / "file").read_bytes() == b"x" * 10_000


# The table


@pytest.mark.parametrize(("row", "verdict"), [
    (Row("a", 0.5, 1.0), "yes"),
    (Row("a", 1.0, 1.0), "**NO**"),
    (Row("a", 1.5, 1.0), "**NO**"),
    (Row("a", 1.5, None), "-"),
    (Row("a", 0.5, 1.0, reached=False), "**NO**"),
    (Row("a", 1.5, 1.0, reached=True), "yes"),
    (Row("a", None, 1.0), "not measured"),
])
def test_a_row_is_judged_by_its_target_or_by_who_measured_it(row: Row, verdict: str) -> None:
    assert row.verdict == verdict
    assert bench_table.short_of([row]) == ([] if verdict in ("yes", "-") else [row])


def test_each_tool_beside_has_its_own_line_and_ratio() -> None:
    beside = (Beside("rg", 1.0, answers="same number"), Beside("locate", None, missing="not installed: apt-get install l"))
    first, second = bench_table.cells(Row("path x", 0.01, 0.1, beside=beside, answers="3"))
    assert first == ("path x", "10.0 ms", "under 100 ms", "yes", "rg", "1.0 s", "100x", "3; same number")
    assert second == ("", "", "", "", "locate", "not installed: apt-get install l", "-", "-")


def test_what_is_better_the_more_of_it_has_no_ratio() -> None:
    beside = (Beside("other", 0.25, bench_table.RANK),)
    (line,) = bench_table.cells(Row("rank", 0.5, None, bench_table.RANK, beside, reached=True))
    assert line[1:7] == ("0.50", "-", "yes", "other", "0.25", "-")


@pytest.mark.parametrize(("ours", "theirs", "shown"), [
    (1.0, 0.5, "0.5x"), (1.0, 1.5, "1.5x"), (0.001, 4.1996, "4,200x"), (0.0, 1.0, "-"), (1.0, None, "-"),
])
def test_a_ratio_is_how_many_times_more_the_other_took(ours: float, theirs: float | None, shown: str) -> None:
    assert bench_table.ratio(Row("a", ours), Beside("b", theirs)) == shown


def test_a_number_that_differs_without_a_reason_stands_out() -> None:
    tool = bench_rows.Tool("rg", "", int)
    timed = bench_timing.Timed(1.0, 1.0, 1.0, 7)
    assert bench_rows.beside(tool, timed, 7).answers == "same number"
    assert "NOT THE SAME" in bench_rows.beside(tool, timed, 8).answers
    assert bench_rows.beside(tool._replace(differs="doubles"), timed, 8).answers == "7: doubles"


def test_a_question_stands_beside_the_tools_that_are_here_and_names_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    tools = (bench_rows.Tool("in Python", "", lambda: 3), bench_rows.Tool("rg, plain text", "rg", lambda: 3))
    row = bench_rows.asked(bench_rows.Question("three", lambda: 3, 10.0, tools))
    assert [(other.name, other.answers, other.missing) for other in row.beside] == [
        ("in Python", "same number", ""), ("rg, plain text", "", "not installed: apt-get install ripgrep"),
    ]
    assert (row.answers, row.verdict) == ("3", "yes")
    assert bench_rows.ahead_of(row, "rg, plain text") == row
    assert bench_rows.ahead_of(row, "in Python").target == row.beside[0].measured


def test_a_whole_process_is_measured_against_a_bare_python() -> None:
    ask = bench_timing.lines([sys.executable, "-c", "print(1)"])
    question = bench_rows.Question("print", ask, None, (bench_rows.Tool("none", "", lambda: 0),))
    fast, slow = (bench_rows.process(question, times) for times in (1_000.0, 0.001))
    assert (fast.verdict, slow.verdict) == ("yes", "**NO**")
    assert [other.name for other in fast.beside] == ["python3 -c pass", "none"]
    assert "NOT THE SAME" in fast.beside[1].answers


def test_the_machine_is_described(tmp_path: Path) -> None:
    assert {what for what, which in bench_machine.described(str(tmp_path)) if which} >= {"date", "processor", "memory"}


# The question language


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Index]:
    place = bench_data.Place(str(tmp_path / "bench"))
    Path(place.index, bench_data.REPO).mkdir(parents=True)
    listing = tmp_path / "Packages"
    listing.write_text(PACKAGES)
    contents = tmp_path / "Contents-amd64"
    contents.write_bytes(CONTENTS)
    bench_subsets.pack_files(bench_subsets.target_of(place.index), [str(listing), str(contents)], "first")
    with Index(place.index) as index:
        yield index


@pytest.mark.parametrize("regex", ["/usr/bin/c", "a b$", r"/d[o]c/.*$", r"\.none$"])
def test_a_regular_expression_finds_the_same_paths_in_a_search(small: Index, regex: str) -> None:
    paths = bench_rows.count(small.paths(regex, "regex"))
    assert bench_regexes.hits_in(small.search(bench_regexes.as_question(regex), case=True)) == paths


@pytest.mark.parametrize("question", [
    bench_search.BOOLEAN, bench_search.RELATION, bench_search.SECTION, bench_search.NEEDS, bench_search.VERSION,
    f'"{bench_search.PHRASE}"', "*",
])
def test_the_questions_that_are_measured_are_questions(small: Index, question: str) -> None:
    assert bench_rows.count(small.search(question, limit=2)) <= 2


def test_the_packages_that_are_needed_are_the_same_in_sql() -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(bench_peers.TABLES)
    database.executemany("INSERT INTO edges VALUES (?, ?, ?, '')", [
        ("curl", "depends", "libssl3"), ("tool", "pre-depends", "curl"), ("curl", "provides", "fetcher"),
        ("user", "depends", "fetcher"), ("other", "suggests", "libssl3"), ("libssl3", "depends", "libc6"),
    ])
    assert {name for name, in database.execute(bench_search.SQL_NEEDS)} == {"curl", "tool", "user"}
    database.close()


def test_the_other_text_index_gives_its_best_in_pages(tmp_path: Path) -> None:
    place = bench_data.Place(str(tmp_path / "bench"))
    place.emptied("peers")
    listing = tmp_path / "Packages"
    listing.write_text(PACKAGES)
    fts = bench_text.Fts(place, bench_text.packages_in(str(listing)))
    found = fts.best("fetches")
    assert found == ["curl", "libcurl4"]
    assert [fts.best("fetches", limit=1, offset=place) for place in (0, 1, 2)] == [["curl"], ["libcurl4"], []]
    assert fts.count('"fetches for"') == 1


# Ranking


def test_ranks_are_counted_from_one_and_nothing_is_worth_what_is_not_found() -> None:
    ranking = bench_ranking.Ranking("a", (1, 2, 0, 11))
    assert ranking.mean_reciprocal == pytest.approx((1 + 1 / 2 + 1 / 11) / 4)
    assert ranking.among_the_first == 2


@pytest.mark.parametrize(("ours", "apt", "axi", "fts", "verdict"), [
    (2, 2, 4, 1, "yes"), (2, 1, 4, 4, "**NO**"), (2, 4, 1, 4, "**NO**"), (2, None, 4, 4, "yes"),
    (2, None, None, 4, "not measured"),
])
def test_the_ranking_falls_short_of_apt_or_axi_alone(
    ours: int, apt: int | None, axi: int | None, fts: int, verdict: str
) -> None:
    names = (bench_ranking.OURS, *bench_ranking.MEASURED_BY, "SQLite FTS5 bm25")
    found = [
        bench_ranking.Ranking(name, () if rank is None else (rank,) * len(bench_ranking.QUESTIONS), "" if rank else "not here")
        for name, rank in zip(names, (ours, apt, axi, fts), strict=True)
    ]
    row = bench_ranking.ranking_row(found)
    assert row.verdict == verdict
    assert [other.missing for other in row.beside] == [one.missing for one in found[1:]]
    head, lines = bench_ranking.ranking_table(found)
    assert {len(line) for line in lines} == {len(head)}
    assert len(lines) == len(bench_ranking.QUESTIONS) + 2


def test_every_question_of_the_ranking_has_a_right_answer_of_its_own() -> None:
    assert len(bench_ranking.QUESTIONS) == 20
    assert all(right and len(set(right)) == len(right) for right in bench_ranking.QUESTIONS.values())


# Reading again


def test_what_a_reader_reads_because_of_a_publish_is_counted(tmp_path: Path) -> None:
    place = bench_data.Place(str(tmp_path / "bench"))
    Path(place.index, bench_data.REPO).mkdir(parents=True)
    listing = tmp_path / "Packages"
    listing.write_text(PACKAGES)
    bench_subsets.pack_files(bench_subsets.target_of(place.index), [str(listing)], "first")
    row = bench_rereading.rereading_row("read", place, place.index, publishes=3)
    # The new manifest at least; and of so small an index, no more than there is.
    everything = sum(path.stat().st_size for path in Path(place.index).rglob("*") if path.is_file())
    assert 0 < (row.measured or 0) * 1024 <= everything
    assert row.answers.startswith("2 packages; at most ")


def test_bytes_read_are_counted_as_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    before = bench_rereading.bytes_read()
    (tmp_path / "file").read_bytes()
    assert 100_000 <= bench_rereading.bytes_read() - before < 110_000


# Answers


def test_lines_of_apt_are_dealt_out_by_package_and_providers_are_left_out() -> None:
    found = bench_answers.dealt_out("a\n |Depends: b\n  Depends: <c>\n    d\n  Breaks: e:any\nb\n")
    assert [bench_answers.dependency(line) for line in found["a"]] == [
        ("depends", "b"), ("depends", "c"), None, ("breaks", "e"),
    ]
    assert found["b"] == []


# Readers


@pytest.fixture
def beacon(tmp_path: Path) -> tuple[bench_readers.Target, bench_data.Place]:
    place = bench_data.Place(str(tmp_path / "bench"))
    Path(place.index, bench_data.REPO).mkdir(parents=True)
    target = bench_subsets.target_of(place.index)
    bench_readers._publish(target, place, 1)
    return target, place


def test_a_reader_finds_nothing_wrong_where_nothing_is(beacon: tuple[bench_readers.Target, bench_data.Place]) -> None:
    target, place = beacon
    for number in (2, 3):
        bench_readers._publish(target, place, number)
        found = bench_readers.read(place.index, 0.01, {"none": 0})
        assert (found.errors, found.wrong, found.generations) == ([], [], 1)
        assert found.seconds


def test_a_reader_tells_wrong_answers_and_errors(beacon: tuple[bench_readers.Target, bench_data.Place]) -> None:
    _, place = beacon
    found = bench_readers.read(place.index, 0.01, {"none": 3, "rdeps": 1})
    assert set(found.wrong) == {"none: 0"}
    assert all("zlib1g" in error for error in found.errors)
    assert found.errors


def test_a_beacon_that_is_not_of_one_piece_is_told(beacon: tuple[bench_readers.Target, bench_data.Place]) -> None:
    target, place = beacon
    Path(place.path("lie.json")).write_text(
        '{"name": "bench-beacon", "releases": [{"version": "1.2", "summary": "beacon numero1", "architecture": "all",'
        '"depends": ["bench-beacon-2"], "files": ["/usr/share/bench-beacon/1"]}]}'
    )
    bench_subsets.pack_files(target, [place.path("lie.json")], "lie")
    (wrong, *_) = bench_readers.read(place.index, 0.01, {}).wrong
    assert wrong == "generation 2, beacon 2: owner, owner before, summary, search"


# The command


def test_the_help_names_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["--help"])
    help_text = capsys.readouterr().out
    assert all(part in help_text for part in bench.PARTS)


def test_without_lists_the_benchmark_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="apt-get install -y apt-file"):
        bench.main(["--lists", str(tmp_path)])
    assert os.listdir(tmp_path) == []


def test_a_packed_list_is_dropped_under_the_name_that_it_has_on_a_mirror(tmp_path: Path) -> None:
    lists = bench_data.find(str(apt_lists(tmp_path, ".lz4")))
    spool = bench_packing._spool(str(tmp_path / "spool"))
    bench_packing._drop_lists(spool, lists)
    assert sorted(entry.name.split(".")[0] for entry in spool.incoming(bench_data.REPO)) == sorted(bench_data.WANTED)
