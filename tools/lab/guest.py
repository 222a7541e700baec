"""One guest: a Linux kernel in a process of this host, which is a host of its own to everybody on the wire.

Invariants:

* Only processes that this lab has started are ever ended: each is known by its number, and by what stands on its command line.
* Killing a guest is a power cut: nothing in it is told, and what it had not flushed is lost.
* What a guest is told and what it says goes through a folder, the mailbox, and not over the wire: a guest that is cut off still
  answers.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from itertools import count

from lab import network, parts
from lab.place import NAMESPACE, SERVER, address, folder

MEMORY = "448M"
DISK_BYTES = 3 << 30
BOOT_SECONDS_MAX = 90.0
LOOK_SECONDS = 0.02
OPTIONS = ("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "con=null", "con0=null,fd:1")
RECORDS = "records"
_numbers = count()


class Lost(Exception):
    """A guest is gone, or does not answer in time."""


class Task:
    """What a guest was told to do."""

    def __init__(self, guest: Guest, path: str) -> None:
        self.guest = guest
        self._path = path
        self._code: int | None = None

    def done(self) -> bool:
        if self._code is None and os.path.exists(f"{self._path}.code"):
            with open(f"{self._path}.code", encoding="ascii") as file:
                self._code = int(file.read())
        return self._code is not None

    def lost(self) -> bool:
        """Whether it went down with its guest, which may be up again."""
        there = any(os.path.exists(f"{self._path}.{state}") for state in ("do", "doing"))
        return not self.done() and not (there and self.guest.alive())

    def output(self) -> str:
        """What it has said so far."""
        try:
            with open(f"{self._path}.out", encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def end(self) -> None:
        """Ask it to end (SIGTERM)."""
        with open(f"{self._path}.pid", encoding="ascii") as file:
            self.guest.run(f"kill -TERM {int(file.read())}")

    def wait(self, seconds: float = 120.0) -> int:
        """Its exit code. Raises `Lost` when the guest dies meanwhile, or it takes longer."""
        deadline = time.monotonic() + seconds
        while not self.done():
            if self.lost():
                raise Lost(f"{self.guest.name} has gone while it worked")
            if time.monotonic() > deadline:
                raise Lost(f"{self.guest.name} has not finished within {seconds:g} s; so far it said: {self.output()[-2000:]}")
            time.sleep(LOOK_SECONDS)
        assert self._code is not None
        return self._code


class Guest:
    def __init__(self, name: str) -> None:
        self.name = name
        self.mail = folder("mail", name)

    def boot(self) -> None:
        """Start it, and wait until it is up. Raises `Lost` with the last lines of its console."""
        self._empty_mailbox()
        with open(folder("logs", f"{self.name}.log"), "wb") as log:
            process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True, env={**os.environ, "TMPDIR": "/dev/shm"})
        with open(folder("pids", self.name), "w", encoding="ascii") as file:
            file.write(str(process.pid))
        self._await_ready(process)
        if self.name != SERVER:
            self._mount()

    def alive(self) -> bool:
        return self._process() is not None

    def kill(self) -> None:
        """A power cut."""
        process = self._process()
        if process is None:
            return
        os.killpg(process, signal.SIGKILL)
        while os.path.exists(f"/proc/{process}/exe"):
            _reap(process)
            time.sleep(LOOK_SECONDS)
        shutil.rmtree(folder("umid", self.name), ignore_errors=True)

    def start(self, command: str) -> Task:
        """Have a shell of the guest do *command*, and do not wait for it."""
        path = os.path.join(self.mail, f"{os.getpid()}-{next(_numbers)}")
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(command + "\n")
        os.rename(f"{path}.new", f"{path}.do")
        return Task(self, path)

    def run(self, command: str, seconds: float = 120.0) -> str:
        """What *command* says. Raises `Lost` when it fails."""
        task = self.start(command)
        if code := task.wait(seconds):
            raise Lost(f"{self.name}: {command!r} ended with {code}: {task.output().strip()}")
        return task.output()

    def record(self, name: str) -> tuple[str, str]:
        """A file that is not on the share and outlives a power cut: as the guest calls it, and as this host does."""
        outside = os.path.join(self.mail, RECORDS, name)
        os.makedirs(os.path.dirname(outside), exist_ok=True)
        return f"/mnt/mail/{RECORDS}/{name}", outside

    def _empty_mailbox(self) -> None:
        os.makedirs(self.mail, exist_ok=True)
        for entry in os.scandir(self.mail):
            if entry.name != RECORDS:
                os.unlink(entry.path)

    def _command(self) -> list[str]:
        port = network.plug(self.name)
        shutil.rmtree(folder("umid", self.name), ignore_errors=True)
        disk = [f"ubdb={server_disk()}"] if self.name == SERVER else []
        return ["nsenter", f"--net=/run/netns/{NAMESPACE}", parts.kernel(), f"mem={MEMORY}", *OPTIONS,
                f"init={os.path.join(os.path.dirname(os.path.abspath(__file__)), 'init.sh')}",
                f"umid={self.name}", f"uml_dir={folder('umid', '')}", f"vec0:transport=tap,ifname={port},depth=64,gro=1",
                *disk, f"lab.name={self.name}", f"lab.address={address(self.name)}", f"lab.mail={self.mail}",
                f"lab.modules={parts.modules()}"]

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + BOOT_SECONDS_MAX
        while not os.path.exists(os.path.join(self.mail, "READY")):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Lost(f"{self.name} did not come up; its console ends with\n{self._console()}")
            time.sleep(LOOK_SECONDS)

    def _console(self) -> str:
        with open(folder("logs", f"{self.name}.log"), encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-12:])

    def _mount(self) -> None:
        server = address(SERVER)
        self.run(f"mount -i -t nfs4 -o vers=4.2,addr={server},clientaddr={address(self.name)} {server}:/ /mnt/n4 && "
                 f"mount.nfs -o vers=3 {server}:/mnt/disk/export /mnt/n3", BOOT_SECONDS_MAX)

    def _process(self) -> int | None:
        """The process that is this guest, if it lives; a number that was given to another since is none."""
        try:
            with open(folder("pids", self.name), encoding="ascii") as file:
                process = int(file.read())
            with open(f"/proc/{process}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        ours = (f"lab.name={self.name}".encode(), f"lab.mail={self.mail}".encode())
        return process if all(word in words for word in ours) else None


def server_disk() -> str:
    """The file that is the server's disk, with a file system on it."""
    path = folder("disks", "srv.img")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", path], check=True)
    return path


def all_known() -> list[Guest]:
    """Every guest that was ever booted and not taken down since."""
    return [Guest(name) for name in sorted(os.listdir(folder("mail")))] if os.path.isdir(folder("mail")) else []


def _reap(process: int) -> None:
    try:
        os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return
