"""Rows about the tree server, beside a plain dictionary of the same protocol, which has no disk: both asked by `bench tree`."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable

from bench_data import REPO, Lists, Place
from bench_graphs import Graph, absent, graphs
from bench_loads import Load, changed, loaded, queried
from bench_peers import missing, pkgindex
from bench_serving import Served, flushes_in, proxy, tree_server, two_behind_a_proxy, yardstick
from bench_table import RATE, Beside, Row, figure
from bench_timing import median

TIMES_MAX = {100: 2.0, 10: 3.0}
PROXIED_TIMES_MAX = 2.0
FLUSHES_MAX = 1.0
FLUSHED_CHANGES = 300
PER_SECOND_MIN = 60_000.0
QUERY_CLIENTS, PIPELINE, QUERY_SECONDS = 100, 100, 5
RESIDENT_BYTES_MAX = 200e6
WORKERS = GENERATORS = (1, 2)
DICTIONARY = "a dictionary, no disk"


def tree_rows(place: Place, lists: Lists, tell: Callable[[str], None]) -> list[Row]:
    found = graphs(place, lists)
    rows = []
    for graph, title in ((found["synthetic"], "synthetic"), (found["around"], "Debian around libc6")):
        named = f"{title}, {graph.packages:,} packages with {graph.edges:,} dependencies"
        for clients in (100, 10, 1):
            tell(f"{named}: {clients} clients")
            rows.append(_changes_row(place, graph, named, clients))
        tell(f"{named}: two servers behind haproxy")
        rows.append(_proxied_row(place, graph, named))
    tell("flushes")
    rows.append(_flushes_row(place, found["synthetic"]))
    for workers in WORKERS:
        tell(f"queries, {workers} processes")
        rows.append(_queries_row(place, found["synthetic"], workers))
    tell("memory")
    return [*rows, *_memory_rows(place, found["all"])]


def _changes_row(place: Place, graph: Graph, title: str, clients: int) -> Row:
    with yardstick() as server:
        plain = changed(server, graph, clients)
    index = place.emptied("tree")
    with tree_server(index) as server:
        load = changed(server, graph, clients)
    left = _left_in(index)
    within = TIMES_MAX.get(clients)
    right = not (load.wrong or plain.wrong or left)
    # One client waits for the disk, whatever the server does: what it may take stands in the row of the flushes.
    reached = right and load.seconds <= within * plain.seconds if within else right
    return Row(
        f"{title}: {clients} {'clients' if clients > 1 else 'client'}, durable", load.seconds,
        wanted=f"within {within:g}x of it" if within else "right answers", reached=reached,
        beside=(Beside(DICTIONARY, plain.seconds, answers=_told(plain)),),
        answers=_told(load) + left + (f"; {figure(load.seconds / load.changes, 's')} a change" if clients == 1 else ""),
    )


def _proxied_row(place: Place, graph: Graph, title: str) -> Row:
    title = f"{title}: 100 clients, durable, two servers of one directory behind haproxy"
    wanted = f"within {PROXIED_TIMES_MAX:g}x of one server, and `verify` sound"
    if reason := missing("haproxy"):
        return Row(title, None, wanted=wanted, answers=reason)
    clients, index = 100, place.emptied("tree")
    with tree_server(index) as server:
        one = changed(server, graph, clients)
    with tree_server(index) as server, proxy(server) as between:
        proxied = changed(between, graph, clients)
    with two_behind_a_proxy(index) as between:
        two = changed(between, graph, clients)
    left = _left_in(index)
    reached = not (two.wrong or left) and two.seconds <= PROXIED_TIMES_MAX * one.seconds
    return Row(
        title, two.seconds, wanted=wanted, reached=reached,
        beside=(Beside("one server", one.seconds, answers=_told(one)),
                Beside("one behind haproxy", proxied.seconds, answers=_told(proxied))),
        answers=_told(two) + (left or "; nothing left, and sound"),
    )


def _flushes_row(place: Place, graph: Graph) -> Row:
    """How often the server has the disk flush for a change, and how long that takes here."""
    title = "flushes for each change, one client"
    if reason := missing("strace"):
        return Row(title, None, wanted=f"{FLUSHES_MAX:g}", answers=reason)
    index, trace = place.emptied("tree"), place.path("flushes")
    few = graph._replace(file=place.path("graphs", "few"), packages=FLUSHED_CHANGES)
    with open(graph.file, encoding="utf-8") as every, open(few.file, "w", encoding="utf-8") as file:
        file.writelines(line for _, line in zip(range(FLUSHED_CHANGES), every, strict=False))
    with tree_server(index, traced_to=trace) as server:
        before = _flushes(trace)
        load = changed(server, few, 1)
        calls = _flushes(trace) - before
    each = calls.total() / load.changes
    said = ", ".join(f"{count:,} {name}" for name, count in calls.most_common())
    alone = _flush_seconds(place)
    return Row(
        title, each, shown=f"{each:.2f}", wanted=f"{FLUSHES_MAX:g}", reached=each <= FLUSHES_MAX + 0.02 and not load.wrong,
        answers=f"{load.changes:,} changes, {load.wrong} wrong: {said}; a file of 4 KiB, written and flushed alone, takes "
                f"{figure(alone, 's')} here",
    )


def _queries_row(place: Place, graph: Graph, workers: int) -> Row:
    asked = absent(graph, place)
    index = place.emptied("tree")
    with tree_server(index, "--workers", str(workers)) as server:
        loaded(server, graph)
        best = _best(server, asked)
    processes = f"{workers} {'processes' if workers > 1 else 'process'}"
    with yardstick() as server:
        loaded(server, graph)
        plain = _best(server, asked)
    rate = _rate(best)
    right = all(load.wrong == 0 and load.ok == graph.packages for load in best)
    return Row(
        f"QUERY alone, {QUERY_CLIENTS} clients, {PIPELINE} lines at a time, {processes}", rate, unit=RATE,
        wanted=f"{PER_SECOND_MIN:,.0f} a second", reached=right and rate >= PER_SECOND_MIN,
        beside=(Beside(DICTIONARY, _rate(plain), RATE, answers=_busy(plain)),),
        answers=f"{sum(load.requests for load in best):,} answers, {sum(load.wrong for load in best)} wrong; {_busy(best)}",
    )


def _best(server: Served, graph: Graph) -> list[Load]:
    """What one generator or two got, whichever was more: where there are few processors two may ask less."""
    return max((queried(server, graph, count, QUERY_CLIENTS, PIPELINE, QUERY_SECONDS) for count in GENERATORS), key=_rate)


def _rate(loads: list[Load]) -> float:
    return sum(load.per_second for load in loads)


def _memory_rows(place: Place, graph: Graph) -> list[Row]:
    index = place.emptied("tree")
    with tree_server(index) as server:
        took = loaded(server, graph)
        sizes = {"after loading them": server.resident()}
    for workers in WORKERS:
        began = time.perf_counter()
        with tree_server(index, "--workers", str(workers)) as server:
            ready = time.perf_counter() - began
            sizes[f"started anew with {workers} of them, in {figure(ready, 's')}"] = server.resident()
    return [
        Row(
            f"memory of each process, {graph.packages:,} packages, {what}", max(size.bytes for size in found),
            RESIDENT_BYTES_MAX, "bytes",
            answers=", ".join(f"{size.bytes / 1e6:.0f} MB (at most {size.peak_bytes / 1e6:.0f})" for size in found)
                    + (f"; loaded in {took:.0f} s" if place_ == 0 else ""),
        )
        for place_, (what, found) in enumerate(sizes.items())
    ]


def _left_in(index: str) -> str:
    """What is wrong with the repository after a trial, which leaves nothing in it; empty: nothing is."""
    done = subprocess.run(pkgindex("verify", REPO, "--json", index=index), capture_output=True, text=True)
    try:
        (verdict,) = json.loads(done.stdout)["hits"]
    except ValueError:
        return f"; **verify ended with {done.returncode}: {done.stderr.strip()}**"
    packages = verdict["checked"]["packages"]
    return "" if verdict["sound"] and not packages else f"; **{packages:,} packages left, {len(verdict['faults'])} faults**"


def _told(load: Load) -> str:
    server = " + ".join(f"{seconds:.1f}" for seconds in load.server_seconds)
    return (f"{load.requests:,} requests in {load.passes} passes, {load.wrong} wrong; CPU {server} s, "
            f"generator {load.generator_seconds:.1f} s")


def _busy(loads: list[Load]) -> str:
    took = sum(load.seconds for load in loads)
    servers = [sum(times) / took for times in zip(*[load.server_seconds for load in loads], strict=True)]
    generators = [load.generator_seconds / load.seconds for load in loads]
    return f"busy: {_shares(servers)}; generators {_shares(generators)}"


def _shares(shares: list[float]) -> str:
    return " + ".join(f"{share:.0%}" for share in shares)


def _flushes(trace: str) -> Counter[str]:
    with open(trace, encoding="utf-8") as file:
        return flushes_in(file.read())


def _flush_seconds(place: Place) -> float:
    folder, times = place.emptied("flushing"), []
    for number in range(100):
        began = time.perf_counter()
        handle = os.open(os.path.join(folder, str(number)), os.O_WRONLY | os.O_CREAT)
        os.write(handle, bytes(4096))
        os.fdatasync(handle)
        os.close(handle)
        times.append(time.perf_counter() - began)
    return median(times)
