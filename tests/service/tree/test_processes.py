"""Servers as processes: started as users start them, several at one directory, told to end, and killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pkgindex.cli.main import main
from pkgindex.config import Settings
from pkgindex.format import manifest as manifests
from pkgindex.packer.publish import Head
from pkgindex.service.tree.repository import require
from pkgindex.service.tree.server import allow_files
from pkgindex.service.upkeep import UPKEEP_NICE
from pkgindex.store.journal import JournaledBackend
from pkgindex.store.local import LocalBackend
from pkgindex.store.place import place_at
from service.tree.serving import REPO, SECONDS_MAX, Client, Process, niceness, runs, sound, together
from store.databases import Cluster

NAMES = [f"p{number}" for number in range(80)]
NEEDS = {name: NAMES[max(0, number - 4) : number : 2] for number, name in enumerate(NAMES)}


def stored(index: Path) -> LocalBackend:
    return LocalBackend(str(index / REPO))


def test_what_is_served_is_an_ordinary_repository_meanwhile_and_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(*words: str) -> str:
        assert main(["--index", str(tmp_path), *words]) == 0, words
        return capsys.readouterr().out

    def answers() -> list[str]:
        return [ask("deps", "web-client"), ask("rdeps", "--transitive", "library"), ask("why", "shell", "library"),
                ask("search", "client"), ask("show", "shell"), ask("diff", REPO, "1", "4")]

    with Process(str(tmp_path)) as server, Client(server.port) as client:
        lines = ("INDEX|library|", "INDEX|web-client|library", "INDEX|shell|web-client")
        assert [client.ask(line) for line in lines] == ["OK"] * 3
        running = answers()
        assert "sound" in ask("verify")
        assert server.end() == 0
        with pytest.raises((EOFError, ConnectionError)):
            client.ask("QUERY|library|")
    assert answers() == running
    assert "library" in running[0]
    assert all(name in running[1] for name in ("web-client", "shell"))
    assert "web-client" in running[2]
    assert "web-client" in running[3]
    assert "shell" in running[4]
    assert all(f"+{name}" in running[5].replace(" ", "") for name in ("library", "web-client", "shell"))


def test_workers_share_a_port_and_what_one_has_acknowledged_the_others_know(tmp_path: Path) -> None:
    with Process(str(tmp_path), "--workers", "2") as server:
        clients = [Client(server.port) for _ in range(12)]
        for number, client in enumerate(clients):
            assert client.ask(f"INDEX|p{number}|") == "OK"
            assert {other.ask(f"QUERY|p{number}|") for other in clients} == {"OK"}
        for client in clients:
            client.socket.close()
    assert sound(stored(tmp_path))
    writers = {writer for writer in writers_of(stored(tmp_path)) if writer}
    assert len(writers) >= 2, "with twelve connections both had some"


def writers_of(backend: LocalBackend) -> list[str]:
    numbers = Head(backend, REPO).generations.numbers()
    return [manifests.decode(backend.read(f"generations/{number:016d}"), REPO, number, "").writer for number in numbers[1:]]


def test_workers_that_are_killed_one_after_the_other_are_started_again(tmp_path: Path) -> None:
    with Process(str(tmp_path), "--workers", "2") as server:
        for first in workers_of(server):
            os.kill(first, signal.SIGKILL)
            while first in workers_of(server) or len(workers_of(server)) < 2:
                time.sleep(0.05)
        answers = 0
        while answers < 40:
            try:
                with Client(server.port) as client:
                    answers += client.ask(f"INDEX|p{answers}|") == "OK"
            except (ConnectionError, EOFError):
                continue
    assert sum("ended with -9: starting another" in line for line in server.log) == 2
    assert not [line for line in server.log if "Traceback" in line]


def workers_of(server: Process) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [int(pid) for pid in children if _is_worker(pid)]


def _is_worker(pid: str) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with Process(str(tmp_path)) as server:
        code = "import sys; from pkgindex.cli.main import main; sys.exit(main())"
        second = subprocess.run(
            [sys.executable, "-c", code, "--index", str(tmp_path), "serve", "tree", REPO, "--port", str(server.port)],
            capture_output=True, text=True, timeout=60,
        )
    assert second.returncode == 2
    assert f"cannot listen at 127.0.0.1:{server.port}" in second.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--durability", "never"], "--durability 'never'"),
        (["--durability", "interval:0"], "interval:0.5"),
        (["--durability", "interval:nan"], "interval:0.5"),
        (["--port", "65536"], "the last one is 65535"),
        (["--partition", "whole"], "is there with --partition package"),
    ],
)
def test_options_that_make_no_sense_are_named(
    tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    require(Settings(index=str(tmp_path)), REPO, "package")
    assert main(["--index", str(tmp_path), "serve", "tree", REPO, *options]) == 2
    assert said in capsys.readouterr().err


class Load:
    """Clients that index everything, and remember what was acknowledged; with *acknowledged* of an earlier one."""

    def __init__(self, ports: list[int], acknowledged: set[str]) -> None:
        self.acknowledged = acknowledged
        self.ports = ports

    def run(self, clients: int) -> None:
        names = [name for name in NAMES if name not in self.acknowledged]
        ports = [self.ports[start % len(self.ports)] for start in range(clients)]
        together([lambda own=names[start::clients], port=port: self._index(port, own) for start, port in enumerate(ports)])

    def _index(self, port: int, names: list[str]) -> None:
        try:
            with Client(port) as client:
                while names:
                    names = [name for name in names if not self._indexed(client, name)]
        except (EOFError, ConnectionError):
            return

    def _indexed(self, client: Client, name: str) -> bool:
        answer = client.ask(f"INDEX|{name}|{','.join(NEEDS[name])}")
        if answer == "OK":
            self.acknowledged.add(name)
        return answer == "OK"


def look(address: str) -> tuple[bool, int]:
    """Whether the repository that was served there is sound, and how many packages it has."""
    backend = place_at(address).backend(REPO)
    try:
        return sound(backend), Head(backend, REPO).manifest.packages
    finally:
        # What one process has in memory it must let go before the next one comes.
        if isinstance(backend, JournaledBackend):
            backend.close()


def killed_and_checked(address: str, seed: int, times: int) -> None:
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for _ in range(times):
        server = Process(address)
        load = Load([server.port], acknowledged)
        timer = threading.Timer(chance.uniform(0.005, 0.25), lambda pid=server.pid: os.kill(pid, signal.SIGKILL))
        timer.start()
        load.run(8)
        timer.join()
        server.wait()
        assert look(address)[0]
        with Process(address) as again, Client(again.port) as client:
            there = {name for name in NAMES if client.ask(f"QUERY|{name}|") == "OK"}
        assert acknowledged <= there, "an acknowledged change is lost"
        assert all(set(NEEDS[name]) <= there for name in there)
    with Process(address) as server:
        load = Load([server.port], acknowledged)
        load.run(8)
    assert acknowledged == set(NAMES)
    assert look(address) == (True, len(NAMES))


@pytest.fixture(params=["directory", "memory", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an index may stand, of each kind."""
    if request.param != "postgresql":
        return str(tmp_path) if request.param == "directory" else f"memory:{tmp_path}"
    database: Cluster = request.getfixturevalue("database")
    name = f"killed{os.urandom(6).hex()}"
    from pkgindex.store.database import Database

    Database(database.address).make(f"CREATE DATABASE {name}")
    return database.address.replace("/postgres?", f"/{name}?")


