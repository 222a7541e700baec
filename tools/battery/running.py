"""Programs of a long run: commands that are waited for or killed, and servers that stay."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable

PROGRAM = os.path.join(os.path.dirname(sys.executable), "pkgindex")
# What hangs for so long is at fault; a machine that is busy is not.
SECONDS_MAX = 900.0
SETTINGS = {
    "QUIET_SECONDS": "0.2", "WAIT_SECONDS_MAX": "2", "POLL_SECONDS": "0.5", "HEARTBEAT_SECONDS": "1", "LEASE_SECONDS": "5",
    "LOCK_WAIT_SECONDS": "300", "KEEP_GENERATIONS": "8", "GRACE_SECONDS": "3", "LOOSE_PACKAGES_MAX": "16", "SHARDS_MAX": "4",
    "PROCESSES": "1", "PAGER": "cat",
}  # fmt: skip
UNFORESEEN = ("Traceback", "internal error")
# What Python says in a process that has begun when the one that was starting it is killed; no code of ours runs there.
CUT_SHORT = re.compile(
    r"Traceback \(most recent call last\):\n  File \"<string>\", line 1, in <module>\n"
    r"(?:  File \".*/multiprocessing/spawn\.py\", line \d+, in \w+\n(?:    .*\n)*){2}EOFError: Ran out of input\n"
)
# Of what was not foreseen: a traceback with some of what came after it.
LINES_TOLD = 40


class Ended:
    """A command that has ended. `code` is None when it was killed before."""

    def __init__(self, code: int | None, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Ground:
    """A directory with an index and a spool, what runs there, and all that went wrong. Any thread may call."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.index, self.spool = f"{directory}/index", f"{directory}/spool"
        self.faults: list[str] = []
        self.counted: Counter[str] = Counter()
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._environment = {**os.environ, **{f"PKGINDEX_{name}": value for name, value in SETTINGS.items()},
                             "PKGINDEX_INDEX": self.index, "PKGINDEX_SPOOL": self.spool,
                             "PKGINDEX_CACHE": f"{directory}/cache"}

    def count(self, what: str, more: int = 1) -> None:
        with self._lock:
            self.counted[what] += more

    def fault(self, text: str) -> None:
        with self._lock:
            self.faults.append(text)

    def start(self, words: Iterable[str], out: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """*out* is where it says what; by pipes if it is to be asked."""
        return subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True,
                                env=self._environment, cwd=self.directory)

    def run(self, words: Iterable[str], codes: Iterable[int] = (0,), killed: float = 0.0) -> Ended:
        """A command, which ends with one of *codes*, unless it is *killed* after so many seconds."""
        wanted = list(words)
        process = self.start(wanted)
        try:
            out, err = process.communicate(timeout=killed or SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            if not killed:
                self.fault(f"{' '.join(wanted)} does not end")
            self.count("killed")
            return Ended(None, out, err)
        self.count("commands")
        if process.returncode not in codes or any(word in err for word in UNFORESEEN):
            self.fault(f"{' '.join(wanted)} ended with {process.returncode}: {err.strip()[-600:]}")
        return Ended(process.returncode, out, err)

    def until(self, there: object, otherwise: str) -> bool:
        """Wait until *there*, called again and again, is so; a fault when it never is."""
        assert callable(there)
        deadline = time.monotonic() + SECONDS_MAX
        while not there():
            if time.monotonic() > deadline:
                self.fault(otherwise)
                return False
            time.sleep(0.02)
        return True


class Daemon:
    """`pkgindex` *words*, which stays; ended, it is started again by who ended it. `port` is where it listens, if it does."""

    def __init__(self, ground: Ground, name: str, *words: str) -> None:
        self.name, self._ground, self._words = name, ground, words
        self.port = 0
        self._was_killed = False
        self._log = f"{ground.directory}/{name}.log"
        self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        began = os.path.getsize(self._log) if os.path.exists(self._log) else 0
        with open(self._log, "ab") as log:
            self._process = self._ground.start(self._words, log.fileno())
        self._ground.until(lambda: self._is_ready(began), f"{self.name} does not begin; see its log:\n{self._said(began)}")

    def end(self, number: int = signal.SIGTERM) -> None:
        """In good order it ends with 0."""
        self._process.send_signal(number)
        self._was_killed |= number == signal.SIGKILL
        try:
            code = self._process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code != (0 if number == signal.SIGTERM else -number):
            self._ground.fault(f"{self.name} ended with {code} at signal {number}: {self._said()[-600:]}")

    def require_sound(self) -> None:
        """It has said nothing that nobody foresaw; what a kill cut short is counted."""
        said = self._said()
        if self._was_killed:
            said, cut_short = CUT_SHORT.subn("", said)
            self._ground.count("starts of a process cut short by a kill", cut_short)
        for found in unforeseen(said):
            self._ground.fault(f"{self.name} says: {found}")

    def _is_ready(self, began: int) -> bool:
        said = self._said(began)
        for line in said.splitlines():
            if line.startswith("serving "):
                self.port = int(line.rpartition(":")[2])
                return True
        return "watching " in said or self._process.poll() is not None

    def _said(self, began: int = 0) -> str:
        with open(self._log, encoding="utf-8", errors="replace") as log:
            log.seek(began)
            return log.read()


def unforeseen(said: str) -> list[str]:
    """What nobody foresaw in a log, the first three."""
    lines = said.splitlines()
    found = [place for place, line in enumerate(lines) if any(word in line for word in UNFORESEEN)]
    return ["\n".join(lines[place : place + LINES_TOLD]) for place in found[:3]]
