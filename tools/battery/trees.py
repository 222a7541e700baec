"""Tree servers with clients, as a story: each client has packages of its own, and each OK is an acknowledgement.

After a cut each client's packages must be as after its last acknowledged request, or as after the one that was under way.
One asks a server that is killed when it has published and not flushed the name of that, and then another one for the same.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import cycle

from battery.fusing import mark
from battery.ground import REPO, Ground
from battery.running import PROGRAM
from battery.saying import check_tree, needs_of
from battery.trial import run
from pkgindex.config import Settings
from pkgindex.errors import NoServer
from pkgindex.packer.commit import commit
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.target import Target
from pkgindex.service.tree.conversation import Conversation
from pkgindex.service.tree.protocol import Request
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.verify.generation import verify
from pkgindex.store.backend import Backend
from pkgindex.store.journal import JournaledBackend

CLIENTS = ("a", "b")
LATE = "c"
PACKAGES = 6
# It writes in the process that serves, where it can be made to die.
DYING = """import os, signal, sys
from pkgindex.cli.main import main
from pkgindex.service.packing import target
from pkgindex.service.tree import workers
from pkgindex.service.tree.writer import ThreadWriter
from pkgindex.store.flushing import Flushing
Flushing.flush_name = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
workers.ProcessWriter = lambda settings, repo, lock: ThreadWriter(target(settings, repo), lock)
sys.exit(main(sys.argv[1:]))
"""
# So few that changes are folded into shards, and settled into pages, while the clients are there.
SETTINGS = {"PKGINDEX_LOOSE_PACKAGES_MAX": "1", "PKGINDEX_TREE_LOOSE_PACKAGES_MAX": "1", "PKGINDEX_PROCESSES": "1"}
Needs = dict[str, tuple[str, ...]]


def requests(client: str) -> list[Request]:
    """A chain is indexed; its links lead elsewhere then, and half of it is removed."""
    names = [f"{client}{number}" for number in range(PACKAGES)]
    chain = [Request("INDEX", name, tuple(names[max(0, number - 1):number])) for number, name in enumerate(names)]
    if client == LATE:
        return chain[:1]
    turned = [Request("INDEX", name, (names[0],)) for name in names[2:]]
    return [*chain, *turned, *(Request("REMOVE", name) for name in names[3:])]


def states(client: str) -> list[Needs]:
    """What is indexed after each number of requests."""
    found: list[Needs] = [{}]
    for request in requests(client):
        needs = {**found[-1], request.package: request.dependencies}
        if request.command == "REMOVE":
            del needs[request.package]
        found.append(needs)
    return found


class Trees:
    """Of an index in a directory, which two servers share, or of one in memory with a journal, which has one."""

    def __init__(self, ground: Ground, in_memory: bool) -> None:
        self._ground, self._in_memory = ground, in_memory
        self._states = {client: states(client) for client in (*CLIENTS, LATE)}
        ended = run(ground, ("init", "elsewhere"))
        assert ended.code == 0, ended
        ground.keep()

    def tell(self) -> None:
        """On the mount."""
        with ExitStack() as servers:
            ports = [servers.enter_context(self._serving([PROGRAM])) for _ in range(1 if self._in_memory else 2)]
            with ThreadPoolExecutor(len(CLIENTS)) as clients:
                list(clients.map(self._converse, CLIENTS, cycle(ports)))
            if not self._in_memory:
                self._converse_with_the_dying()
            self._converse(LATE, ports[0])

    def _converse_with_the_dying(self) -> None:
        with self._serving([sys.executable, "-c", DYING]) as port, suppress(NoServer):
            self._converse(LATE, port)
            raise AssertionError("it was to be killed")

    def judge(self, marks: Iterable[str]) -> None:
        done: dict[str, int] = {}
        for client, number in (told.split() for told in marks):
            done[client] = max(int(number), done.get(client, 0))
        with self._opened() as backend:
            found = self._needs(backend)
            for client, states in self._states.items():
                ours = {name: needs for name, needs in found.items() if name.startswith(client)}
                count = done.get(client, 0)
                assert ours in states[count:count + 2], f"client {client} was told OK {count} times, and there is {ours}"
            self._go_on(backend)
            assert self._needs(backend) == {**found, "after": ()}, "after going on, the answers are others"

    @contextmanager
    def _serving(self, program: list[str]) -> Iterator[int]:
        """The port of a server, which ends without knowing."""
        index = f"memory:{self._ground.index}" if self._in_memory else self._ground.index
        environment = {**os.environ, **SETTINGS, "PKGINDEX_CACHE": f"{self._ground.root}/cache"}
        words = [*program, "--index", index, "--spool", self._ground.spool, "serve", "tree", REPO, "--port", "0"]
        server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        assert server.stderr is not None
        try:
            said = server.stderr.readline()
            assert said.startswith("serving "), said + server.stderr.read()
            yield int(said.rpartition(":")[2])
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            server.stderr.close()

    @contextmanager
    def _opened(self) -> Iterator[Backend]:
        if not self._in_memory:
            yield self._ground.backend
            return
        os.makedirs(self._ground.index, exist_ok=True)
        with closing(JournaledBackend(f"{self._ground.index}/{REPO}.journal")) as backend:
            yield backend

    def _needs(self, backend: Backend) -> Needs:
        if not backend.names("generations"):
            return {}
        reader = Reader(backend, REPO)
        reader.ask(check_tree)
        return reader.ask(needs_of)

    def _go_on(self, backend: Backend) -> None:
        os.makedirs(f"{self._ground.index}/{REPO}", exist_ok=True)
        ledger = Ledger(Target(backend, REPO, Settings(processes=1)))
        ledger.refresh()
        commit(ledger, {"after": ()})
        verdict = verify(backend, REPO)
        assert verdict.sound, verdict.faults

    def _converse(self, client: str, port: int) -> None:
        with Conversation("127.0.0.1", port) as conversation:
            for number, request in enumerate(requests(client), 1):
                [answer] = conversation.ask([request])
                assert answer == "OK", f"{request}: {answer}"
                mark(self._ground.here, f"{client} {number}")
