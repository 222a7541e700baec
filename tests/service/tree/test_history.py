"""What four clients hear of two servers can have happened in one order; and the search for that order can say no."""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import threading
import time
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.store.backend import Backend
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend
from service.tree.history import NOTHING, History, NotLinearizable, Operation, State, applied, indexed, outcomes, state_of
from service.tree.serving import REPO, Client, Process, served, sound, together

NAMES = [f"p{number}" for number in range(5)]
CLIENTS = 4


def said(line: str, answer: str, started: float, ended: float) -> Operation:
    return Operation(line, answer, started, ended)


BAD: dict[str, History] = {
    "a stale answer": [[said("INDEX|a|", "OK", 0, 1)], [said("QUERY|a|", "FAIL", 2, 3)]],
    "a change that is lost": [[said("INDEX|a|", "OK", 0, 1), said("INDEX|b|", "OK", 2, 3), said("QUERY|a|", "FAIL", 4, 5)]],
    "answers in the wrong order": [[said("QUERY|a|", "OK", 0, 9), said("INDEX|a|", "OK", 0, 9)]],
    "back to what was": [[said("INDEX|a|", "OK", 0, 9)], [said("QUERY|a|", "OK", 1, 2), said("QUERY|a|", "FAIL", 3, 4)]],
    "a dependency that is missing": [[said("INDEX|b|a", "OK", 0, 1)], [said("INDEX|a|", "OK", 2, 3)]],
    "removed although it is needed": [[said("INDEX|a|", "OK", 0, 1), said("INDEX|b|a", "OK", 1, 2)],
                                      [said("REMOVE|a|", "OK", 3, 4), said("QUERY|b|", "OK", 5, 6)]],
    "the old list still binds": [[said("INDEX|a|", "OK", 0, 1), said("INDEX|b|a", "OK", 1, 2), said("INDEX|b|", "OK", 2, 3),
                                  said("REMOVE|a|", "FAIL", 3, 4)]],
    "two orders at once": [[said("INDEX|a|", "OK", 0, 9), said("QUERY|b|", "FAIL", 0, 9)],
                           [said("INDEX|b|", "OK", 0, 9), said("QUERY|a|", "FAIL", 0, 9)]],
    "both win": [[said("INDEX|b|a", "OK", 1, 9)], [said("REMOVE|a|", "OK", 1, 9), said("QUERY|b|", "OK", 1, 9)],
                 [said("INDEX|a|", "OK", 0, 0.5)]],
    "an error that is none": [[said("QUERY|a|", "ERROR", 0, 1)]],
    "it came after the server had died": [[said("INDEX|a|", "", 0, 1)], [said("QUERY|a|", "FAIL", 2, 3)],
                                          [said("QUERY|a|", "OK", 4, 5)]],
}


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_a_bad_history_is_refused(history: History) -> None:
    with pytest.raises(NotLinearizable, match="no order explains it beyond"):
        outcomes(history)


def test_what_is_at_once_may_come_in_any_order_and_what_got_no_answer_may_have_been() -> None:
    either = outcomes([[said("INDEX|a|", "OK", 0, 9)], [said("REMOVE|a|", "OK", 0, 9)], [said("INDEX|b|", "", 0, 9)]])
    assert either == {state_of(lists) for lists in ({}, {"a": ()}, {"b": ()}, {"a": (), "b": ()})}


_lines = st.sampled_from(["INDEX|a|", "INDEX|b|a", "INDEX|a|b", "REMOVE|a|", "REMOVE|b|", "QUERY|a|", "QUERY|b|"])
_times = st.tuples(st.integers(0, 6), st.integers(0, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))
_operations = st.builds(lambda line, answer, times: Operation(line, answer, *times),
                        _lines, st.sampled_from(["OK", "OK", "FAIL"]), _times)


def by_trying_all(history: list[list[Operation]]) -> set[State]:
    """What every order leads to that breaks no rule."""
    flat = [(who, operation) for who, operations in enumerate(history) for operation in operations]
    found = set()
    for order in permutations(range(len(flat))):
        asked = [flat[place] for place in order]
        kept = all(first < second for at, first in enumerate(order) for second in order[at + 1 :]
                   if flat[first][0] == flat[second][0])
        if not kept or any(later.ended < earlier.started for at, (_, earlier) in enumerate(asked)
                           for _, later in asked[at + 1 :]):
            continue
        state = NOTHING
        for _, operation in asked:
            answer, state = applied(operation.line, state)
            if answer != operation.answer:
                break
        else:
            found.add(state)
    return found


@given(st.lists(st.lists(_operations, max_size=3).map(lambda own: sorted(own, key=lambda one: (one.started, one.ended))),
                min_size=1, max_size=3).filter(lambda history: sum(map(len, history)) <= 5))
