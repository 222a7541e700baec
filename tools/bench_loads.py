"""The load generator, `pkgindex bench tree`, as it is run beside a server, and what it found."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any, NamedTuple

from bench_graphs import Graph
from bench_peers import pkgindex
from bench_serving import Served

WORKED_SECONDS_MIN = 0.05
CHANGING = ("index", "remove")


class Load(NamedTuple):
    """What one generator did, and what the server's processes took of a processor meanwhile."""

    seconds: float
    requests: int
    changes: int
    passes: int
    wrong: int
    generator_seconds: float
    server_seconds: list[float]
    ok: int = 0

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def changed(server: Served, graph: Graph, clients: int) -> Load:
    """All phases of a trial: everything is indexed, queried and removed."""
    before = server.cpu_seconds()
    phases = _phases(_started(server, graph, "--clients", str(clients)))
    after = server.cpu_seconds()
    return Load(
        sum(phase["seconds"] for phase in phases), sum(phase["requests"] for phase in phases),
        sum(phase["ok"] for phase in phases if phase["phase"] in CHANGING), sum(phase["passes"] for phase in phases),
        sum(phase["wrong"] for phase in phases), sum(phase["busy"] * phase["seconds"] for phase in phases),
        _worked(before, after),
    )


def queried(server: Served, graph: Graph, generators: int, clients: int, pipeline: int, seconds: int) -> list[Load]:
    """What each of so many generators did at the same time; they share the *clients*."""
    words = ("--clients", str(clients // generators), "--pipeline", str(pipeline), "--query", str(seconds))
    began, before = time.perf_counter(), server.cpu_seconds()
    started = [_started(server, graph, *words) for _ in range(generators)]
    found = [_phases(process) for process in started]
    took, after = time.perf_counter() - began, server.cpu_seconds()
    # The generators begin and end a little apart: of the server's time as much as belongs to the time of the queries.
    worked, loads = _worked(before, after), []
    for learned, asked in found:
        share = asked["seconds"] / took
        loads.append(Load(
            asked["seconds"], asked["requests"], 0, asked["passes"], learned["wrong"] + asked["wrong"],
            asked["busy"] * asked["seconds"], [share * seconds for seconds in worked],
            learned["ok"],
        ))
    return loads


def loaded(server: Served, graph: Graph) -> float:
    """Seconds in which `tree load` has indexed *graph*."""
    began = time.perf_counter()
    done = subprocess.run(pkgindex("tree", "load", graph.file, "--port", str(server.port), "--json"), capture_output=True)
    took = time.perf_counter() - began
    indexed = json.loads(done.stdout)["indexed"]
    if indexed != graph.packages:
        raise SystemExit(f"of {graph.packages:,} packages of {graph.file} {indexed:,} were indexed: {done.stderr.decode()}")
    return took


def _worked(before: dict[int, float], after: dict[int, float]) -> list[float]:
    """Seconds of the processors that each process took between, but for those that did nothing."""
    took = [seconds - before.get(pid, 0.0) for pid, seconds in after.items()]
    return [seconds for seconds in took if seconds >= WORKED_SECONDS_MIN] or [0.0]


def _started(server: Served, graph: Graph, *words: str) -> subprocess.Popen[bytes]:
    command = pkgindex("bench", "tree", "--server", server.place, "--list", graph.file, "--json", *words)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _phases(process: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
    output, said = process.communicate()
    if process.returncode not in (0, 1):
        raise SystemExit(f"bench tree ended with {process.returncode}: {said.decode()}")
    found: list[dict[str, Any]] = json.loads(output)["hits"]
    return found
