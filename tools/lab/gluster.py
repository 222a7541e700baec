"""A GlusterFS of three replicas with two clients, each in a network namespace of its own, as a host has a network of its own.

    pkgsrv    one server with three bricks
    pkgc1     a client, and its mount
    pkgc2     another

The kernel is this host's, and so is the clock; what is written by a client that is killed stays in the kernel's hands no longer
than in GlusterFS's own process, which is killed with it. The power of a brick is cut by killing its process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import count

from lab import parts
from lab.guest import Lost
from lab.place import NETWORK, folder

SERVER = "pkgsrv"
CLIENTS = {"c1": "pkgc1", "c2": "pkgc2"}
VOLUME = "pk"
ADDRESS = f"{NETWORK}.1"
WAIT_SECONDS = 60.0
_numbers = count()


class Task:
    """A program in the network of a client."""

    def __init__(self, host: Client, command: str) -> None:
        self.host = host
        self._path = folder("gluster", "tasks", f"{os.getpid()}-{next(_numbers)}")
        with open(self._path, "wb") as out:
            self.process = subprocess.Popen([*_in(host.namespace), "bash", "-c", command], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, start_new_session=True)
        self.killed = False

    def done(self) -> bool:
        return not self.killed and self.process.poll() is not None

    def lost(self) -> bool:
        return self.killed

    def output(self) -> str:
        with open(self._path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, seconds: float = 120.0) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Lost(f"{self.host.name} has not finished within {seconds:g} s; it said: {self.output()[-2000:]}") from None

    def end(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.killed = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Client:
    """A namespace with a mount, which answers as a guest does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.namespace = CLIENTS[name]
        self.place = folder("gluster", "mounts", name)
        self._tasks: list[Task] = []
        self._mounted: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        os.makedirs(self.place, exist_ok=True)
        log = folder("gluster", "log", f"{self.name}.log")
        # Entered with nsenter: 'ip netns exec' has mounts of its own, and nobody outside would see this one.
        command = [*_in(self.namespace), "glusterfs", "--no-daemon", f"--volfile-server={ADDRESS}", f"--volfile-id={VOLUME}",
                   f"--log-file={log}", self.place]
        self._mounted = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        _await(lambda: os.path.ismount(self.place), f"{self.name} did not mount; see {log}")

    def kill(self) -> None:
        """All its programs and its mount at once."""
        for task in self._tasks:
            task.kill()
        if self._mounted is not None:
            os.killpg(self._mounted.pid, signal.SIGKILL)
            self._mounted.wait()
            self._mounted = None
        subprocess.run(["umount", "--lazy", self.place], capture_output=True)

    def start(self, command: str) -> Task:
        task = Task(self, command)
        self._tasks.append(task)
        return task

    def run(self, command: str, seconds: float = 120.0) -> str:
        task = self.start(command)
        if code := task.wait(seconds):
            raise Lost(f"{self.name}: {command!r} ended with {code}: {task.output().strip()}")
        return task.output()

    def record(self, name: str) -> tuple[str, str]:
        path = folder("gluster", "records", self.name, name)
        return path, path