def test_the_search_finds_what_trying_all_orders_finds(history: list[list[Operation]]) -> None:
    monotonic = [[one for at, one in enumerate(own) if all(earlier.ended <= one.ended for earlier in own[:at])]
                 for own in history]
    expected = by_trying_all(monotonic)
    try:
        assert outcomes(monotonic) == expected
    except NotLinearizable:
        assert not expected


class Recorder:
    """A client that asks at random, one line or a few at a time, and writes down when, and what it heard."""

    def __init__(self, seed: int, port: int, questions: int = 1) -> None:
        """*questions* for four changes."""
        self.operations: list[Operation] = []
        self._commands = ("INDEX", "INDEX", "REMOVE", "REMOVE", *["QUERY"] * questions)
        self._chance = random.Random(seed)
        self._port = port

    def run(self, count: int) -> None:
        with Client(self._port) as client:
            while len(self.operations) < count:
                self._ask(client, [self._line() for _ in range(self._chance.choice((1, 1, 1, 2, 3)))])

    def run_until_killed(self) -> None:
        try:
            self.run(sys.maxsize)
        except (EOFError, ConnectionError):
            return

    def _ask(self, client: Client, lines: list[str]) -> None:
        started, answered = time.monotonic(), len(self.operations)
        try:
            client.send("".join(f"{line}\n" for line in lines).encode())
            for line in lines:
                (answer,) = client.answers(1)
                self.operations.append(Operation(line, answer, started, time.monotonic()))
        finally:
            unanswered = lines[len(self.operations) - answered :]
            self.operations += [Operation(line, "", started, math.inf) for line in unanswered]

    def _line(self) -> str:
        needs = self._chance.sample(NAMES, self._chance.choice((0, 0, 1, 2)))
        command = self._chance.choice(self._commands)
        return f"{command}|{self._chance.choice(NAMES)}|{','.join(needs) if command == 'INDEX' else ''}"


def recorded_and_checked(ports: list[int], backend: Backend, operations: int, seed: int) -> None:
    # At each server one client mostly changes and one mostly asks, three times as often.
    shares = [(Recorder(seed * CLIENTS + number, ports[number % 2], 1 if number < 2 else 100), operations * share // 8)
              for number, share in enumerate((1, 1, 3, 3))]
    together([lambda recorder=recorder, share=share: recorder.run(share) for recorder, share in shares])
    recorders = [recorder for recorder, _ in shares]
    history = [recorder.operations for recorder in recorders]
    assert sum(map(len, history)) >= operations
    assert {operation.answer for own in history for operation in own} == {"OK", "FAIL"}
    assert indexed(backend, REPO) in outcomes(history)


LENGTHS = [2000, pytest.param(20_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("operations", LENGTHS)
def test_what_four_clients_hear_of_two_servers_in_memory_happened_in_one_order(operations: int) -> None:
    backend = MemoryBackend()
    with ExitStack() as serving:
        ports = [serving.enter_context(served(backend)) for _ in range(2)]
        recorded_and_checked(ports, backend, operations, seed=1)
    assert sound(backend)


@pytest.mark.parametrize("operations", LENGTHS)
def test_what_four_clients_hear_of_two_processes_on_one_directory_happened_in_one_order(
    tmp_path: Path, operations: int
) -> None:
    with Process(str(tmp_path)) as first, Process(str(tmp_path)) as second:
        backend = LocalBackend(str(tmp_path / REPO))
        recorded_and_checked([first.port, second.port], backend, operations, seed=2)
    assert sound(backend)


def killed_and_explained(index: Path, times: int, seed: int) -> None:
    """What was answered before each kill, and what is there after it, happened in one order."""
    chance = random.Random(seed)
    backend = LocalBackend(str(index / REPO))
    state, answered = NOTHING, 0
    for turn in range(times):
        server = Process(str(index))
        timer = threading.Timer(chance.uniform(0.05, 0.4), lambda pid=server.pid: os.kill(pid, signal.SIGKILL))
        recorders = [Recorder((seed * times + turn) * CLIENTS + number, server.port) for number in range(CLIENTS)]
        timer.start()
        together([recorder.run_until_killed for recorder in recorders])
        timer.join()
        assert server.wait() == -signal.SIGKILL
        possible = outcomes([recorder.operations for recorder in recorders], [state])
        state = indexed(backend, REPO)
        assert state in possible, "what was acknowledged is lost, or half of something is there"
        assert sound(backend)
        answered += sum(bool(operation.answer) for recorder in recorders for operation in recorder.operations)
    assert answered > times


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_what_clients_hear_of_a_server_that_is_killed_happened_in_one_order(tmp_path: Path, times: int) -> None:
    killed_and_explained(tmp_path, times, seed=3)
