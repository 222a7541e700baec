"""Everything at once, for long: `dev.py battery soak`.

    --minutes M   for how long (30)
    --steps N     or so many steps of each lane, however long that takes
    --seed S      what is done, by each lane in its order (drawn, and printed)
    --write       put the tables into docs/reliability.md

Submissions, a host that is synced, two clients of two tree servers, merges, rebuilds, `gc` and `verify` by hand, beside two
watchers that pack, two readers that stay, and new ones for each question. A third of the commands is killed in the midst,
and one watcher and one server again and again. At the end all that was acknowledged must be there and nothing else, in the
index and on the disk; memory, open files and bytes must be what they were. The exit code is 1 otherwise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import marked
from battery.gauges import Gauge, Gauges, size_of
from battery.ground import FORGOTTEN_SECONDS
from battery.lanes import Asking, Client, Keeping, Killing, Submitting, Syncing, in_spool, reader, told, walk
from battery.plans import CLIENTS, LANES, REPOSITORIES, SLOTS
from battery.running import Daemon, Ground
from battery.saying import Shared, read_on
from pkgindex.config import Settings
from pkgindex.packer.retire import retire
from pkgindex.spool.names import TEMPORARY_PREFIX
from pkgindex.store.local import LocalBackend

READERS = 2
FAULTS_SHOWN = 20
HEADS = ("seed", "minutes", "generations", "commands", "of them killed", "servers ended", "requests", "answers of open readers",
         "of fresh ones", "faults")
GAUGE_HEADS = ("of", "what", "warm", "at the end", "at most")


class Soak:
    """One run, from the first step to the verdict."""

    def __init__(self, directory: str, seed: int) -> None:
        self.ground = ground = Ground(directory)
        self.seed = seed
        context = multiprocessing.get_context("spawn")
        self.shared = Shared(ground.index, context.Array("q", SLOTS), context.Array("q", SLOTS), context.Value("q", 0),
                             context.SimpleQueue(), context.Event())
        for repo in ("drops", "host"):
            ground.run(["init", repo])
        self.watchers = [Daemon(ground, name, "watch") for name in ("watch", "watch that is ended")]
        self.servers = [Daemon(ground, name, "serve", "tree", "tree", "--port", "0")
                        for name in ("server", "server that is ended")]
        self.readers = [context.Process(target=read_on, args=(self.shared,)) for _ in range(READERS)]
        self.clients = [Client(ground, number, self.servers) for number in range(CLIENTS)]
        self.submitting = Submitting(ground, self.shared.known, self.shared.sent)
        self.syncing = Syncing(ground)

    def run(self, minutes: float, most: int) -> list[Gauge]:
        """Walk all lanes; what was measured meanwhile."""
        ground = self.ground
        self.syncing.finish()
        acts = [self.submitting, *self.clients, self.syncing, Keeping(ground),
                Asking(ground, self.shared.known, self.shared.sent), Killing(ground, [self.watchers[1], self.servers[1]])]
        threads = [threading.Thread(target=walk, args=(ground, lane, self.seed, act, most))
                   for lane, act in zip(LANES, acts, strict=True)]
        for each in (*self.readers, *threads):
            each.start()  # type: ignore[attr-defined]
        gauges = Gauges(self._measured, (ground.index, ground.spool))
        deadline = time.monotonic() + minutes * 60
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            time.sleep(0.1)
        ground.over.set()
        for thread in threads:
            thread.join()
        found = gauges.close()
        self._end()
        return found

    def _measured(self) -> dict[str, int]:
        """Those that are never ended."""
        server = self.servers[0].pid
        processes = {"watch": self.watchers[0].pid, "server": server, "its writer": _writer_of(server)}
        return {**processes, **{f"reader {number}": process.pid or 0 for number, process in enumerate(self.readers)}}

    def _end(self) -> None:
        self.shared.over.set()
        for process in self.readers:
            process.join()
            if process.exitcode:
                self.ground.fault(f"a reader ended with {process.exitcode}")
        while not self.shared.faults.empty():
            self.ground.fault(f"a reader: {self.shared.faults.get()}")
        for daemon in (*self.watchers, *self.servers):
            daemon.end()
            daemon.require_sound()

    def judge(self) -> None:
        """What is left is what was acknowledged, all of it, and nothing besides."""
        ground = self.ground
        self.syncing.finish()
        ground.run(["pack"])
        if left := in_spool(ground):
            ground.fault(f"packed, and left in the spool: {left[:5]}")
        for slot, count in self.submitting.acknowledged.items():
            self.submitting.is_settled(slot)
            if not count <= self.shared.known[slot] <= self.shared.sent[slot]:
                ground.fault(f"slot {slot} says {self.shared.known[slot]}, and {count} was submitted")
        if wrong := reader(ground, "tree").ask(lambda snapshot: told(self.clients, snapshot)):
            ground.fault(f"the tree: {wrong}")
        if not self.syncing.is_there():
            ground.fault(f"the host is not as it was synced: {self.syncing.versions}")
        if rejected := [name for repo in REPOSITORIES for name in _names(f"{ground.spool}/{repo}/rejected")]:
            ground.fault(f"rejected: {rejected[:5]}")
        ground.run(["verify"])
        ground.count("generations", sum(reader(ground, repo).snapshot().generation for repo in REPOSITORIES))

    def judge_disk(self) -> int:
        """The bytes that are left when only the newest generations are retained; whatever else is left is a fault."""
        ground = self.ground
        _forget(ground.directory)
        ground.run(["pack"])
        for repo in REPOSITORIES:
            backend = LocalBackend(f"{ground.index}/{repo}")
            for _ in range(2):
                retired = retire(backend, repo, Settings(keep_generations=1, grace_seconds=0.0))
            if retired.generations or retired.blobs:
                ground.fault(f"{repo}: left over, and retired the second time only: {retired}")
        if left := list(_unfinished(ground.directory)):
            ground.fault(f"left over: {left[:5]}")
        ground.run(["verify"])
        return size_of(ground.index) + size_of(ground.spool)


def _writer_of(server: int) -> int:
    """The process in which a tree server writes, which its first thread has started; 0 when there is none."""
    try:
        with open(f"/proc/{server}/task/{server}/children", encoding="ascii") as file:
            started = file.read().split()
        for process in started:
            with open(f"/proc/{process}/cmdline", "rb") as words:
                if b"spawn_main" in words.read():
                    return int(process)
    except OSError:
        pass
    return 0


def _unfinished(directory: str) -> Iterator[str]:
    """What is nobody's who lives, once all have ended."""
    for top, folders, names in os.walk(directory, topdown=False):
        for name in (*folders, *names):
            path = os.path.join(top, name)
            parts = os.path.relpath(path, directory).split("/")
            if (parts[0] == "index" and "tmp" in parts[:-1]) or name.startswith(TEMPORARY_PREFIX) or "claimed" in parts[:-1]:
                yield path


