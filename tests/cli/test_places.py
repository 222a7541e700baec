"""Every command, wherever the index stands: what it answers is the same, and no password is ever shown."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pkgindex.cli.main import main
from pkgindex.config import ENVIRONMENT
from service.tree.serving import REPO, Client, Process
from store.databases import Cluster

PASSWORD = "sEcret"
PACKAGES = [
    {"name": "rocket", "version": "1.0", "summary": "flies to the moon", "depends": "fuel (>= 2)", "files": ["/bin/rocket"]},
    {"name": "fuel", "version": "2.1", "summary": "burns", "files": ["/opt/share/fuel"]},
]
# More than stay loose, so that there are shards of both kinds.
STARS = [{"name": f"star{number}", "version": "1", "summary": "shines", "depends": "fuel", "files": [f"/sky/{number}"]}
         for number in range(70)]
SECONDS_MAX = 60
QUESTIONS = [
    ["search", "shines", "--limit", "5"], ["search", "moon"], ["owner", "/sky/7"], ["path", "opt/s"], ["show", "rocket"],
    ["files", "fuel"], ["deps", "rocket"], ["rdeps", "fuel"], ["why", "rocket", "fuel"], ["diff", "sky", "1", "3"],
    ["search", "burns", "--at", "2"], ["which", "rocket"], ["search", "nothing at all"],
]
_numbers = count()
# Of a directory it is known from elsewhere.
ELSEWHERE = pytest.mark.parametrize("place", ["memory", "postgresql"], indirect=True)

Ask = Callable[..., tuple[int, str, str]]


class Place:
    """An index at *address*, with a spool below *root*."""

    def __init__(self, address: str, root: Path) -> None:
        self.address = address
        self.root = root

    @property
    def environment(self) -> dict[str, str]:
        values = {"index": self.address, "spool": self.root / "spool", "cache": self.root / "cache"}
        return {ENVIRONMENT[field]: str(value) for field, value in values.items()}

    def said(self) -> str:
        """All that lies in the spool, and what is beside it."""
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return "".join(path.read_bytes().decode(errors="replace") for path in files) + str(files)


def address_of(kind: str, root: Path, request: pytest.FixtureRequest) -> str:
    if kind == "directory":
        return str(root / "index")
    if kind == "memory":
        return f"memory:{root}/journals"
    server: Cluster = request.getfixturevalue("database")
    from pkgindex.store.database import Database

    name = f"places{next(_numbers)}"
    Database(server.address).make(f"CREATE DATABASE {name}")
    return server.address.replace("tester@", f"tester:{PASSWORD}@").replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["directory", "memory", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return chosen(Place(address_of(request.param, tmp_path, request), tmp_path), monkeypatch)


def chosen(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def ask(place: Place, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Run a command; its exit code, what it answers and what it says, which never has the password in it."""

    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(list(words))
        out, err = capfd.readouterr()
        assert PASSWORD not in out + err, words
        return code, out, err

    return run


def dropped(ask: Ask, root: Path, packages: list[dict[str, Any]], repo: str = "sky") -> None:
    file = root / "dropped.json"
    file.write_text(json.dumps(packages))
    assert ask("submit", repo, str(file))[0] == 0
    code, _, err = ask("pack", repo)
    assert (code, err) == (0, "")


def answers(ask: Ask) -> dict[str, tuple[int, str]]:
    return {" ".join(words): ask(*words, "--jsonl")[:2] for words in QUESTIONS}


def filled(ask: Ask, root: Path) -> None:
    """`sky`: 1 is empty, 2 has packages, 3 stars as well, 4 a newer rocket."""
    assert ask("init", "sky")[0] == 0
    dropped(ask, root, PACKAGES)
    dropped(ask, root, STARS)
    dropped(ask, root, [{**PACKAGES[0], "version": "1.1"}])


