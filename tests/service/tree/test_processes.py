"""Servers as processes: started as users start them, several at one directory, told to end, and killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pkgindex.cli.main import main
from pkgindex.config import Settings
from pkgindex.format import manifest as manifests
from pkgindex.packer.publish import Head
from pkgindex.service.tree.repository import require
from pkgindex.service.tree.server import allow_files
from pkgindex.store.local import LocalBackend
from service.tree.serving import REPO, Client, Process, sound, together

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


def test_a_worker_that_is_killed_is_started_again(tmp_path: Path) -> None:
    with Process(str(tmp_path), "--workers", "2") as server:
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        workers = [pid for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(int(workers[0]), signal.SIGKILL)
        answers = 0
        while answers < 40:
            try:
                with Client(server.port) as client:
                    answers += client.ask(f"INDEX|p{answers}|") == "OK"
            except (ConnectionError, EOFError):
                continue
    assert any("starting another" in line for line in server.log)


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
        self._ports = ports

    def run(self, clients: int) -> None:
        names = [name for name in NAMES if name not in self.acknowledged]
        ports = [self._ports[start % len(self._ports)] for start in range(clients)]
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


def killed_and_checked(index: Path, seed: int, times: int) -> None:
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for _ in range(times):
        server = Process(str(index))
        load = Load([server.port], acknowledged)
        timer = threading.Timer(chance.uniform(0.005, 0.25), lambda pid=server.pid: os.kill(pid, signal.SIGKILL))
        timer.start()
        load.run(8)
        timer.join()
        server.wait()
        assert sound(stored(index))
        with Process(str(index)) as again, Client(again.port) as client:
            there = {name for name in NAMES if client.ask(f"QUERY|{name}|") == "OK"}
        assert acknowledged <= there, "an acknowledged change is lost"
        assert all(set(NEEDS[name]) <= there for name in there)
    with Process(str(index)) as server:
        load = Load([server.port], acknowledged)
        load.run(8)
    assert acknowledged == set(NAMES)
    assert Head(stored(index), REPO).manifest.packages == len(NAMES)


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    killed_and_checked(tmp_path, 1, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_what_was_acknowledged_is_there_after_each_of_many_kills(tmp_path: Path, seed: int) -> None:
    killed_and_checked(tmp_path, seed, 10)


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
        pids = {f"pid {server.pid}" for server in (first, second)}
    assert {" ".join(writer.split()[1:]) for writer in writers_of(stored(tmp_path))} == pids
    assert sound(stored(tmp_path))


def test_the_limit_of_open_files_is_raised_as_far_as_may_be() -> None:
    assert allow_files(1) == 1
    assert 1 <= allow_files(1 << 30) <= 1 << 30