def test_what_was_acknowledged_is_there_after_a_kill(address: str) -> None:
    killed_and_checked(address, 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_what_was_acknowledged_is_there_after_each_of_many_kills(address: str, seed: int) -> None:
    killed_and_checked(address, seed, 10)


class Steady(Load):
    """Clients that connect again, until `ended`."""

    ended = False

    def _index(self, port: int, names: list[str]) -> None:
        while names and not self.ended:
            super()._index(port, names)
            names = [name for name in names if name not in self.acknowledged]


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_what_workers_acknowledged_is_there_although_some_of_them_were_killed(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)

    def kill(server: Process) -> None:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.3))
            if workers := workers_of(server):
                os.kill(chance.choice(workers), signal.SIGKILL)

    with Process(str(tmp_path), "--workers", "2") as server:
        load = Steady([server.port], set())
        try:
            together([lambda: kill(server), lambda: load.run(6)])
        finally:
            load.ended = True
        assert load.acknowledged == set(NAMES)
        # Whichever of them answers.
        for _ in range(4):
            assert asked_until_answered(server.port) == ["OK"] * len(NAMES)
    assert sound(stored(tmp_path))
    ends = [line for line in server.log if "starting another" in line]
    assert ends and all("ended with -9" in line for line in ends), server.log


def asked_until_answered(port: int) -> list[str]:
    while True:
        try:
            with Client(port) as client:
                client.send("".join(f"QUERY|{name}|\n" for name in NAMES).encode())
                return client.answers(len(NAMES))
        except (ConnectionError, EOFError):
            continue


