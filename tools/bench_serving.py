"""Servers that are measured: started, watched from outside by what the system tells of their processes, and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple

from bench_data import REPO
from bench_peers import pkgindex
from environment import PROJECT

FLUSHES = ("fsync", "fdatasync", "syncfs")
STOP_SECONDS_MAX = 60.0
BACKLOG = 1024
PROXY_SECONDS_MAX = 3600
PROXY_SETTINGS = """\
defaults
  mode tcp
  timeout connect 10s
  timeout client {seconds}s
  timeout server {seconds}s
listen tree
  bind fd@{listener}
  balance roundrobin
{servers}"""
TICKS = os.sysconf("SC_CLK_TCK")


class Resident(NamedTuple):
    """Bytes that a process has in memory, and the most that it had."""

    bytes: int
    peak_bytes: int


class Served:
    """A program that serves until the end of the `with`; it says where by a line that ends in its port."""

    def __init__(self, command: Sequence[str], behind: Sequence[Served] = (), files: Sequence[int] = ()) -> None:
        self._behind = behind
        self._process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=files)
        source = self._process.stdout
        assert source is not None
        self.said: list[str] = []
        for line in source:
            self.said.append(line)
            if found := re.search(r"(?:^|:)(\d+)$", line):
                self.port = int(found[1])
                break
        else:
            source.close()
            self._process.wait()
            raise SystemExit(f"{' '.join(command)} does not serve: {''.join(self.said)}")
        # What it says later must not fill the pipe.
        self._listener = threading.Thread(target=lambda: self.said.extend(source), daemon=True)
        self._listener.start()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pid in reversed(self.pids()):
            if name_of(pid) != "strace":
                os.kill(pid, signal.SIGTERM)
        self._process.wait(STOP_SECONDS_MAX)
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        """Its processes, parents first."""
        return list(_family(self._process.pid))

    def cpu_seconds(self) -> dict[int, float]:
        """What each process has taken of the processors, with those that it started and that are gone; *behind* it too."""
        return {pid: cpu_seconds(pid) for served in (*self._behind, self) for pid in served.pids()}

    def resident(self) -> list[Resident]:
        return [resident(pid) for pid in self.pids()]


def tree_server(index: str, *options: str, repo: str = REPO, traced_to: str = "") -> Served:
    """The server of *repo* in *index*; *traced_to* is where its flushes are listed, if they are to be."""
    command = pkgindex("serve", "tree", repo, "--port", "0", *options, index=index)
    if traced_to:
        # Of all calls only these stop: the others cost what they cost.
        command = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", traced_to, "-e", f"trace={','.join(FLUSHES)}", *command]
    return Served(command)


def yardstick() -> Served:
    return Served([sys.executable, os.path.join(PROJECT, "tools", "tree_yardstick.py")])


def proxy(*servers: Served) -> Served:
    """A load balancer that hands connections to *servers* in turn."""
    with tempfile.TemporaryFile("w") as settings, socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        listed = "".join(f"  server s{number} {server.place}\n" for number, server in enumerate(servers))
        settings.write(PROXY_SETTINGS.format(listener=listener.fileno(), seconds=PROXY_SECONDS_MAX, servers=listed))
        settings.flush()
        # It listens already, so that nobody comes too early.
        command = f"echo :{listener.getsockname()[1]}; exec haproxy -q -db -f /proc/self/fd/{settings.fileno()}"
        return Served(["sh", "-c", command], servers, (settings.fileno(), listener.fileno()))


@contextmanager
def two_behind_a_proxy(index: str) -> Iterator[Served]:
    with tree_server(index) as first, tree_server(index) as second, proxy(first, second) as found:
        yield found


def flushes_in(trace: str) -> Counter[str]:
    """How often each call of a trace asked for a flush, whether it went well or not.

    >>> flushes_in("7 syncfs(9) = 0\\n8 fsync(3 <unfinished ...>\\n8 <... fsync resumed>) = 0\\n9 +++ exited with 0 +++\\n")
    Counter({'syncfs': 1, 'fsync': 1})
    """
    return Counter(re.findall(rf"^\d+ +({'|'.join(FLUSHES)})\(", trace, re.MULTILINE))


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def resident(pid: int) -> Resident:
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.split(":", 1) for line in file)
    return Resident(*(int(status[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")))


def name_of(pid: int) -> str:
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="utf-8") as file:
            for child in file.read().split():
                yield from _family(int(child))