class Gluster:
    """The lab. `server` is one of the three bricks: two others go on without it."""

    server = "brick1"
    # All hosts have this machine's.
    clocks = False

    def __init__(self) -> None:
        self.hosts = {name: Client(name) for name in CLIENTS}
        self._daemon: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        parts.fetch_gluster()
        shutil.rmtree(folder("gluster"), ignore_errors=True)
        _make_network()
        self._serve()
        for client in self.hosts.values():
            client.boot()

    def down(self) -> None:
        for client in self.hosts.values():
            client.kill()
        if self._daemon is not None:
            os.killpg(self._daemon.pid, signal.SIGKILL)
            self._daemon.wait()
            self._daemon = None
        for process in _of_this_lab():
            _kill(process)
        for namespace in (SERVER, *CLIENTS.values()):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)

    def place(self, host: str) -> str:
        return self.hosts[host].place

    def cut(self, name: str) -> None:
        _ip(f"-n {SERVER} link set v{name} nomaster")

    def heal(self, name: str) -> None:
        _ip(f"-n {SERVER} link set v{name} master br0")

    def kill(self, name: str) -> None:
        if name in self.hosts:
            self.hosts[name].kill()
        else:
            _kill(self._bricks()[name])

    def boot(self, name: str) -> None:
        if name in self.hosts:
            self.hosts[name].boot()
        else:
            _await(lambda: self._started(name), f"{name} does not come back")

    def lose(self, sender: str, receiver: str) -> None:
        """What the servers say to *receiver* gets lost."""
        self.cut(receiver)

    def lose_nothing(self) -> None:
        for name in self.hosts:
            self.heal(name)

    def _serve(self) -> None:
        state = folder("gluster", "state")
        os.makedirs(state)
        with open("/etc/glusterfs/glusterd.vol", encoding="utf-8") as file:
            settings = file.read().replace("/var/lib/glusterd", state)
        with open(folder("gluster", "glusterd.vol"), "w", encoding="utf-8") as file:
            file.write(settings)
        self._daemon = subprocess.Popen(
            [*_in(SERVER), "glusterd", "--no-daemon", "-f", folder("gluster", "glusterd.vol"), "-p",
             folder("gluster", "glusterd.pid"), "-l", folder("gluster", "log", "glusterd.log")],
            stdin=subprocess.DEVNULL, start_new_session=True)
        _await(lambda: self._gluster("volume list", required=False) == 0, "glusterd does not answer")
        bricks = " ".join(f"{ADDRESS}:{folder('gluster', f'brick{number}')}" for number in (1, 2, 3))
        self._gluster(f"volume create {VOLUME} replica 3 {bricks} force")
        self._gluster(f"volume start {VOLUME}")

    def _gluster(self, words: str, required: bool = True) -> int:
        done = subprocess.run([*_in(SERVER), "gluster", "--mode=script", *words.split()], capture_output=True, text=True)
        if required and done.returncode:
            raise Lost(f"gluster {words}: {done.stdout}{done.stderr}")
        return done.returncode

    def _started(self, name: str) -> bool:
        """Whether the brick is there; started again and again, because as long as its death is not noticed nothing is done."""
        self._gluster(f"volume start {VOLUME} force", required=False)
        return name in self._bricks()

    def _bricks(self) -> dict[str, int]:
        """The process of each brick that lives."""
        return {f"brick{number}": process for number in (1, 2, 3) for process in _of_this_lab()
                if f"{folder('gluster', f'brick{number}')}" in _words(process) and "--brick-name" in _words(process)}


def _make_network() -> None:
    for namespace in (SERVER, *CLIENTS.values()):
        _ip(f"netns add {namespace}")
        _ip(f"-n {namespace} link set lo up")
    for words in ("link add br0 type bridge", f"address add {ADDRESS}/24 dev br0", "link set br0 up"):
        _ip(f"-n {SERVER} {words}")
    for number, (name, namespace) in enumerate(CLIENTS.items()):
        _ip(f"link add v{name} netns {SERVER} type veth peer name eth0 netns {namespace}")
        _ip(f"-n {SERVER} link set v{name} master br0 up")
        _ip(f"-n {namespace} address add {NETWORK}.{21 + number}/24 dev eth0")
        _ip(f"-n {namespace} link set eth0 up")


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def _in(namespace: str) -> list[str]:
    return ["nsenter", f"--net=/run/netns/{namespace}"]


def _await(there: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not there():
        if time.monotonic() > deadline:
            raise Lost(otherwise)
        time.sleep(0.1)


def _of_this_lab() -> list[int]:
    """Every process in the server's namespace: GlusterFS starts some that do not say whose they are."""
    done = subprocess.run(["ip", "netns", "pids", SERVER], capture_output=True, text=True)
    return [int(process) for process in done.stdout.split()]


def _words(process: int) -> list[str]:
    try:
        with open(f"/proc/{process}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")
    except OSError:
        return []


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