@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--durability", "interval:30"]], ids=" ".join)
def test_sigterm_answers_what_was_read_publishes_it_and_ends_with_0(tmp_path: Path, options: list[str]) -> None:
    lines = 400
    with Process(str(tmp_path), *options) as server:
        clients = [Client(server.port) for _ in range(4)]
        for number, client in enumerate(clients):
            client.send("".join(f"INDEX|c{number}-{line}|\n" for line in range(lines)).encode())
        # Some were answered, others wait.
        assert clients[0].answers(1) == ["OK"]
        assert server.end() == 0
        with pytest.raises(ConnectionError):
            Client(server.port)
        heard = [number == 0 for number in range(len(clients))]
        answered = [first + len(said(client).splitlines()) for first, client in zip(heard, clients, strict=True)]
    with Process(str(tmp_path)) as server, Client(server.port) as again:
        for number, count in enumerate(answered):
            again.send("".join(f"QUERY|c{number}-{line}|\n" for line in range(lines)).encode())
            assert again.answers(lines) == ["OK"] * count + ["FAIL"] * (lines - count)
    assert sound(stored(tmp_path))


def said(client: Client) -> bytes:
    """What a client was told to the end, all of it OK. What it sent and nobody read may reset the connection after that."""
    heard = bytearray(client.rest_until_reset())
    client.socket.close()
    assert heard == b"OK\n" * (len(heard) // 3)
    return bytes(heard)


def test_a_server_that_ends_waits_for_a_client_that_reads_slowly(tmp_path: Path) -> None:
    with Process(str(tmp_path)) as server, Client(server.port) as client:
        client.send(b"INDEX|a|\n" + b"QUERY|a|\n" * 50_000)
        assert client.answers(1) == ["OK"]
        ending = threading.Thread(target=server.end)
        ending.start()
        answers = client.rest_until_reset()
        ending.join()
        assert answers == b"OK\n" * (len(answers) // 3)
    assert server.wait() == 0


LIMITS = {
    "PKGINDEX_TREE_LINE_BYTES_MAX": "100", "PKGINDEX_TREE_CONNECTIONS_MAX": "3", "PKGINDEX_TREE_IDLE_SECONDS": "1",
    "PKGINDEX_TREE_UNREAD_BYTES_MAX": "4096",
}


def test_the_limits_that_are_set_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIMITS.items():
        monkeypatch.setenv(name, value)
    with Process(str(tmp_path)) as server:
        with Client(server.port) as client:
            client.send(b"QUERY|%s|\nQUERY|%s|\n" % (b"a" * 93, b"a" * 94))
            assert client.answers(2) == ["FAIL", "ERROR"], "100 bytes, and 101"
        idle = [Client(server.port) for _ in range(3)]
        for client in idle:
            client.send(b"QUERY|a|\n")
            assert client.answers(1) == ["FAIL"]
        with Client(server.port) as fourth:
            # There is room when those have been idle for long enough.
            assert fourth.ask("QUERY|a|") == "FAIL"
            assert {client.rest() for client in idle} <= {b""}
            for client in idle:
                client.socket.close()
            unread = b"QUERY|a|\n" * 1000
            fourth.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                for _ in range(10_000):
                    fourth.send(unread)


@pytest.mark.parametrize("count", [600])
def test_as_many_as_fit_the_backlog_wait_for_their_turn(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody accepts them meanwhile: what is connected waits with the system."""
    monkeypatch.setenv("PKGINDEX_TREE_CONNECTIONS_MAX", "1")
    with Process(str(tmp_path)) as server:
        with Client(server.port) as first:
            assert first.ask("QUERY|a|") == "FAIL"
            waiting = [Client(server.port) for _ in range(count)]
            for client in waiting:
                client.send(b"QUERY|a|\n")
        for client in waiting:
            assert client.answers(1) == ["FAIL"]
            client.socket.close()


def test_a_thousand_are_served_at_a_time(tmp_path: Path) -> None:
    with Process(str(tmp_path)) as server:
        clients = [Client(server.port) for _ in range(1000)]
        for number, client in enumerate(clients):
            client.send(f"INDEX|p{number}|\nQUERY|p{number}|\n".encode())
        assert {tuple(client.answers(2)) for client in clients} == {("OK", "OK")}
        # All of them are there still.
        for client in clients:
            client.send(b"QUERY|p999|\n")
        assert {tuple(client.answers(1)) for client in clients} == {("OK",)}
        for client in clients:
            client.socket.close()
    assert Head(stored(tmp_path), REPO).manifest.packages == 1000


@pytest.mark.parametrize("rounds", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_two_processes_on_one_directory_are_never_stale(tmp_path: Path, rounds: int) -> None:
    with (
        Process(str(tmp_path)) as first, Process(str(tmp_path)) as second,
        Client(first.port) as one, Client(second.port) as other,
    ):
        for number in range(rounds):
            one, other = other, one
            assert one.ask(f"INDEX|p{number}|") == "OK"
            assert other.ask(f"QUERY|p{number}|") == "OK"
            if number:
                assert other.ask(f"REMOVE|p{number - 1}|") == "OK"
                assert one.ask(f"QUERY|p{number - 1}|") == "FAIL"
    assert sound(stored(tmp_path))


def test_two_busy_processes_finish_and_each_has_its_share(tmp_path: Path) -> None:
    with Process(str(tmp_path)) as first, Process(str(tmp_path)) as second:
        load = Load([first.port, second.port], set())
        load.run(10)
        assert load.acknowledged == set(NAMES)
        helpers = [{f"pid {pid}" for pid in server.helpers()} for server in (first, second)]
    writers = {" ".join(writer.split()[1:]) for writer in writers_of(stored(tmp_path))}
    assert [len(writers & pids) for pids in helpers] == [1, 1]
    assert sound(stored(tmp_path))


def test_who_writes_obeys_no_signal_and_when_it_dies_the_server_says_so_and_ends(tmp_path: Path) -> None:
    with Process(str(tmp_path)) as server, Client(server.port) as client:
        assert client.ask("INDEX|a|") == "OK"
        [writer] = {int(found.split()[-1]) for found in writers_of(stored(tmp_path))} & set(server.helpers())
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(writer, number)
        assert client.ask("INDEX|b|a") == "OK"
        os.kill(writer, signal.SIGKILL)
        with pytest.raises((EOFError, ConnectionError)):
            client.ask("INDEX|c|b")
        assert server.wait() == 3
    assert "the process that writes it ended by itself (-9); start the server anew" in "".join(server.log)
    with Process(str(tmp_path)) as server, Client(server.port) as client:
        assert [client.ask(f"QUERY|{name}|") for name in "ab"] == ["OK", "OK"]
        assert client.ask("INDEX|c|b") == "OK"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_keeps_up_ends_with_the_server_and_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setenv("PKGINDEX_LOOSE_PACKAGES_MAX", "3")
    with Process(str(tmp_path)) as server, Client(server.port) as client:
        client.send(b"".join(b"INDEX|p%d|\n" % number for number in range(2000)))
        assert set(client.answers(2000)) == {"OK"}
        # Killed sooner, while it hands its arguments over, the server would leave a traceback of the new process behind.
        deadline, nice = time.monotonic() + SECONDS_MAX, os.getpriority(os.PRIO_PROCESS, server.pid) + UPKEEP_NICE
        while not (started := [pid for pid in server.helpers() if niceness(pid) == nice]):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert server.end(how) == (0 if how == signal.SIGTERM else -how)
        while any(map(runs, started)):
            time.sleep(0.01)
    assert "error" not in "".join(server.log).lower(), server.log
    assert sound(stored(tmp_path))
    assert Head(stored(tmp_path), REPO).manifest.packages == 2000


def test_the_limit_of_open_files_is_raised_as_far_as_may_be() -> None:
    assert allow_files(1) == 1
    assert 1 <= allow_files(1 << 30) <= 1 << 30
