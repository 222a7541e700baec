"""A server counts what it did, and says whether it serves."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from docs.docpages import column
from pkgindex.cli.main import main
from pkgindex.packer.publish import Head
from pkgindex.store.local import LocalBackend
from service.tree.serving import REPO, SECONDS_MAX, Client, Process

NUMBER = re.compile(r"^([a-z_]+)(\{[^}]*\})? (\S+)$", re.MULTILINE)


def metrics_port(server: Process) -> int:
    return next(int(line.rpartition(":")[2]) for line in server.log if line.startswith("metrics at "))


def page(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=SECONDS_MAX) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def numbers(port: int) -> dict[str, float]:
    return {name + labels: float(value) for name, labels, value in NUMBER.findall(page(port, "/metrics")[1])}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index")


def test_what_was_asked_published_and_answered_is_counted(index: Path) -> None:
    with Process(str(index), "--metrics-port", "0") as server, Client(server.port) as client, Client(server.port) as other:
        port = metrics_port(server)
        lines = ["INDEX|a|", "INDEX|b|a", "INDEX|c|none", "REMOVE|a|", "QUERY|a|", "QUERY|none|", "nonsense", "QUERY|b|"]
        client.send("".join(f"{line}\n" for line in lines).encode())
        assert client.answers(8) == ["OK", "OK", "FAIL", "FAIL", "OK", "FAIL", "ERROR", "OK"]
        assert other.ask("QUERY|a|") == "OK"
        found = numbers(port)
        name = "pkgindex_tree_requests_total"
        assert {key.removeprefix(name): count for key, count in found.items() if key.startswith(name)} == {
            '{command="",answer="ERROR"}': 1, '{command="INDEX",answer="OK"}': 2, '{command="INDEX",answer="FAIL"}': 1,
            '{command="REMOVE",answer="FAIL"}': 1, '{command="QUERY",answer="OK"}': 3, '{command="QUERY",answer="FAIL"}': 1,
        }
        assert found["pkgindex_tree_request_seconds_count"] == 9
        groups = found["pkgindex_tree_groups_total"]
        assert 1 <= groups == found["pkgindex_tree_group_size_count"]
        assert found["pkgindex_tree_group_size_sum"] == 2
        assert found["pkgindex_publish_conflicts_total"] == 0
        assert found["pkgindex_set_generation"] == Head(LocalBackend(str(index / REPO)), REPO).manifest.generation
        assert found["pkgindex_connections"] == 2


def test_with_an_interval_requests_are_counted_at_once_and_groups_when_they_are_published(tmp_path: Path) -> None:
    options = ("--metrics-port", "0", "--durability", "interval:0.2")
    with Process(str(tmp_path), *options) as server, Client(server.port) as client:
        port = metrics_port(server)
        client.send(b"INDEX|a|\nINDEX|b|a\nREMOVE|a|\nQUERY|b|\nnonsense\n")
        assert client.answers(5) == ["OK", "OK", "FAIL", "OK", "ERROR"]
        found = numbers(port)
        asked = {key: count for key, count in found.items() if key.startswith("pkgindex_tree_requests_total")}
        assert sum(asked.values()) == found["pkgindex_tree_request_seconds_count"] == 5
        assert asked['pkgindex_tree_requests_total{command="INDEX",answer="OK"}'] == 2
        while not found["pkgindex_tree_groups_total"]:
            found = numbers(port)
        # Both came within one interval, or the second in the next one.
        while found["pkgindex_tree_group_size_sum"] < 2:
            found = numbers(port)
        assert found["pkgindex_tree_groups_total"] == found["pkgindex_tree_group_size_count"] <= 2
        # A publish is counted a moment before it is told.
        while found["pkgindex_set_generation"] < 1 + found["pkgindex_tree_groups_total"]:
            found = numbers(port)
        assert found["pkgindex_set_generation"] == 1 + found["pkgindex_tree_groups_total"]
        assert page(port, "/readyz") == (200, "ready\n")


def test_what_is_told_is_the_text_form_of_prometheus(index: Path) -> None:
    """By the grammar of the exposition format 0.0.4: each family once, told of before its samples, which stand together."""
    with Process(str(index), "--metrics-port", "0") as server, Client(server.port) as client:
        client.ask("QUERY|a|")
        client.ask("nonsense")
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port(server)}/metrics", timeout=SECONDS_MAX) as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = answer.read().decode()
    families = families_of(text)
    assert {family.kind for family in families.values()} == {"counter", "gauge", "histogram"}
    for name, family in families.items():
        assert family.help, name
        assert len(set(family.samples)) == len(family.samples)
        if family.kind == "histogram":
            buckets = {key: count for key, count in family.samples.items() if key.startswith(f"{name}_bucket")}
            bounds = [float(key[len(f'{name}_bucket{{le="') : -2]) for key in buckets]
            counts = list(buckets.values())
            assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf")
            assert counts == sorted(counts) and counts[-1] == family.samples[f"{name}_count"]
            assert family.samples[f"{name}_sum"] >= 0
        else:
            assert family.kind == "gauge" or name.endswith("_total")


class Family:
    def __init__(self, help: str) -> None:
        self.help, self.kind = help, ""
        self.samples: dict[str, float] = {}


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\S+)')


def families_of(text: str) -> dict[str, Family]:
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    name = ""
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, told = line.removeprefix("# HELP ").partition(" ")
            assert name not in families
            families[name] = Family(told)
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2] == name and not families[name].samples
            families[name].kind = line.split(" ")[3]
        else:
            found = SAMPLE.fullmatch(line)
            assert found is not None, line
            suffixes = ("_bucket", "_sum", "_count") if families[name].kind == "histogram" else ("",)
            assert found[1] in [name + suffix for suffix in suffixes]
            families[name].samples[found[1] + (found[2] or "")] = float(found[3])
    return families


def test_the_page_on_operations_names_each_metric(index: Path) -> None:
    with Process(str(index), "--metrics-port", "0") as server:
        text = page(metrics_port(server), "/metrics")[1]
    said = {name.partition("{")[0].strip("`") for name in column("operations.md", "Tree servers", "metric")}
    assert said == set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def test_health_is_told_and_who_asks_for_nonsense_harms_nobody(index: Path) -> None:
    with Process(str(index), "--metrics-port", "0") as server, Client(server.port) as client:
        port = metrics_port(server)
        assert [page(port, path) for path in ("/healthz", "/readyz")] == [(200, "ok\n"), (200, "ready\n")]
        assert page(port, "/")[0] == 404
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as odd:
            odd.sendall(b"x" * 100_000)
            with suppress(ConnectionError):
                while odd.recv(1 << 16):
                    continue
        assert client.ask("QUERY|none|") == "FAIL"


def test_a_server_without_room_is_not_ready(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKGINDEX_TREE_CONNECTIONS_MAX", "1")
    with Process(str(index), "--metrics-port", "0") as server, Client(server.port) as client:
        client.ask("QUERY|a|")
        assert page(metrics_port(server), "/readyz") == (503, "full\n")
        assert page(metrics_port(server), "/healthz") == (200, "ok\n")


def test_workers_have_metrics_of_their_own(index: Path) -> None:
    first = free_ports_from()
    with Process(str(index), "--workers", "2", "--metrics-port", str(first)) as server, Client(server.port) as client:
        client.ask("QUERY|a|")
        assert sorted(numbers(port)["pkgindex_connections"] for port in (first, first + 1)) == [0, 1]
    with Process(str(index), "--workers", "2", "--metrics-port", "0") as server:
        assert len({line for line in server.log if line.startswith("metrics at ")}) == 2


def free_ports_from() -> int:
    """A port that is free, as is the one after it."""
    for port in range(20_000, 30_000, 2):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + 1)):
            return port
    raise AssertionError("no two ports in a row are free")


def test_a_port_that_is_taken_or_is_none_is_named(index: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--index", str(index), "serve", "tree", REPO, "--port", "0", "--metrics-port", str(port)]) == 2
    assert f"cannot listen at 127.0.0.1:{port}" in capfd.readouterr().err
    assert main(["--index", str(index), "serve", "tree", REPO, "--metrics-port", "65535", "--workers", "2"]) == 2
    assert "--metrics-port 65535: the last one is 65534" in capfd.readouterr().err
