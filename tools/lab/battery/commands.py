"""Scenes in which the commands themselves work on several hosts at once: packers, tree servers, rebuilders; the contract."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from environment import PROJECT
from lab.battery.stage import PYTHON, Host, Stage
from lab.guest import Lost
from lab.place import REPO

PACKING = ("PKGINDEX_QUIET_SECONDS=0.5 PKGINDEX_WAIT_SECONDS_MAX=3 PKGINDEX_POLL_SECONDS=0.3 PKGINDEX_LEASE_SECONDS=20 "
           "PKGINDEX_HEARTBEAT_SECONDS=2 PKGINDEX_KEEP_GENERATIONS=100000")
EMPTY_SECONDS_MAX = 180.0
# Found, and: another writer holds it.
FINE = (0, 4)
# What a rebuild says that gives up; it is meant to run where nobody writes all the time.
OVERTAKEN = "3 times another writer was first"


def packers(stage: Stage, seconds: float) -> None:
    """Two packers and two submitters on one spool; a packer's host loses power in the midst of it."""
    for host in stage.lab.hosts:
        stage.drop(host, f"drop-{host}", seconds)
        stage.service(host, "watch --poll", PACKING)
    time.sleep(seconds / 3)
    stage.lab.kill("c2")
    time.sleep(seconds / 6)
    stage.lab.boot("c2")
    stage.service("c2", "watch --poll", PACKING)
    stage.drop("c2", "drop-again", seconds / 3)
    stage.await_all()
    _await_empty(stage)
    stage.faults += _unpacked(stage)


def servers(stage: Stage, seconds: float) -> None:
    """A tree server on every host and a client of each; what one has told, all know."""
    for host in stage.lab.hosts:
        stage.service(host, f"serve tree {REPO}")
    for host, guest in stage.lab.hosts.items():
        _await_server(guest)
        stage.client(host, f"n{host}", seconds)
    stage.await_all()
    told = sorted({f"{play}-{event['first'] + place}" for play, event in stage.told() for place in range(event["count"])})
    stage.answers += len(told)
    for host in stage.lab.hosts:
        said = stage.inside(host, f"lab.inside.client --ask {' '.join(told)}").split()
        stage.losses += [f"{host} does not know {name}, which was told" for name in said]


def rebuilders(stage: Stage, seconds: float) -> None:
    """While two write, both hosts rebuild, merge and clean up, again and again."""
    for host, writer in (("c1", "w1"), ("c2", "w2")):
        stage.write(host, writer, seconds, "--lock --patience 30")
        stage.look(host, f"look-{host}", seconds, "w1,w2", "--pause 0.05")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tasks = [(host, words, stage.begin(host, words)) for host in stage.lab.hosts
                 for words in (f"pack --rebuild {REPO}", f"merge {REPO}", f"gc {REPO}")]
        for host, words, task in tasks:
            code = task.wait(EMPTY_SECONDS_MAX)
            if code not in FINE and OVERTAKEN not in task.output():
                stage.faults.append(f"{words} on {host} ended with {code}: {task.output().strip()[-400:]}")
            stage.answers += 1
    stage.await_all()


def contract(stage: Stage, seconds: float) -> None:
    """The laws of a backend, by the suite that every backend passes, in a directory of the share."""
    place = f"{stage.lab.place('c1')}/{stage.name}/contract"
    task = stage.lab.hosts["c1"].start(
        f"cd {PROJECT} && {PYTHON} -B -m pytest -p no:cacheprovider -n0 --basetemp={place} "
        "tests/store/test_local.py::TestLocalBackend 2>&1")
    code = task.wait(1200)
    words = task.output().split()
    if code or "passed" not in words:
        stage.faults.append(f"the contract: {task.output()[-1500:]}")
    else:
        stage.answers += int(words[words.index("passed") - 1])


def _await_empty(stage: Stage) -> None:
    """Until nothing waits and nothing is claimed."""
    spool = f"{stage.spool('c1')}/{REPO}"
    left = f"find {spool}/incoming {spool}/claimed -type f ! -name '.*' ! -name heartbeat"
    _until(lambda: not stage.shell("c1", left).split(), "the spool does not become empty", stage)


def _unpacked(stage: Stage) -> list[str]:
    """What was dropped and is not in the index once, or is there twice."""
    found = json.loads(stage.inside("c1", f"lab.inside.count {stage.index('c1')}"))
    dropped = [event["package"] for event in stage.events("dropped")]
    stage.answers += len(dropped)
    stage.losses += [f"{name} was dropped and is not packed" for name in dropped if name not in found["shipped"]]
    rejected = stage.shell("c1", f"ls {stage.spool('c1')}/{REPO}/rejected 2>/dev/null || true").split()
    return ([f"{name} was packed {times} times" for name, times in found["packed"].items() if times > 1]
            + [f"rejected: {name}" for name in rejected])


def _await_server(host: Host) -> None:
    deadline = time.monotonic() + EMPTY_SECONDS_MAX
    while True:
        try:
            host.run(f"{PYTHON} -c 'import socket; socket.create_connection((\"127.0.0.1\", 8080), 5).close()'")
            return
        except Lost:
            if time.monotonic() > deadline:
                raise


def _until(there: Callable[[], bool], otherwise: str, stage: Stage) -> None:
    deadline = time.monotonic() + EMPTY_SECONDS_MAX
    while not there():
        if time.monotonic() > deadline:
            stage.faults.append(otherwise)
            return
        time.sleep(1)