def _forget(directory: str) -> None:
    """Let it be old, as it is days later."""
    for path in _unfinished(directory):
        then = os.stat(path).st_mtime - FORGOTTEN_SECONDS
        os.utime(path, (then, then))


def _names(directory: str) -> list[str]:
    return os.listdir(directory) if os.path.isdir(directory) else []


def rows_of(soak: Soak, gauges: list[Gauge], retained: int, minutes: float) -> tuple[list[list[str]], list[list[str]]]:
    """The two tables: what was done, and what it took."""
    counted = soak.ground.counted
    figures = (counted["generations"], counted["commands"], counted["killed"], counted["servers ended"], counted["requests"],
               soak.shared.answers.value, counted["answers of fresh readers"], len(soak.ground.faults))
    taken = [[found.whose, found.what, *(_amount(found.what, value) for value in (found.warm, found.last, found.peak))]
             for found in gauges]
    taken.append(["index and spool", "disk, when all has been retired", "", _amount("disk", retained), ""])
    return [[str(soak.seed), f"{minutes:.1f}", *(f"{figure:,}" for figure in figures)]], taken


def _amount(what: str, value: int) -> str:
    return f"{value:,}" if what == "files" else f"{value / 1e6:.1f} MB"


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    began = time.monotonic()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="pkgindex-soak-") as directory:
        soak = Soak(directory, options.seed)
        gauges = soak.run(options.minutes, options.steps)
        minutes = (time.monotonic() - began) / 60
        soak.judge()
        retained = soak.judge_disk()
    for found in gauges:
        if not found.is_flat:
            soak.ground.fault(f"it grows: {found}")
    done, taken = rows_of(soak, gauges, retained, minutes)
    for row in (HEADS, *done, GAUGE_HEADS, *taken):
        print(f"| {' | '.join(row)} |")
    for what, often in sorted(soak.ground.counted.items()):
        print(f"{what}: {often:,}")
    for fault in soak.ground.faults[:FAULTS_SHOWN]:
        print(f"fault: {fault}", file=sys.stderr)
    if options.write:
        marked.write("battery soak", [HEADS, *done])
        marked.write("battery soak, what it takes", [GAUGE_HEADS, *taken])
    return 1 if soak.ground.faults else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "dev.py battery soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    options.minutes = options.minutes or (30.0 if options.steps is None else float("inf"))
    options.steps = -1 if options.steps is None else options.steps
    return options