@ELSEWHERE
def test_every_question_is_answered_as_from_a_directory(place: Place, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(ask, place.root)
    found = answers(ask)
    assert [code for code, _ in found.values()] == [0] * (len(QUESTIONS) - 1) + [1]
    status = json.loads(ask("status", "--jsonl")[1])
    assert (status["generation"], status["packages"], status["pending"], status["retained"]) == (4, 72, 0, [1, 2, 3, 4])
    assert len(ask("history", "sky")[1].splitlines()) == 4
    assert PASSWORD not in place.said()
    plain = place.root / "plain"
    plain.mkdir()
    chosen(Place(str(plain / "index"), plain), monkeypatch)
    filled(ask, plain)
    assert answers(ask) == found


def test_what_writes_works_and_leaves_a_sound_index(place: Place, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(ask, place.root)
    assert ask("init", "sky", "--ordering", "rpm")[0] == 0
    dropped(ask, place.root, [{**star, "version": "2"} for star in STARS])
    assert ask("merge", "--force")[1].startswith("sky: generation 7, ")
    assert "sound" in ask("verify")[1]
    monkeypatch.setenv("PKGINDEX_KEEP_GENERATIONS", "1")
    monkeypatch.setenv("PKGINDEX_GRACE_SECONDS", "0")
    assert json.loads(ask("gc", "--jsonl")[1])["generations"] == [1, 2, 3, 4, 5, 6]
    code, out, err = ask("pack", "--rebuild", "sky")
    assert (code, err) == (0, "") and out.startswith("sky: generation 8")
    assert "sound" in ask("verify")[1]
    assert ask("owner", "/sky/7")[1] == "star7: /sky/7\n"
    assert ask("init", "sky", "--partition", "whole")[0] == 2


@ELSEWHERE
def test_a_host_is_synced(place: Place, ask: Ask) -> None:
    database = place.root / "host/var/lib/dpkg"
    (database / "info").mkdir(parents=True)
    (database / "status").write_text("Package: moon\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n")
    (database / "info/moon.list").write_text("/.\n/sky\n/sky/moon\n")
    words = ["sync", "dpkg", "--root", str(place.root / "host")]
    # As a process, whose words the lock in the spool repeats.
    done = subprocess.run([sys.executable, "-m", "pkgindex.cli.main", "--index", place.address, *words], text=True,
                          capture_output=True)
    assert done.returncode == 0 and "generation 1, 1 added" in done.stdout, done
    said = place.said()
    assert '"command": "' in said and PASSWORD not in said + done.stdout + done.stderr
    assert "nothing changed" in ask(*words)[1]


@ELSEWHERE
def test_a_watch_packs_what_arrives(place: Place, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKGINDEX_QUIET_SECONDS", "0")
    assert ask("init", "sky")[0] == 0
    watching = subprocess.Popen([sys.executable, "-m", "pkgindex.cli.main", "--index", place.address, "watch"],
                                stderr=subprocess.PIPE, text=True)
    with watching:
        assert watching.stderr is not None
        said = [watching.stderr.readline()]
        (place.root / "spool/sky/incoming/moon.json").write_text(json.dumps(PACKAGES))
        while "generation 2" not in said[-1]:
            said.append(watching.stderr.readline())
            assert said[-1], said
        watching.send_signal(signal.SIGTERM)
        said += watching.stderr.readlines()
        assert watching.wait(SECONDS_MAX) == 0
    assert said[0].startswith("watching") and PASSWORD not in "".join(said) + place.said()
    assert ask("owner", "/opt/share/fuel")[1] == "fuel: /opt/share/fuel\n"


@ELSEWHERE
def test_a_tree_is_served_loaded_and_read_again_after_a_kill(place: Place, ask: Ask) -> None:
    filled(ask, place.root)
    with Process(place.address) as server:
        port = str(server.port)
        assert "72 of 72 packages" in ask("tree", "load", "--from", "sky", "--port", port)[2]
        assert ask("tree", "remove", "fuel", "--port", port)[0] == 1
        server.end(signal.SIGKILL)
    assert PASSWORD not in "".join(server.log)
    with Process(place.address) as server, Client(server.port) as client:
        assert [client.ask(f"QUERY|{name}|") for name in ("star7", "rocket", "none")] == ["OK", "OK", "FAIL"]
    assert ask("rdeps", "fuel", "--repo", REPO, "--count")[1] == "71\n"
    assert "sound" in ask("verify")[1]


@ELSEWHERE
def test_what_needs_a_directory_says_so(place: Place, ask: Ask) -> None:
    code, out, err = ask("doctor")  # nor is there a spool
    assert code == 0 and out == "" and "there is no directory to try out" in err
    assert ask("doctor", place.address)[0] == 2
    code, _, err = ask("hooks", "status")
    assert code == 2 and "hooks are for an index in a directory" in err


@pytest.mark.parametrize("place", ["memory"], indirect=True)
def test_what_one_process_has_in_memory_is_of_no_other(place: Place, ask: Ask) -> None:
    assert ask("init", "sky")[0] == 0
    with Process(place.address) as server:
        code, _, err = ask("status", REPO)
        assert code == 4 and f"pid {server.pid}" in err
        assert ask("status", "sky")[0] == 0
    assert ask("status", REPO)[0] == 0
    code, _, err = ask("serve", "tree", REPO, "--workers", "2")
    assert code == 2 and "is of one process" in err


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_workers_share_a_database(place: Place, ask: Ask) -> None:
    with Process(place.address, "--workers", "2") as server:
        clients = [Client(server.port) for _ in range(8)]
        for number, client in enumerate(clients):
            assert client.ask(f"INDEX|p{number}|") == "OK"
            assert {other.ask(f"QUERY|p{number}|") for other in clients} == {"OK"}
        for client in clients:
            client.socket.close()
    assert PASSWORD not in "".join(server.log)
    assert "sound" in ask("verify")[1]


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_shell_is_offered_what_a_database_holds(place: Place, ask: Ask) -> None:
    from pkgindex.cli.completion import words

    filled(ask, place.root)
    assert (words("repository", "s", {}), words("package", "ro", {})) == (["sky"], ["rocket"])


@ELSEWHERE
def test_where_there_is_no_index_it_is_named_with_what_to_do(place: Place, ask: Ask) -> None:
    code, _, err = ask("search", "moon")
    assert code == 3 and "pkgindex init REPO" in err
    assert ask("init", "sky")[0] == 0
    assert "no repository 'land'" in ask("merge", "land")[2]


@pytest.mark.parametrize(
    "address",
    ["mysql://user:sEcret@host/db", "postgresql://user:sEc/ret@host/db", "postgresql:user:sEcret", "host=db password=sEcret",
     "memory:", " postgres://user:sEcret@/db?host=/nowhere", "postgresql+psycopg://user:sEcret@host/db"],
)
def test_an_address_that_is_none_is_refused_and_not_shown(
    address: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["status"], ["init", "sky"], ["merge"], ["verify"], ["serve", "tree", "sky"], ["owner", "x"]):
        assert main(["--index", address, "--spool", str(tmp_path / "spool"), *words]) in (2, 3)
    for mistaken in (["--index", address, "serch"], [f"--index={address}", "search", "--limit", "x", "y"]):
        assert main(mistaken) == 2
    if "://" in address:
        assert main([address, "status"]) == 2
    assert "ret" not in "".join(capfd.readouterr())
    assert {path.name for path in tmp_path.iterdir()} <= {"spool"}


def test_without_psycopg_a_database_is_refused_with_what_to_install(tmp_path: Path) -> None:
    code = ("import sys; sys.modules['psycopg'] = None; from pkgindex.cli.main import main; "
            "sys.exit(main(['--index', 'postgresql://user:sEcret@host/db', 'status']))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 3 and "pip install 'pkgindex[postgres]'" in done.stderr and PASSWORD not in done.stderr


def test_many_threads_of_one_process_share_what_is_open(tmp_path: Path) -> None:
    from pkgindex.store.place import place_at

    place = place_at(f"memory:{tmp_path}")
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(place.made("sky"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1
