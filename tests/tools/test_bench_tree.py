"""The tree server's rows measure what they say: the graphs, the proxy, what is counted of processes and of traces."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import bench_graphs
import bench_loads
import bench_serving
import bench_tree
from bench_data import REPO, Lists, Place
from bench_graphs import Graph

needs_haproxy = pytest.mark.skipif(shutil.which("haproxy") is None, reason="NOT TESTED: haproxy is not installed")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="NOT TESTED: strace is not installed")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "bench"))


@pytest.fixture
def graph(place: Place) -> Graph:
    place.emptied("graphs")
    return bench_graphs._written(place, "small", {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("c",)})


def test_of_the_list_what_is_needed_counts_and_circles_are_cut(place: Place, tmp_path: Path) -> None:
    listing = tmp_path / "Packages"
    listing.write_text(
        "Package: libc6\nDepends: libgcc-s1\n\nPackage: libgcc-s1\nDepends: libc6 (>= 2), gone\nSuggests: curl\n\n"
        "Package: curl\nPre-Depends: libc6 | other\nDepends: libgcc-s1:any\n\nPackage: apart\n"
    )
    place.emptied("plain")
    shutil.copy(listing, place.path("plain", "Packages"))
    found = bench_graphs.graphs(place, Lists({"Packages": "unpacked before"}))
    assert {name: (graph.packages, graph.edges) for name, graph in found.items() if name != "synthetic"} == {
        "around": (3, 3), "all": (4, 3),
    }
    assert "curl: libc6 libgcc-s1\n" in Path(found["all"].file).read_text()
    assert found["synthetic"].packages == 3_400


def test_as_many_absent_packages_are_asked_for_as_there_are(place: Place, graph: Graph) -> None:
    asked = bench_graphs.absent(graph, place)
    assert asked.packages == 2 * graph.packages
    assert Path(asked.file).read_text().split() == [f"{name}:" for known in "abcd" for name in (known, f"absent-{known}")]


# Servers


def test_a_dictionary_is_tried_and_its_processor_time_is_counted(graph: Graph) -> None:
    with bench_serving.yardstick() as server:
        load = bench_loads.changed(server, graph, 2)
        (resident,) = server.resident()
    assert (load.changes, load.wrong) == (8, 0) and load.requests >= 20 and load.seconds > 0
    assert 1 << 20 < resident.bytes <= resident.peak_bytes
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", server.port)):
        pass


def test_questions_are_asked_by_several_generators_and_each_knows_what_is_there(place: Place, graph: Graph) -> None:
    with bench_serving.yardstick() as server:
        assert bench_loads.loaded(server, graph) > 0
        loads = bench_loads.queried(server, bench_graphs.absent(graph, place), 2, 4, 3, 1)
    assert [(load.wrong, load.ok) for load in loads] == [(0, 4), (0, 4)]
    assert all(load.per_second > 0 for load in loads)


@needs_haproxy
def test_two_servers_behind_a_proxy_are_one_and_leave_nothing(place: Place, graph: Graph) -> None:
    index = place.emptied("tree")
    with bench_serving.two_behind_a_proxy(index) as between:
        load = bench_loads.changed(between, graph, 4)
        seconds = between.cpu_seconds()
        assert len(seconds) >= 5 and list(seconds)[-1] == between.pids()[0]
    assert (load.changes, load.wrong) == (8, 0)
    assert bench_tree._left_in(index) == ""
    with bench_serving.tree_server(index) as server:
        bench_loads.loaded(server, graph)
    assert "4 packages left, 0 faults" in bench_tree._left_in(index)
    shutil.rmtree(os.path.join(index, REPO))
    assert "verify ended with" in bench_tree._left_in(index)


@needs_strace
def test_the_flushes_of_a_server_are_counted(place: Place, graph: Graph) -> None:
    row = bench_tree._flushes_row(place, graph)
    assert row.measured is not None and row.measured >= 1
    assert row.answers.startswith("8 changes, 0 wrong: ") and "sync" in row.answers


def test_what_does_not_serve_is_named() -> None:
    with pytest.raises(SystemExit, match="does not serve: no such thing"):
        bench_serving.Served([sys.executable, "-c", "print('no such thing')"])


def test_the_time_of_a_process_and_of_what_it_waited_for_is_counted() -> None:
    work = "import subprocess, sys, time\nwhile time.process_time() < 0.2: pass\n"
    code = f"{work}subprocess.run([sys.executable, '-c', sys.argv[1]])\nprint(); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        assert bench_serving.cpu_seconds(process.pid) >= 0.38
        process.stdin.close()


# The rows


@needs_haproxy
@pytest.mark.slow
def test_every_row_is_measured(place: Place, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {name: graph._replace(name=name) for name in ("around", "all", "synthetic")}
    monkeypatch.setattr(bench_tree, "graphs", lambda place, lists: small)
    monkeypatch.setattr(bench_tree, "QUERY_SECONDS", 1)
    told: list[str] = []
    rows = bench_tree.tree_rows(place, Lists({}), told.append)
    assert len({row.what for row in rows}) == len(rows) == 14 and told[-1] == "memory"
    for row in rows:
        assert row.measured is not None and row.verdict in ("yes", "**NO**"), row
        assert "wrong" not in row.answers or "0 wrong" in row.answers, row
        assert "left" not in row.answers or "nothing left" in row.answers, row
