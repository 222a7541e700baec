"""One index on one share, who writes and reads it on which host, and what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from environment import PROJECT
from lab.battery.judge import Verdict, judge
from lab.place import REPO

PATIENCE_SECONDS = 300.0
PYTHON = os.path.join(PROJECT, ".venv", "bin", "python")


class Task(Protocol):
    def done(self) -> bool: ...
    def lost(self) -> bool: ...
    def output(self) -> str: ...
    def wait(self, seconds: float = ...) -> int: ...
    def end(self) -> None: ...


class Host(Protocol):
    """A guest, or a network namespace with a mount of its own."""

    name: str

    def start(self, command: str) -> Task: ...
    def run(self, command: str, seconds: float = ...) -> str: ...
    def record(self, name: str) -> tuple[str, str]: ...


class Play(NamedTuple):
    """A program that runs, or ran, on a host."""

    host: Host
    name: str
    task: Task
    record: str
    writes: bool


class Lab(Protocol):
    """Hosts that share a file system, and what can be done to them."""

    server: str
    # Whether hosts have clocks of their own.
    clocks: bool

    @property
    def hosts(self) -> Mapping[str, Host]: ...

    def place(self, host: str) -> str:
        """Where *host* has the share."""

    def cut(self, name: str) -> None: ...
    def heal(self, name: str) -> None: ...
    def kill(self, name: str) -> None: ...
    def boot(self, name: str) -> None: ...
    def lose(self, sender: str, receiver: str) -> None: ...
    def lose_nothing(self) -> None: ...


class Stage:
    """One index on *lab*, whose file system is of *kind*."""

    def __init__(self, lab: Lab, kind: str, name: str, partition: str = "package") -> None:
        self.lab = lab
        self.kind = kind
        self.name = f"{name}-{kind}"
        self._plays: list[Play] = []
        self._services: list[tuple[str, Task]] = []
        # What a scene has found by itself, and how many answers it has looked at.
        self.faults: list[str] = []
        self.losses: list[str] = []
        self.answers = 0
        # How many seconds a host's clock was set forward.
        self._ahead: dict[str, float] = {}
        self._host = next(iter(lab.hosts))
        self.shell(self._host, f"mkdir -p {self.index(self._host)}")
        self.pkgindex(self._host, f"init {REPO} --partition {partition}")

    def index(self, host: str) -> str:
        return os.path.join(self.lab.place(host), self.name, "index")

    def spool(self, host: str) -> str:
        return os.path.join(self.lab.place(host), self.name, "spool")

    def shell(self, host: str, command: str, seconds: float = PATIENCE_SECONDS) -> str:
        return self.lab.hosts[host].run(command, seconds)

    def pkgindex(self, host: str, words: str, seconds: float = PATIENCE_SECONDS) -> str:
        """What the command line says; its exit code is 0, or `Lost` is raised."""
        return self.lab.hosts[host].run(self.command(host, words), seconds)

    def command(self, host: str, words: str) -> str:
        places = f"--index {self.index(host)} --spool {self.spool(host)}"
        return f"{PYTHON} -B -m pkgindex.cli.main {places} {words}"

    def write(self, host: str, name: str, seconds: float, options: str = "") -> Play:
        return self._play(host, name, "publish", f"{seconds}", options, writes=True)

    def look(self, host: str, name: str, seconds: float, writers: str, options: str = "") -> Play:
        return self._play(host, name, "look", f"{seconds} {writers}", options, writes=False)

    def drop(self, host: str, name: str, seconds: float) -> Play:
        return self._play(host, name, "drop", f"{seconds} {self.spool(host)}", "", writes=False)

    def client(self, host: str, name: str, seconds: float) -> Play:
        return self._play(host, name, "client", f"{seconds}", "", writes=False)

    def begin(self, host: str, words: str, settings: str = "") -> Task:
        """Have *host* do a command, and do not wait for it."""
        return self.lab.hosts[host].start(f"{settings} exec {self.command(host, words)}")

    def service(self, host: str, words: str, settings: str = "") -> None:
        """A command that runs until the verdict."""
        self._services.append((host, self.begin(host, words, settings)))

    def inside(self, host: str, words: str) -> str:
        """What a program of `lab.inside` prints."""
        return self.shell(host, f"cd {PROJECT} && PYTHONPATH=tools {PYTHON} -B -m {words}")

    def events(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for play in self._plays for event in _events(play.record) if event["event"] == kind]

    def told(self) -> list[tuple[str, Mapping[str, Any]]]:
        return [(play.name, event) for play in self._plays for event in _events(play.record) if event["event"] == "told"]

    def hammer(self, host: str, name: str, seconds: float) -> Play:
        return self._play(host, name, "hammer", f"{seconds}", "", writes=False)

    def set_forward(self, host: str, seconds: float) -> None:
        """Set the clock of *host*; what is recorded there from now on is set right again."""
        assert self.lab.clocks, "the clock of these hosts is this machine's"
        self.shell(host, f"{PYTHON} -c 'import time; time.clock_settime(time.CLOCK_REALTIME, time.time() + {seconds})'")
        self._ahead[host] = self._ahead.get(host, 0.0) + seconds

    def pause(self, name: str) -> None:
        self._signal(name, "STOP")

    def wake(self, name: str) -> None:
        self._signal(name, "CONT")

    def await_all(self) -> None:
        """Until everybody has finished who did not go down with its host."""
        for play in self._plays:
            if not play.task.lost():
                play.task.wait(PATIENCE_SECONDS)

    def verdict(self) -> Verdict:
        """After a last look from each host, by a reader that has seen nothing before."""
        self.await_all()
        self._end_services()
        writers = ",".join(play.name for play in self._plays if play.writes)
        for host in self.lab.hosts if writers else ():
            self.look(host, f"last-{host}", 1.0, writers).task.wait(PATIENCE_SECONDS)
        told = judge(*({play.name: list(_events(play.record)) for play in self._plays if play.writes is writes}
                       for writes in (True, False)))
        return told._replace(looks=told.looks + self.answers, lost=told.lost + self.losses,
                             faults=told.faults + self.faults + self._crashes() + self._unsound())

    def _play(self, host: str, name: str, program: str, words: str, options: str, *, writes: bool) -> Play:
        inside, outside = self.lab.hosts[host].record(f"{self.name}-{name}.jsonl")
        open(outside, "w").close()
        ahead = f"--ahead {self._ahead[host]}" if self._ahead.get(host) else ""
        task = self.lab.hosts[host].start(
            f"cd {PROJECT} && PYTHONPATH=tools exec {PYTHON} -B -m lab.inside.{program} "
            f"{self.index(host)} {name} {inside} {words} {options} {ahead}")
        play = Play(self.lab.hosts[host], name, task, outside, writes)
        self._plays.append(play)
        return play

    def _end_services(self) -> None:
        for host, task in self._services:
            if task.lost():
                continue
            if task.done():
                self.faults.append(f"a service on {host} ended by itself: {task.output()[-800:]}")
            else:
                task.end()
                if code := task.wait(PATIENCE_SECONDS):
                    self.faults.append(f"a service on {host} ended with {code}: {task.output()[-800:]}")

    def _signal(self, name: str, signal: str) -> None:
        play = next(play for play in self._plays if play.name == name)
        for begin in (event for event in _events(play.record) if event["event"] == "begin"):
            self.shell(play.host.name, f"kill -{signal} {begin['pid']} || true")

    def _crashes(self) -> list[str]:
        """Programs that ended otherwise than by saying so."""
        return [f"{play.name}: {play.task.output().strip()[-500:]}" for play in self._plays
                if not play.task.lost() and play.task.wait() != 0]

    def _unsound(self) -> list[str]:
        task = self.lab.hosts[self._host].start(self.command(self._host, "verify --json"))
        return [] if task.wait(PATIENCE_SECONDS) == 0 else [f"verify: {task.output()[-1000:]}"]


def _events(path: str) -> Iterator[Mapping[str, Any]]:
    """What a file holds; a last line without its end was being written when the power went."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)
