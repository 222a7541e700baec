"""Servers, clients and packers do whatever hypothesis thinks of, and a plain dictionary knows each answer.

What two clients ask at once has several right answers: the machine keeps every state that explains what was heard.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from packer.world import drop
from pkgindex.config import Settings
from pkgindex.packer.pack import pack
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.target import Target
from pkgindex.store.memory import MemoryBackend
from service.tree.history import NOTHING, Operation, State, applied, indexed, outcomes
from service.tree.serving import REPO, Client, served, sound

NAMES = [f"p{number}" for number in range(4)]
SERVERS_MAX, CLIENTS = 2, 3

names = st.sampled_from(NAMES)
needs = st.lists(names, max_size=3)
lines = st.one_of(
    st.builds(lambda name, needed: f"INDEX|{name}|{','.join(needed)}", names, needs),
    st.builds(lambda name, needed: f"REMOVE|{name}|{','.join(needed)}", names, st.lists(names, max_size=1)),
    st.builds("QUERY|{}|".format, names),
    st.sampled_from(["", "index|p0|", "INDEX|p0", "QUERY|p 0|", "INDEX|p1|p0,", "REMOVE||"]),
)
groups = st.lists(lines, min_size=1, max_size=5)
servers = st.integers(0, SERVERS_MAX - 1)
clients = st.integers(0, CLIENTS - 1)


class ServersMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.backend = MemoryBackend()
        head = Head(self.backend, REPO)
        publish(head, head.next(), "000000", [], 32)
        self.possible: set[State] = {NOTHING}
        self.running: list[tuple[ExitStack, list[Client]]] = []
        self.drops = tempfile.TemporaryDirectory()

    @initialize(count=st.integers(1, SERVERS_MAX))
    def servers_start(self, count: int) -> None:
        self.running = [self._started() for _ in range(count)]

    @rule(server=servers, client=clients, group=groups)
    def one_client_asks(self, server: int, client: int, group: list[str]) -> None:
        self._heard([(self._client(server, client), group)])

    @rule(first=servers, second=servers, group=groups, other=groups, clients=st.permutations(range(CLIENTS)))
    def two_ask_at_once(self, first: int, second: int, group: list[str], other: list[str], clients: list[int]) -> None:
        self._heard([(self._client(first, clients[0]), group), (self._client(second, clients[1]), other)])

    @rule(server=servers)
    def a_server_is_started_again(self, server: int) -> None:
        place = server % len(self.running)
        self.running[place][0].close()
        self.running[place] = self._started()

    @rule(server=servers, client=clients, group=groups)
    def a_client_leaves_before_it_is_answered(self, server: int, client: int, group: list[str]) -> None:
        place = server % len(self.running)
        leaving = self._client(server, client)
        leaving.send("".join(f"{line}\n" for line in group).encode())
        leaving.socket.close()
        self.running[place][0].close()
        self.running[place] = self._started()
        # The server may have ended before it read all.
        self.possible = {after for state in self.possible for after in prefixes(group, state)}

    @rule(name=names, needed=needs, gone=st.booleans())
    def somebody_packs(self, name: str, needed: list[str], gone: bool) -> None:
        """A package goes, also one that is needed; or comes anew, and needs what nobody has."""
        packages: list[dict[str, object]] = [{"name": name, "removed": True}]
        if not gone:
            packages.append({"name": name, "depends": needed})
        pack(Target(self.backend, REPO, Settings()), [drop(self.drops.name, packages)])
        after = set() if gone else {(name, frozenset(needed))}
        self.possible = {frozenset({pair for pair in state if pair[0] != name} | after) for state in self.possible}

    @rule()
    def the_repository_says_the_same(self) -> None:
        found = indexed(self.backend, REPO)
        assert found in self.possible
        self.possible = {found}

    def teardown(self) -> None:
        for stack, _ in self.running:
            stack.close()
        self.drops.cleanup()
        assert indexed(self.backend, REPO) in self.possible
        assert sound(self.backend)

    def _started(self) -> tuple[ExitStack, list[Client]]:
        stack = ExitStack()
        port = stack.enter_context(served(self.backend))
        return stack, [stack.enter_context(Client(port)) for _ in range(CLIENTS)]

    def _client(self, server: int, client: int) -> Client:
        return self.running[server % len(self.running)][1][client]

    def _heard(self, asked: list[tuple[Client, list[str]]]) -> None:
        """What is asked is asked at once."""
        for client, group in asked:
            client.send("".join(f"{line}\n" for line in group).encode())
        heard = [[Operation(line, answer, 0, 1) for line, answer in zip(group, client.answers(len(group)), strict=True)]
                 for client, group in asked]
        self.possible = outcomes(heard, self.possible)


def prefixes(group: list[str], state: State) -> Iterator[State]:
    """What is indexed after the first lines of *group*, for any number of them."""
    yield state
    for line in group:
        state = applied(line, state)[1]
        yield state


ServersMachine.TestCase.settings = settings(max_examples=settings().max_examples // 5, stateful_step_count=12, deadline=None)
TestServers = ServersMachine.TestCase
